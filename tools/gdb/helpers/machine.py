"""The stopped machine: CPUs, memory, symbols, the kernel's structures."""
import contextlib

import gdb
from x86 import cpu

LOADER_INFO_PHYS = 0x9000         # LAYOUT_BOOT_INFO
KERNEL_BASE = 0xffffffff80000000  # BOOT_KERNEL_VIRT_BASE


def need_target() -> None:
    if not gdb.selected_inferior().pid or gdb.selected_thread() is None:
        raise gdb.GdbError("no machine is connected")


def cpu_number() -> int:
    """Of the selected thread: QEMU shows each CPU as a thread, from 1."""
    need_target()
    return gdb.selected_thread().ptid[1] - 1


def cpu_state() -> cpu.Cpu:
    """The selected CPU, hidden parts of its segment registers included."""
    number = cpu_number()
    return cpu.parse_all(gdb.execute("monitor info registers -a", to_string=True))[number]


def send(packet: str) -> bytes:
    """A packet of our own to the stub; b"" when it does not know it."""
    need_target()
    connection = gdb.selected_inferior().connection
    if not isinstance(connection, gdb.RemoteTargetConnection):
        raise gdb.GdbError("this needs QEMU's stub")
    return connection.send_packet(packet.encode()) or b""


@contextlib.contextmanager
def physical_memory():
    """Memory is addressed physically meanwhile."""
    send("Qqemu.PhyMemMode:1")
    try:
        yield
    finally:
        send("Qqemu.PhyMemMode:0")


def read(address: int, length: int) -> bytes:
    """Linear memory."""
    return bytes(gdb.selected_inferior().read_memory(address, length))


def read_phys(address: int, length: int) -> bytes:
    with physical_memory():
        return read(address, length)


def symbol_name(address: int) -> str:
    """NAME+0xOFFSET of a linear address, or ""."""
    text = gdb.execute(f"info symbol {address:#x}", to_string=True).strip()
    if text.startswith("No symbol"):
        return ""
    name = text.partition(" in section ")[0]
    name, plus, offset = name.partition(" + ")
    return f"{name}+{int(offset):#x}" if plus else name


def line_of(address: int) -> str:
    """FILE:LINE of a linear address, or ""."""
    found = gdb.find_pc_line(address)
    return f"{found.symtab.filename}:{found.line}" if found.symtab else ""


def place(address: int) -> str:
    """Symbol and line of a linear address."""
    name, line = symbol_name(address), line_of(address)
    return f"{name} ({line})" if name and line else name or line or f"{address:#x}"


def in_kernel() -> bool:
    """Whether the kernel's mapping is there: long mode, and its first page readable."""
    if cpu_state().bits != 64:
        return False
    try:
        read(int(gdb.parse_and_eval("(unsigned long)&kernel_start")), 1)
        return True
    except gdb.error:
        return False


def kernel_value(expression: str) -> gdb.Value:
    """Of a kernel variable; only once the kernel runs."""
    if not in_kernel():
        raise gdb.GdbError("the kernel does not run yet")
    return gdb.parse_and_eval(expression)


def physical_struct(name: str, address: int) -> gdb.Value:
    """A structure in physical memory."""
    kind = gdb.lookup_type(name)
    return gdb.Value(read_phys(address, kind.sizeof), kind)
