"""Tables of the PC taken apart by hand, from the bytes that the debugger reads.

Each function gets the machine, the names of addresses and numbers, and returns lines of marked text (tour_text.py).
"""
from vm.tour_text import UNNAMED, varying

# SDM 3A tables 4-15 to 4-20: bits of a page-table entry at every level. Accessed and dirty are the CPU's to set.
ENTRY_FLAGS = ((0, "present"), (1, "writable"), (2, "user"), (3, "write-through"), (4, "cache disabled"),
               (5, "accessed"), (6, "dirty"), (63, "no execute"))
LEAF_FLAGS = {30: ((7, "large page"),), 21: ((7, "large page"),), 12: ((8, "global"),)}
LARGE_BIT = 7
LEVELS = (("PML4", 39), ("PDPT", 30), ("PD", 21), ("PT", 12))
SIZES = {30: "1 GiB", 21: "2 MiB", 12: "4 KiB"}

E820_TYPES = {1: "usable", 2: "reserved", 3: "ACPI tables, reclaimable", 4: "ACPI non-volatile", 5: "bad"}


def _flags(value: int, table: tuple) -> str:
    return ", ".join(name for bit, name in table if value >> bit & 1) or "none"


def _quad(data: bytes, offset: int = 0, size: int = 8) -> int:
    return int.from_bytes(data[offset:offset + size], "little")


# ---- disk and memory map ---------------------------------------------------------------------

def partition(machine, _namer, address: int) -> list:
    """One entry of the partition table: 16 bytes."""
    entry = machine.linear(address, 16)
    status = "active" if entry[0] == 0x80 else "not active" if entry[0] == 0 else "not valid"
    return [f"status {entry[0]:#04x}: {status}",
            f"type   {entry[4]:#04x}: {'FAT32 with LBA' if entry[4] == 0x0c else 'not FAT32'}",
            f"first sector {_quad(entry, 8, 4)}",
            f"sectors {varying('sectors', str(_quad(entry, 12, 4)))}"]


def packet(machine, _namer, address: int) -> list:
    """A disk address packet: EDD 3.0 table 1."""
    data = machine.linear(address, 16)
    offset, segment = _quad(data, 4, 2), _quad(data, 6, 2)
    return [f"size {data[0]} bytes, {data[2]} sectors from LBA {_quad(data, 8)}",
            f"to {segment:04x}:{offset:04x} = {segment * 16 + offset:#x}"]


def e820_entry(machine, _namer, address: int) -> list:
    """ACPI 6.4 table 15-6: base, length, type."""
    data = machine.physical(address, 20)
    base, length, kind = _quad(data), _quad(data, 8), _quad(data, 16, 4)
    return [f"{base:#010x} to {base + length - 1:#010x}, {length >> 10} KiB, type {kind}: "
            f"{E820_TYPES.get(kind, 'unknown, so reserved')}"]


def text(machine, _namer, address: int) -> list:
    """A string that ends with a zero byte."""
    return [machine.linear(address, 64).split(b"\0")[0].decode("ascii", "replace").strip()]


# ---- descriptors -----------------------------------------------------------------------------

def descriptor(machine, _namer, table: int, selector: int) -> list:
    """A code or data segment descriptor: SDM 3A figure 3-8."""
    value = _quad(machine.linear(table + (selector & ~7), 8))
    base = value >> 16 & 0xffffff | value >> 56 << 24
    limit = value & 0xffff | (value >> 48 & 0xf) << 16
    if value >> 55 & 1:
        limit = limit << 12 | 0xfff
    kind = "code" if value >> 43 & 1 else "data"
    width = "64-bit" if value >> 53 & 1 else "32-bit" if value >> 54 & 1 else "16-bit"
    return [f"{value:#018x}: base {base:#x}, limit {limit:#x}",
            f"type {value >> 40 & 0xf:#x} ({kind}), DPL {value >> 45 & 3}, P={value >> 47 & 1}, "
            f"L={value >> 53 & 1}, D={value >> 54 & 1}, G={value >> 55 & 1}: {width} {kind}"]


