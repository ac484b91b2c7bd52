"""One command in a guest: relays its streams over COM2 and finds out how it ended."""
import os
import selectors
import struct
import sys
import time

from vm import protocol
from vm.guest import Guest

BOOT_LIMIT_S = 240
BOCHS_BOOT_LIMIT_S = 400
PANIC_LIMIT_S = 120
PANIC_MARK = b"kernel panic"
HALT_MARK = b"system halted"

STATUS_TIMEOUT = 124
STATUS_FAILED = 125


class SessionFailed(Exception):
    """The guest gave no status; `status` is ours."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Session:
    """Relays between this process's descriptors and the agent until the command ends."""

    def __init__(self, guest: Guest, stdin: int, stdout: int, stderr: int, timeout_s: float, boot_limit_s: float):
        self._guest, self._stdin, self._stdout, self._stderr = guest, stdin, stdout, stderr
        self._timeout_s, self._boot_limit_s = timeout_s, boot_limit_s
        self._decoder = protocol.Decoder()
        self._window = 0          # bytes of standard input the agent still takes
        self._pending = bytearray()  # encoded frames the port has not taken yet
        self._ready = self._stdin_open = False
        self._status = None
        self._selector = selectors.DefaultSelector()

    def run(self) -> int:
        self._selector.register(self._guest.port, selectors.EVENT_READ, self._port_event)
        self._selector.register(self._guest.console, selectors.EVENT_READ, self._console_event)
        started = time.monotonic()
        while self._status is None:
            self._check_limits(time.monotonic() - started)
            for key, events in self._selector.select(0.25):
                key.data(events)
            self._send_input_interest()
        return self._status

    def _check_limits(self, elapsed_s: float) -> None:
        if self._timeout_s and elapsed_s > self._timeout_s:
            raise SessionFailed(STATUS_TIMEOUT, f"no end after {self._timeout_s:g} seconds")
        if not self._ready and elapsed_s > self._boot_limit_s:
            raise SessionFailed(STATUS_FAILED, f"the guest was not ready after {self._boot_limit_s:g} seconds")
        if self._guest.process.poll() is not None and not self._port_drain():
            raise SessionFailed(STATUS_FAILED, "the machine stopped before the command ended")

    def _port_drain(self) -> bool:
        """Reads what is left after the emulator ended; whether that gave a status."""
        self._console_event(0)
        try:
            while data := self._guest.port.recv(65536):
                self._handle(data)
        except (BlockingIOError, ConnectionError):
            pass
        return self._status is not None

    def _console_event(self, _events: int) -> None:
        ended = self._guest.process.poll() is not None
        while self._guest.read_console() and ended:
            pass  # all that is left
        if ended:
            self._forget(self._guest.console)
        if PANIC_MARK in self._guest.console_bytes[-65536:].lower():
            self._read_report()
            raise SessionFailed(STATUS_FAILED, "the kernel panicked")

    def _read_report(self) -> None:
        """What a panicking kernel prints before it ends the machine."""
        limit = time.monotonic() + PANIC_LIMIT_S
        while not self._guest.wait_end(0.1) and HALT_MARK not in self._guest.console_bytes and time.monotonic() < limit:
            self._guest.read_console()
        while self._guest.read_console():
            pass

    def _forget(self, channel) -> None:
        try:
            self._selector.unregister(channel)
        except (KeyError, ValueError):
            pass

    def _port_event(self, events: int) -> None:
        if events & selectors.EVENT_WRITE and self._pending:
            try:
                sent = self._guest.port.send(self._pending)
                del self._pending[:sent]
            except (BlockingIOError, ConnectionError):
                pass
        if events & selectors.EVENT_READ:
            try:
                self._handle(self._guest.port.recv(65536))
            except (BlockingIOError, ConnectionError):
                pass

    def _handle(self, data: bytes) -> None:
        try:
            for kind, payload in self._decoder.feed(data):
                self._frame(kind, payload)
        except protocol.ProtocolError as error:
            raise SessionFailed(STATUS_FAILED, f"COM2: {error}") from error

    def _frame(self, kind: bytes, payload: bytes) -> None:
        if kind == protocol.HELLO:
            self._window, self._ready = protocol.parse_hello(payload), True
            self._stdin_open = True
        elif kind == protocol.STDOUT:
            _write_all(self._stdout, payload)
        elif kind == protocol.STDERR:
            _write_all(self._stderr, payload)
        elif kind == protocol.ACK:
            self._window += struct.unpack("<I", payload)[0]
        elif kind == protocol.EXIT:
            self._status = protocol.parse_exit(payload)
        else:
            raise protocol.ProtocolError(f"unknown frame {kind!r}")

    def _send_input_interest(self) -> None:
        """Watches standard input while the window is open, and the port for writing while frames wait."""
        wanted = self._stdin_open and self._window >= protocol.PAYLOAD_MAX and not self._pending
        watched = self._stdin in self._selector.get_map()
        if wanted and not watched:
            try:
                self._selector.register(self._stdin, selectors.EVENT_READ, self._stdin_event)
            except (PermissionError, ValueError, OSError):
                self._stdin_event(selectors.EVENT_READ)  # a regular file is always ready
        elif watched and not wanted:
            self._forget(self._stdin)
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._pending else 0)
        self._selector.modify(self._guest.port, events, self._port_event)

    def _stdin_event(self, _events: int) -> None:
        try:
            data = os.read(self._stdin, protocol.PAYLOAD_MAX)
        except OSError:
            data = b""
        self._pending += protocol.encode(protocol.STDIN, data)
        self._window -= len(data)
        if not data:
            self._stdin_open = False

    def send_signal(self, number: int) -> None:
        self._pending += protocol.encode(protocol.SIGNAL, bytes((number,)))


def _write_all(descriptor: int, data: bytes) -> None:
    """Output that nobody reads any more is dropped, as a shell's pipeline would."""
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(descriptor, view):]
    except BrokenPipeError:
        pass
    except BlockingIOError:
        os.set_blocking(descriptor, True)
        _write_all(descriptor, bytes(view))


def report_failure(guest: Guest, message: str) -> None:
    tail = guest.console_tail() or guest.emulator_log() or "(nothing)"
    print(f"astra: {message}; the console's last lines:\n{tail}", file=sys.stderr)
