"""The stub between GDB and QEMU: framing, views of the registers, linear program counters; lines of assembly."""
import socket
import subprocess
import threading
import xml.etree.ElementTree as ElementTree

import pytest
import test_x86

from vm import asm_lines, gdb_views, rsp
from vm.gdb_stub import Stub

MONITOR = f"CPU#0\n{test_x86.REAL}\n"
QUESTION = b"qRcmd," + b"info registers -a".hex().encode()


def test_frames():
    near, far = socket.socketpair()
    link = rsp.Link(near)
    far.sendall(b"+$OK#9a\x03$m0,4#fd+$half")
    assert link.packets() == [b"OK", rsp.INTERRUPT, b"m0,4"]
    far.sendall(b"#ab")
    assert link.next() == b"half"
    link.send(b"g")
    assert far.recv(100) == b"+++$g#67"
    far.close()
    with pytest.raises(rsp.Closed):
        link.next()


def wide(**values) -> bytes:
    """What QEMU's `g` answers."""
    data = bytes(sum(size for _, size in gdb_views.WIDE) + 16 * 16 + 4)
    for name, value in values.items():
        data = gdb_views.put(data, name, value)
    return data


def test_narrow_registers_agree_with_their_description():
    text = gdb_views.description(32).decode()
    root = ElementTree.fromstring(text.partition("?>")[2].partition(">")[2])
    registers = root.findall(".//reg")
    assert root.findtext("architecture") == "i386" and registers[0].get("name") == "eax"
    data = gdb_views.narrow(wide(rbp=0x1234, rip=0x20020, cs=8, cr0=0x11))
    assert len(data) * 8 == sum(int(register.get("bitsize")) for register in registers)
    offset = sum(int(register.get("bitsize")) for register in registers[:8]) // 8
    assert registers[8].get("name") == "eip" and int.from_bytes(data[offset:offset + 4], "little") == 0x20020
    assert [gdb_views.wide_name(32, number) for number in (0, 1, 8)] == ["rax", "rcx", "rip"]
    assert gdb_views.wide_name(64, 1) == "rbx" and gdb_views.wide_name(64, 1000) is None


class Qemu(threading.Thread):
    """Answers as QEMU's stub would, for a CPU in real mode at 2000:0020; keeps what it was asked."""

    def __init__(self, link: rsp.Link) -> None:
        super().__init__(daemon=True)
        self._link, self.asked = link, []

    def run(self) -> None:
        try:
            while True:
                packet = self._link.next()
                self.asked.append(packet)
                for answer in self._answers(packet):
                    self._link.send(answer)
        except rsp.Closed:
            return

    @staticmethod
    def _answers(packet: bytes) -> list:
        if packet == QUESTION:
            return [b"O" + MONITOR.encode().hex().encode(), b"OK"]
        if packet == b"g":
            return [wide(rip=0x20, rax=5).hex().encode()]
        return [b"OK"]


@pytest.fixture
def stub():
    """(GDB's link to a running stub, the QEMU behind it)."""
    gdb, gdb_side = socket.socketpair()
    qemu, qemu_side = socket.socketpair()
    machine = Qemu(rsp.Link(qemu))
    machine.start()
    server = threading.Thread(target=Stub(rsp.Link(gdb_side), rsp.Link(qemu_side)).serve, daemon=True)
    server.start()
    link = rsp.Link(gdb)

    def ask(packet: bytes) -> bytes:
        link.send(packet)
        return link.next()
    yield ask, machine
    gdb.close()
    server.join(120)
    assert not server.is_alive()
    qemu.close()


def test_program_counter_is_linear(stub):
    ask, _ = stub
    assert gdb_views.get(bytes.fromhex(ask(b"g").decode()), "rip") == 0x20020
    assert ask(b"qAstra.Mode") == b"16"


def test_views(stub):
    ask, machine = stub
    assert ask(b"QAstra.View:16") == b"OK"
    data = bytes.fromhex(ask(b"g").decode())
    assert data[:4] == bytes((5, 0, 0, 0)) and data[32:36] == (0x20020).to_bytes(4, "little")
    assert ask(b"qXfer:features:read:target.xml:0,fff").startswith(b"l<?xml") and b"i8086" in ask(
        b"qXfer:features:read:target.xml:0,fff")
    assert ask(b"qXfer:features:read:target.xml:0,20").startswith(b"m")
    assert ask(b"P8=22000200") == b"OK"
    assert machine.asked[-1] == b"P10=2200000000000000"  # QEMU's number and width; IP without the segment's base


def test_the_rest_passes_through(stub):
    ask, machine = stub
    for packet in (b"m7c00,10", b"Z0,7c00,1", b"qSupported:xmlRegisters=i386", b"Hgp1.1"):
        assert ask(packet) == b"OK" and machine.asked[-1] == packet


def test_line_programs_are_what_readelf_reads(tmp_path):
    """A made-up file's lines, put into an ELF file and read back."""
    source, target, result = tmp_path / "a.c", tmp_path / "a.o", tmp_path / "b.o"
    source.write_text("int x;\n")
    subprocess.run(["gcc", "-g", "-c", str(source), "-o", str(target)], check=True)
    runs = [("kernel/one.asm", [(10, 0x1000), (12, 0x1003), (11, 0x1100)], 0x1180),
            ("kernel/two.asm", [(1, 0xffffffff80200000)], 0xffffffff80200002)]
    asm_lines.rewrite(target, result, runs, "Q", [])
    text = subprocess.run(["readelf", "--wide", "--debug-dump=decodedline", str(result)], capture_output=True,
                          text=True, check=True).stdout
    assert [(name.rpartition("/")[2], rows, end) for name, rows, end in asm_lines.sequences(text)] == [
        (name.rpartition("/")[2], rows, end) for name, rows, end in runs]
    info = subprocess.run(["readelf", "--debug-dump=info", str(result)], capture_output=True, text=True, check=True)
    assert "kernel/two.asm" in info.stdout and not info.stderr
