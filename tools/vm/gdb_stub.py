"""Stands between GDB and QEMU's stub while a PC starts, and adds what neither knows of segments and modes.

- The program counter that GDB sees is linear: in 16-bit code IP plus the base of CS. So breakpoints, symbols,
  memory and stepping agree, whatever the segment.
- `QAstra.View:BITS` chooses whose registers GDB sees (vm/gdb_views.py); GDB then asks for the target description again.
- `qAstra.Mode` tells the bits of the code that the selected CPU is in.

Everything else passes through. One thread runs it; GDB and the stub speak in turns, but for Ctrl-C and stops.
"""
import re
import select
import socket
import threading
import time
from pathlib import Path

from vm import gdb_views, host
from vm.rsp import INTERRUPT, Closed, Link
from x86 import cpu

CONNECT_LIMIT_S = 120
DEFAULT_VIEW = 64
_THREAD = re.compile(rb"(?:p[0-9a-f]+\.)?([0-9a-f]+)$")
_STOP_THREAD = re.compile(rb"thread:(?:p[0-9a-f]+\.)?([0-9a-f]+);")
_RESUMES = (b"c", b"C", b"s", b"S", b"vCont;")


class Stub:
    """Serves one GDB; `serve` returns when either side ends."""

    def __init__(self, gdb: Link, qemu: Link) -> None:
        self._gdb, self._qemu = gdb, qemu
        self._view = DEFAULT_VIEW
        self._thread = 1      # the CPU that register packets are about, from 1
        self._cpus = {}       # what the monitor said of them since the last stop

    def serve(self) -> None:
        try:
            while True:
                for link in select.select([self._gdb, self._qemu], [], [])[0]:
                    for packet in link.packets():
                        if link is self._gdb:
                            self._command(packet)
                        else:
                            self._answer(packet)
        except Closed:
            return

    def _answer(self, packet: bytes) -> None:
        if packet[:1] in (b"T", b"S") and (thread := _STOP_THREAD.search(packet)):
            self._select(thread[1])
        self._gdb.send(packet)

    def _command(self, packet: bytes) -> None:
        if packet.startswith(_RESUMES) or packet == INTERRUPT:
            self._cpus = {}
        if packet.startswith(b"Hg") and (thread := _THREAD.search(packet[2:])):
            self._select(thread[1])
        reply = self._own_reply(packet)
        if reply is None:
            self._qemu.send(packet)
        else:
            self._gdb.send(reply)

    def _select(self, thread: bytes) -> None:
        self._thread = int(thread, 16) or self._thread  # 0: any

    def _own_reply(self, packet: bytes):
        """What this stub itself answers; None: QEMU's business."""
        if packet == b"g":
            return self._registers()
        if packet[:1] in (b"p", b"G"):
            return b""  # not offered: GDB uses `g` and `P`
        if packet[:1] == b"P":
            return self._write_register(packet[1:])
        if packet == b"qAstra.Mode":
            return b"%d" % self._cpu().bits
        if packet.startswith(b"QAstra.View:"):
            self._view = int(packet.rpartition(b":")[2])
            return b"OK"
        if packet.startswith(b"qXfer:features:read:target.xml:") and self._view != DEFAULT_VIEW:
            return self._features(packet.rpartition(b":")[2])
        return None

    def _ask(self, packet: bytes) -> bytes:
        """A question of our own to QEMU, while everything is stopped."""
        self._qemu.send(packet)
        return self._qemu.next()

    def _cpu(self) -> cpu.Cpu:
        """The monitor alone knows the hidden parts of segment registers."""
        if not self._cpus:
            text = b""
            self._qemu.send(b"qRcmd," + b"info registers -a".hex().encode())
            while (packet := self._qemu.next()).startswith(b"O") and packet != b"OK":
                text += bytes.fromhex(packet[1:].decode())
            self._cpus = cpu.parse_all(text.decode())
        return self._cpus[self._thread - 1]

    def _registers(self) -> bytes:
        reply = self._ask(b"g")
        if reply.startswith(b"E"):
            return reply
        wide = bytes.fromhex(reply.decode())
        wide = gdb_views.put(wide, gdb_views.PC, self._cpu().linear(gdb_views.get(wide, gdb_views.PC)))
        return (wide if self._view == 64 else gdb_views.narrow(wide)).hex().encode()

    def _write_register(self, text: bytes) -> bytes:
        number, _, value = text.partition(b"=")
        name = gdb_views.wide_name(self._view, int(number, 16))
        if name is None:
            return self._ask(b"P" + text)
        written = int.from_bytes(bytes.fromhex(value.decode()), "little")
        if name == gdb_views.PC:
            written = (written - self._cpu().code_base) & (1 << 64) - 1
        self._cpus = {}
        data = written.to_bytes(gdb_views.SIZES[name], "little")
        return self._ask(b"P%x=%s" % (gdb_views.NUMBERS[name], data.hex().encode()))

    def _features(self, window: bytes) -> bytes:
        start, length = (int(word, 16) for word in window.split(b","))
        text = gdb_views.description(self._view)
        part = text[start:start + length]
        return (b"m" if start + length < len(text) else b"l") + part


def _connect(path: Path, alive) -> socket.socket:
    limit = time.monotonic() + CONNECT_LIMIT_S
    while time.monotonic() < limit and alive():
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(path))
            return connection
        except OSError:
            connection.close()
            time.sleep(0.05)
    raise host.HostError("QEMU did not start")


def _hang_up(gdb: socket.socket) -> None:
    """GDB reads our last words before it sees the end: unread bytes of its own would take them away."""
    try:
        gdb.shutdown(socket.SHUT_WR)
        while gdb.recv(65536):
            pass
    except OSError:
        pass


def start(qemu_path: Path, gdb_path: Path, alive) -> None:
    """Connects to QEMU's stub and serves the first GDB that connects to `gdb_path`, in a thread of its own."""
    qemu = _connect(qemu_path, alive)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(gdb_path))
    listener.listen(1)

    def run() -> None:
        with listener, listener.accept()[0] as gdb, qemu:
            Stub(Link(gdb), Link(qemu)).serve()
            _hang_up(gdb)
    threading.Thread(target=run, daemon=True).start()