def gate(machine, namer, table: int, vector: int) -> list:
    """A 64-bit interrupt gate: SDM 3A figure 6-8."""
    data = machine.linear(table + 16 * vector, 16)
    target = _quad(data, 0, 2) | _quad(data, 6, 2) << 16 | _quad(data, 8, 4) << 32
    kind = data[5] & 0xf
    return [f"offset {namer.mark(f'{target:#x}')}",
            f"selector {_quad(data, 2, 2):#x}, IST {data[4] & 7}, DPL {data[5] >> 5 & 3}, P={data[5] >> 7}",
            f"type {kind:#x}: {'interrupt gate, IF is cleared' if kind == 0xe else 'trap gate, IF stays'}"]


# ---- page tables -----------------------------------------------------------------------------

def _entry_text(namer, entry: int, level: int) -> str:
    return f"{namer.entry(entry)}: {_flags(entry, ENTRY_FLAGS + LEAF_FLAGS.get(level, ()))}"


def entries(machine, namer, table: int) -> list:
    """The entries of a table that are not 0."""
    data = machine.physical(table, 4096)
    values = [_quad(data, 8 * index) for index in range(512)]
    return [f"entry {index:3} = {_entry_text(namer, value, 39)}" for index, value in enumerate(values) if value]


def walk(machine, namer, address: int) -> list:
    """From CR3 down to the page, as the CPU does it (SDM 3A §4.5); stops where an entry is not present."""
    table = machine.register("cr3") & 0x000ffffffffff000
    lines = [f"CR3: the PML4 is at {namer.place(table)}"]
    for name, shift in LEVELS:
        index = address >> shift & 511
        entry = _quad(machine.physical(table + 8 * index, 8))
        leaf = shift == 12 or bool(entry >> LARGE_BIT & 1)
        lines.append(f"{name:<4} entry {index:3} = {_entry_text(namer, entry, shift)}")
        if not entry & 1:
            return lines + ["the walk ends: not present"]
        table = entry & 0x000ffffffffff000
        if leaf:
            table &= -1 << shift
            return lines + [f"a page of {SIZES[shift]} at {namer.place(table)}"]
    return lines


# ---- what the CPU pushes ---------------------------------------------------------------------

RFLAGS = ((0, "CF"), (2, "PF"), (4, "AF"), (6, "ZF"), (7, "SF"), (8, "TF"), (9, "IF"), (10, "DF"), (11, "OF"))
FRAME = ("rip", "cs", "rflags", "rsp", "ss")
PAGE_FAULT_BITS = ((0, "P", "the page is present: its rights forbid the access", "the page is not present"),
                   (1, "W", "it was a write", "it was not a write"),
                   (2, "U", "from user mode", "from the kernel"),
                   (3, "R", "a reserved bit was set in an entry", ""),
                   (4, "I", "it was an instruction fetch", ""))


def pushed(machine, namer, address: int, *, where: str = "") -> list:
    """The five quadwords of an interrupt frame (SDM 3A §6.14.2). `where` names an RIP that differs between runs."""
    data = machine.linear(address, 8 * len(FRAME))
    values = {name: _quad(data, 8 * number) for number, name in enumerate(FRAME)}
    lines = []
    for name, value in values.items():
        digits = f"{value:#x}"
        text = varying(where, digits) if where and name == "rip" else namer.mark(digits)
        if name == "rflags":
            text = f"{varying(UNNAMED, digits)} with IF={value >> 9 & 1}"
        lines.append(f"{name:<7}{text}")
    return lines


def interrupted(machine, namer, address: int) -> list:
    """The frame of an interrupt: it struck where it happened to strike."""
    return pushed(machine, namer, address, where="where the interrupt struck")


def page_fault_error(_machine, _namer, error: int) -> list:
    """SDM 3A figure 4-12."""
    lines = [f"{error:#x}"]
    for bit, name, if_set, if_clear in PAGE_FAULT_BITS:
        meaning = if_set if error >> bit & 1 else if_clear
        if meaning:
            lines.append(f"bit {bit} {name}={error >> bit & 1}: {meaning}")
    return lines


def star(_machine, _namer, value: int) -> list:
    """SDM 3A §5.8.8: the selectors that SYSCALL and SYSRET load."""
    kernel, user = value >> 32 & 0xffff, value >> 48
    return [f"SYSCALL: CS = {kernel:#x}, SS = {kernel + 8:#x}",
            f"SYSRET:  CS = {user + 16:#x}, SS = {user + 8:#x}"]


def same(_machine, _namer, first: int, second: int) -> list:
    return ["yes" if first == second else "no"]
