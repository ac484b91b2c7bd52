"""What a tour shows, as text with marks on whatever differs between builds or runs.

A marked piece has a name. The terminal shows the real digits (and the symbol, where the name is one); the transcript
shows the name alone, so that it changes only when what it teaches changes. Marked are: addresses in the kernel and in
stage2, which become <symbol+offset>; frames that the kernel chose, and stacks. What boot/layout.h fixes below 512 KiB
and the page of the kernel's entry stay as they are.
"""
import re

from vm.tour_machine import LAYOUT

KERNEL_ENTRY = 0xffffffff80200000
KERNEL_STACKS = range(0xffffc00000000000, 0xffffe00000000000)
DIRECT_MAP = range(0xffff800000000000, 0xffffc00000000000)
USER_STACK = range(0x7ff000000000, 0x800000000000)
STAGE2 = range(LAYOUT["LAYOUT_STAGE2"], LAYOUT["LAYOUT_STAGE2_END"])
HEADER_BYTES = 32  # boot/stage2_header.h: a fixed place
LAYOUT_END = LAYOUT["LAYOUT_LOW_END"]
ENTRY_FRAME = 0x200000  # kernel/kernel.ld
SYMBOL_REACH = 0x100000

UNNAMED = "…"
_OPEN, _BETWEEN, _CLOSE = "\ue000", "\ue001", "\ue002"
_MARK = re.compile(f"{_OPEN}(.*?){_BETWEEN}(.*?){_CLOSE}")
_LONG_NUMBER = re.compile(r"\b0x[0-9a-f]{5,16}\b|\b[0-9a-f]{16}\b")


def varying(name: str, digits: str) -> str:
    """A piece that differs between builds or runs. With "=" before it the name is shown in the terminal too."""
    return f"{_OPEN}{name}{_BETWEEN}{digits}{_CLOSE}"


def live(text: str) -> str:
    """As the terminal shows it."""
    def show(match):
        return f"{match[2]} <{match[1][1:]}>" if match[1].startswith("=") else match[2]
    return _MARK.sub(show, text)


def settled(text: str) -> str:
    """As the transcript has it."""
    def show(match):
        return match[1] if match[1] == UNNAMED else f"<{match[1].lstrip('=')}>"
    return _MARK.sub(show, text)


def pad(text: str, width: int) -> str:
    """Fills marked text up to a width in the transcript."""
    return text + " " * (width - len(settled(text)))


class Namer:
    """Gives addresses their names."""

    def __init__(self, symbols, loader_tables: bool) -> None:
        """`loader_tables`: page tables are those of stage2, at places that boot/layout.h fixes."""
        self._symbols = symbols
        self._fixed_end = LAYOUT_END if loader_tables else 0
        self.values = {}  # addresses of this run alone that have names

    def symbol(self, address: int, further: int = 0) -> str:
        """`name` or `name+0x12`, for what lies `further` bytes behind `address`; "" where no symbol is near."""
        found = self._symbols.at(address)
        if not found or address - found.address > SYMBOL_REACH:
            return ""
        offset = address - found.address + further
        name = self._plain_name(found)
        return f"{name}+{offset:#x}" if offset else name

    def _plain_name(self, found) -> str:
        """Of several names at one address, one that the linker script does not give to the ends of sections."""
        names = [symbol.name for symbol in self._symbols.all if symbol.address == found.address]
        return next((name for name in names if not name.endswith(("_start", "_end"))), found.name)

    def values_name(self, address: int) -> str:
        """The name that the tour has given to an address, or ""."""
        return next((name for name, value in self.values.items() if value == address), "")

    def name(self, address: int) -> str:
        """What stands for an address in the transcript; "" for those that stay."""
        if name := self.values_name(address):
            return "=" + name
        if address > KERNEL_ENTRY or address in STAGE2 and address - STAGE2.start >= HEADER_BYTES:
            return "=" + self.symbol(address) if self.symbol(address) else ""
        if address in KERNEL_STACKS:
            return "kernel stack"
        if address in DIRECT_MAP and address - DIRECT_MAP.start >= LAYOUT_END:
            return "direct map"
        return "user stack" if address in USER_STACK else ""

    def mark(self, line: str) -> str:
        """The line with every such address marked."""
        def replace(match):
            name = self.name(int(match[0], 16))
            return varying(name, match[0]) if name else match[0]
        return _LONG_NUMBER.sub(replace, line)

    def place(self, address: int) -> str:
        """A physical address of a table or page."""
        fixed = address < self._fixed_end or address == ENTRY_FRAME
        return f"{address:#x}" if fixed else varying("frame", f"{address:#x}")

    def entry(self, entry: int) -> str:
        """A page-table entry in hexadecimal: the flags, and the frame's address where it is fixed."""
        text = f"{entry:016x}"
        address = entry & 0x000ffffffffff000
        if entry == 0 or address < self._fixed_end or address == ENTRY_FRAME:
            return text
        return text[:3] + varying("frame", text[3:13]) + text[13:]
