"""Page-table walks (SDM 3A chapter 4): every level that the CPU would read for a linear address."""
from dataclasses import dataclass, field

from x86.control import CR0_PG, CR4_LA57, CR4_PAE, CR4_PSE, EFER_LMA, EFER_NXE

PRESENT, WRITE, USER, LARGE, PAT_LARGE, NX = 1 << 0, 1 << 1, 1 << 2, 1 << 7, 1 << 12, 1 << 63

# Low bits of an entry; bit 7 is a page size or PAT depending on the level (SDM 3A tables 4-14 to 4-20).
_FLAGS = ((0, "P"), (1, "RW"), (2, "US"), (3, "PWT"), (4, "PCD"), (5, "A"))
_LEAF_FLAGS = ((6, "D"), (8, "G"))


@dataclass(frozen=True)
class Kind:
    """A level: its table's name, the lowest address bit of its index, index bits, bytes an entry."""
    name: str
    shift: int
    width: int
    entry_bytes: int
    large: bool = False  # an entry may map a page itself


@dataclass(frozen=True)
class Level:
    kind: Kind
    index: int
    entry_phys: int
    entry: int

    @property
    def leaf(self) -> bool:
        return bool(self.entry & PRESENT) and (self.kind.shift == 12 or self.kind.large and bool(self.entry & LARGE))


@dataclass
class Walk:
    paging: str              # which kind of paging
    levels: list = field(default_factory=list)
    physical: int | None = None
    page_bytes: int = 0
    failure: str = ""        # why there is no physical address
    rights: str = ""         # of all levels together


_LONG = (Kind("PML5", 48, 9, 8), Kind("PML4", 39, 9, 8), Kind("PDPT", 30, 9, 8, True), Kind("PD", 21, 9, 8, True),
         Kind("PT", 12, 9, 8))
_PAE = (Kind("PDPT", 30, 2, 8), Kind("PD", 21, 9, 8, True), Kind("PT", 12, 9, 8))
_TWO_LEVEL = (Kind("PD", 22, 10, 4), Kind("PT", 12, 10, 4))
_TWO_LEVEL_PSE = (Kind("PD", 22, 10, 4, True), Kind("PT", 12, 10, 4))


def paging_mode(cr0: int, cr4: int, efer: int) -> tuple:
    """(name, levels from the top); SDM 3A §4.1.1."""
    if not cr0 & CR0_PG:
        return "no paging", ()
    if efer & EFER_LMA:
        return ("5-level paging", _LONG) if cr4 & CR4_LA57 else ("4-level paging", _LONG[1:])
    if cr4 & CR4_PAE:
        return "PAE paging", _PAE
    return "32-bit paging", _TWO_LEVEL_PSE if cr4 & CR4_PSE else _TWO_LEVEL


def is_canonical(address: int, top_bit: int) -> bool:
    """Whether all bits above `top_bit` repeat it (SDM 1 §3.3.7.1)."""
    above = address >> top_bit
    return above in (0, (1 << (64 - top_bit)) - 1)


def address_mask(kind: Kind, entry: int, leaf: bool) -> int:
    """Bits of an entry that are a physical address."""
    if kind.entry_bytes == 4:
        return 0xffc00000 if leaf and kind.shift == 22 else 0xfffff000
    return 0xffffffffff000 & (~((1 << kind.shift) - 1) if leaf else ~0)


def flag_names(level: Level) -> str:
    """All flags that are set, by name."""
    entry = level.entry
    found = [name for bit, name in _FLAGS if entry >> bit & 1]
    if level.leaf:
        found += [name for bit, name in _LEAF_FLAGS if entry >> bit & 1]
        if level.kind.shift == 12 and entry & LARGE or level.kind.shift > 12 and entry & PAT_LARGE:
            found.append("PAT")
    if level.kind.large and entry & LARGE:
        found.insert(len(found), "PS")
    if level.kind.entry_bytes == 8 and entry & NX:
        found.append("NX")
    return " ".join(found) or "none"


def size_name(size: int) -> str:
    """4 KiB, 2 MiB, 1 GiB."""
    for unit, shift in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if size >> shift:
            return f"{size >> shift} {unit}"
    return f"{size} bytes"


def _rights(levels: list, nx_on: bool) -> str:
    """SDM 3A §4.6: a right needs the bit at every level."""
    entries = [level.entry for level in levels]
    if len(levels) and levels[0].kind is _PAE[0]:
        entries = entries[1:]  # PAE's four top entries hold no rights
    words = ["read"]
    if all(entry & WRITE for entry in entries):
        words.append("write")
    if not (nx_on and any(entry & NX for entry in entries)):
        words.append("execute")
    return ", ".join(words) + (" for user and kernel" if all(entry & USER for entry in entries) else " for the kernel")


def walk(address: int, cr0: int, cr3: int, cr4: int, efer: int, read_phys) -> Walk:
    """`read_phys(address, length)` gives bytes of physical memory."""
    name, kinds = paging_mode(cr0, cr4, efer)
    result = Walk(name)
    if not kinds:
        result.physical = address & 0xffffffff
        return result
    if len(kinds) >= 4 and not is_canonical(address, kinds[0].shift + 8):
        result.failure = "not canonical: the CPU raises a general-protection fault before any walk"
        return result
    table = cr3 & (0xffffffffff000 if efer & EFER_LMA else 0xffffffe0 if cr4 & CR4_PAE else 0xfffff000)
    for kind in kinds:
        index = address >> kind.shift & ((1 << kind.width) - 1)
        entry_phys = table + index * kind.entry_bytes
        level = Level(kind, index, entry_phys, int.from_bytes(read_phys(entry_phys, kind.entry_bytes), "little"))
        result.levels.append(level)
        if not level.entry & PRESENT:
            result.failure = f"not mapped: P is clear in the {kind.name}"
            return result
        table = level.entry & address_mask(kind, level.entry, level.leaf)
        if level.leaf:
            result.page_bytes = 1 << kind.shift
            result.physical = table | address & (result.page_bytes - 1)
            break
    result.rights = _rights(result.levels, bool(efer & EFER_NXE))
    return result
