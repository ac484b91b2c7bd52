"""tools/x86: what the debugger's commands make of registers, page tables and descriptors."""
import pytest

from x86 import control, cpu, descriptors, paging

REAL = """EAX=0000aa55 EBX=00000000 ECX=00000000 EDX=00000080
ESI=00000000 EDI=00000000 EBP=00000000 ESP=00006f04
EIP=00000020 EFL=00000202 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0
ES =0000 00000000 0000ffff 00009300
CS =2000 00020000 0000ffff 00009b00
SS =0000 00000000 0000ffff 00009300
DS =0000 00000000 0000ffff 00009300
FS =0000 00000000 0000ffff 00009300
GS =0000 00000000 0000ffff 00009300
LDT=0000 00000000 0000ffff 00008200
TR =0000 00000000 0000ffff 00008b00
GDT=     00000000 00000000
IDT=     00000000 000003ff
CR0=00000010 CR2=00000000 CR3=00000000 CR4=00000000
DR0=0000000000000000 DR1=0000000000000000 DR2=0000000000000000 DR3=0000000000000000
EFER=0000000000000000
"""
LONG = REAL.replace("EIP=00000020", "RIP=ffffffff80200000").replace("CR0=00000010", "CR0=80010033") \
    .replace("CS =2000 00020000 0000ffff 00009b00", "CS =0028 0000000000000000 ffffffff 00af9b00") \
    .replace("EFER=0000000000000000", "EFER=0000000000000d00")


def test_real_mode():
    state = cpu.parse(REAL)
    assert (state.bits, state.mode, state.protected) == (16, "real mode", False)
    assert state.linear(state.registers["IP"]) == 0x20020 and state.tables["IDT"] == (0, 0x3ff)


def test_protected_modes():
    base = REAL.replace("CR0=00000010", "CR0=00000011")
    assert cpu.parse(base).mode == "protected mode, 16-bit code"
    state = cpu.parse(base.replace("CS =2000 00020000 0000ffff 00009b00", "CS =0008 00000000 ffffffff 00cf9b00"))
    assert (state.bits, state.mode) == (32, "protected mode, 32-bit code")


def test_long_mode():
    state = cpu.parse(LONG)
    assert (state.bits, state.mode) == (64, "long mode")
    assert state.linear(state.registers["IP"]) == 0xffffffff80200000
    compatible = cpu.parse(LONG.replace("00af9b00", "00cf9b00"))
    assert compatible.mode == "long mode, 32-bit code"


def test_several_cpus():
    found = cpu.parse_all(f"CPU#0\n{LONG}\nCPU#1\n{REAL}")
    assert [found[number].bits for number in (0, 1)] == [64, 16]


def test_not_registers():
    with pytest.raises(ValueError):
        cpu.parse("unknown command: 'info registers'")


@pytest.mark.parametrize("value, table, text", [
    (0x80010033, control.CR0, "PG WP NE ET MP PE"), (0xa0, control.CR4, "PGE PAE"), (0xd00, control.EFER, "NXE LMA LME"),
    (0, control.CR0, "none"), (1 << 40, control.CR0, "bit 40")])
def test_bit_names(value, table, text):
    assert control.names(value, table) == text


class Memory:
    """Physical memory that holds table entries."""

    def __init__(self, entries: dict) -> None:
        self._entries = entries

    def __call__(self, address: int, length: int) -> bytes:
        return self._entries.get(address, 0).to_bytes(length, "little")


CR0, CR4, EFER = 0x80010033, 0xa0, 0xd00
NX = 1 << 63


def long_walk(address: int, entries: dict, cr4: int = CR4) -> paging.Walk:
    return paging.walk(address, CR0, 0x1000, cr4, EFER, Memory(entries))


