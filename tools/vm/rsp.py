"""GDB's remote serial protocol: framing of packets on a socket (GDB manual, appendix E)."""
import socket

INTERRUPT = b"\x03"  # typed Ctrl-C, outside of any packet


class Closed(Exception):
    """The other end is gone."""


def frame(payload: bytes) -> bytes:
    return b"$%s#%02x" % (payload, sum(payload) & 0xff)


class Link:
    """One end: whole packets in and out, acknowledged here."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._buffer = b""

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, payload: bytes) -> None:
        self.send_raw(INTERRUPT if payload == INTERRUPT else frame(payload))

    def send_raw(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise Closed from error

    def _fill(self) -> None:
        try:
            data = self._socket.recv(65536)
        except OSError as error:
            raise Closed from error
        if not data:
            raise Closed
        self._buffer += data

    def _take(self):
        """The next packet or INTERRUPT of what has arrived; None: not whole yet."""
        self._buffer = self._buffer.lstrip(b"+-")  # acknowledgements: the socket loses nothing
        if self._buffer.startswith(INTERRUPT):
            self._buffer = self._buffer[1:]
            return INTERRUPT
        end = self._buffer.find(b"#")
        if end < 0 or len(self._buffer) < end + 3:
            return None
        packet, self._buffer = self._buffer[self._buffer.find(b"$") + 1:end], self._buffer[end + 3:]
        self.send_raw(b"+")
        return packet

    def packets(self) -> list:
        """Waits for more data; all packets that are whole then."""
        self._fill()
        found = []
        while (packet := self._take()) is not None:
            found.append(packet)
        return found

    def next(self) -> bytes:
        """Waits for one packet."""
        while (packet := self._take()) is None:
            self._fill()
        return packet
