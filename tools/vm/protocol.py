"""The host's side of the framed protocol on COM2: user/agent/protocol.h, docs/exec-protocol.md."""
import struct

VERSION = 1
PAYLOAD_MAX = 4096
CHECK_SEED = 0x5A

HELLO, STDOUT, STDERR, ACK, EXIT = b"H", b"O", b"R", b"A", b"X"
STDIN, SIGNAL = b"I", b"S"


class ProtocolError(Exception):
    """The byte stream is not what the protocol says."""


def encode(kind: bytes, payload: bytes = b"") -> bytes:
    low, high = len(payload) & 0xFF, len(payload) >> 8
    return bytes((kind[0], CHECK_SEED ^ kind[0] ^ low ^ high, low, high)) + payload


class Decoder:
    """Turns received bytes into (kind, payload) pairs."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes):
        self._buffer += data
        while len(self._buffer) >= 4:
            kind, check, low, high = self._buffer[:4]
            length = low | high << 8
            if check != CHECK_SEED ^ kind ^ low ^ high or length > PAYLOAD_MAX:
                raise ProtocolError(f"bad frame header {bytes(self._buffer[:4]).hex()}")
            if len(self._buffer) < 4 + length:
                return
            payload = bytes(self._buffer[4:4 + length])
            del self._buffer[:4 + length]
            yield bytes((kind,)), payload


def parse_hello(payload: bytes) -> int:
    """The window for standard input, in bytes."""
    if len(payload) != 5 or payload[0] != VERSION:
        raise ProtocolError(f"the guest's agent speaks another version: {payload.hex()}")
    return struct.unpack_from("<I", payload, 1)[0]


def parse_exit(payload: bytes) -> int:
    """The status as a shell reports it."""
    if len(payload) != 2:
        raise ProtocolError(f"bad exit frame: {payload.hex()}")
    killed, value = payload
    return 128 + value if killed else value