def test_walk_small_page():
    walk = long_walk(0x123, {0x1000: 0x2007, 0x2000: 0x3007, 0x3000: 0x4007, 0x4000: NX | 0x5067})
    assert (walk.physical, walk.page_bytes, walk.rights) == (0x5123, 4096, "read, write for user and kernel")
    assert paging.flag_names(walk.levels[-1]) == "P RW US A D NX"


@pytest.mark.parametrize("levels, size", [(3, 2 << 20), (2, 1 << 30)])
def test_walk_large_pages(levels, size):
    entries = {0x1000 * level: 0x1003 + 0x1000 * level for level in range(1, levels)}
    entries[0x1000 * levels] = 0x40000083
    walk = long_walk(0x12345, entries)
    assert (walk.physical, walk.page_bytes) == (0x40012345, size)
    assert paging.flag_names(walk.levels[-1]) == "P RW PS" and "execute for the kernel" in walk.rights


def test_walk_five_levels():
    entries = {0x1000 * level: 0x1003 + 0x1000 * level for level in range(1, 6)}
    walk = long_walk(0x10, entries, CR4 | control.CR4_LA57)
    assert [level.kind.name for level in walk.levels] == ["PML5", "PML4", "PDPT", "PD", "PT"] and walk.physical == 0x6010


def test_walk_failures():
    assert "not canonical" in long_walk(1 << 63, {}).failure
    assert "P is clear in the PDPT" in long_walk(0, {0x1000: 0x2003}).failure
    assert long_walk(0xffff_8000_0000_0000, {}).levels[0].index == 256


def test_walk_without_paging():
    walk = paging.walk(0x7c00, 0x11, 0, 0, 0, Memory({}))
    assert (walk.paging, walk.physical, walk.levels) == ("no paging", 0x7c00, [])


def test_walk_other_modes():
    two = paging.walk(0x401234, CR0, 0x1000, 0, 0, Memory({0x1004: 0x2003, 0x2004: 0x9003}))
    assert (two.paging, two.physical) == ("32-bit paging", 0x9234)
    large = paging.walk(0x401234, CR0, 0x1000, control.CR4_PSE, 0, Memory({0x1004: 0x800083}))
    assert (large.physical, large.page_bytes) == (0x801234, 4 << 20)
    pae = paging.walk(0x40201234, CR0, 0x1020, control.CR4_PAE, 0, Memory({0x1028: 0x2001, 0x2008: 0x3003, 0x3008: 0x9003}))
    assert (pae.paging, pae.physical, pae.rights) == ("PAE paging", 0x9234, "read, write, execute for the kernel")


def test_gdt():
    data = b"".join(value.to_bytes(8, "little") for value in (
        0, 0x00cf9b000000ffff, 0x00009b020000ffff, 0x00affb000000ffff, 0x80008b2b40000067, 0xffffffff))
    found = descriptors.decode_gdt(data, True)
    assert [entry.kind for entry in found] == ["null", "32-bit code", "16-bit code", "64-bit code", "TSS, busy"]
    assert (found[1].limit, found[2].base, found[3].dpl) == (0xffffffff, 0x20000, 3)
    assert found[4].base == 0xffffffff802b4000 and found[4].limit == 0x67 and len(found[4].raw) == 16
    assert len(descriptors.decode_gdt(data, False)) == 6


def test_idt():
    gate = 0x1234 | 0x28 << 16 | 2 << 32 | 0xee << 40 | 0x8020 << 48 | 0xffffffff << 64
    found = descriptors.decode_idt(bytes(16) + gate.to_bytes(16, "little"), "long")
    assert not found[0].present
    assert found[1] == descriptors.Gate(1, "64-bit interrupt gate", 0x28, 0xffffffff80201234, 3, 2, True)


def test_vector_table_of_real_mode():
    found = descriptors.decode_idt(bytes.fromhex("53ff00f0"), "real")
    assert (found[0].selector, found[0].offset) == (0xf000, 0xff53)


def test_vector_names():
    assert descriptors.vector_name(14) == "#PF page fault" and descriptors.vector_name(200) == ""
