"""A CPU's state as QEMU's monitor prints it (`info registers`), and the mode it is in."""
import re
from dataclasses import dataclass

from x86.control import CR0_PE, EFER_LMA

# Attributes in a descriptor's second word: SDM 3A figure 3-8.
LONG, DEFAULT_32 = 1 << 21, 1 << 22

_SEGMENT = re.compile(r"^(ES|CS|SS|DS|FS|GS|LDT|TR) *=([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+) ([0-9a-f]+)", re.MULTILINE)
_TABLE = re.compile(r"^(GDT|IDT) *= *([0-9a-f]+) ([0-9a-f]+)", re.MULTILINE)
_REGISTER = re.compile(r"\b(CR[0-8]|EFER|[ER]IP|[ER]FL|[ER]SP)=([0-9a-f]+)")
_CPU = re.compile(r"^CPU#(\d+)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Segment:
    selector: int
    base: int
    limit: int
    attributes: int  # second word of its descriptor


@dataclass(frozen=True)
class Cpu:
    segments: dict   # by name: "CS", "TR", ...
    tables: dict     # "GDT", "IDT": (base, limit)
    registers: dict  # "CR0", "EFER", "IP", "FL", "SP", ...

    @property
    def bits(self) -> int:
        """Of the code it runs: 16, 32 or 64 (SDM 3A §3.4.5: L and D of the code segment)."""
        attributes = self.segments["CS"].attributes
        if self.registers.get("EFER", 0) & EFER_LMA and attributes & LONG:
            return 64
        return 32 if attributes & DEFAULT_32 else 16

    @property
    def protected(self) -> bool:
        return bool(self.registers["CR0"] & CR0_PE)

    @property
    def mode(self) -> str:
        if not self.protected:
            return "real mode" if self.bits == 16 else "real mode with 32-bit code"
        if self.registers.get("EFER", 0) & EFER_LMA:
            return "long mode" if self.bits == 64 else f"long mode, {self.bits}-bit code"
        return f"protected mode, {self.bits}-bit code"

    @property
    def code_base(self) -> int:
        """What the instruction pointer counts from."""
        return 0 if self.bits == 64 else self.segments["CS"].base

    def linear(self, offset: int) -> int:
        """Of an offset in the code segment."""
        return offset if self.bits == 64 else (self.code_base + offset) & 0xffffffff


def parse(text: str) -> Cpu:
    """One CPU's part of the monitor's answer."""
    segments = {name: Segment(int(selector, 16), int(base, 16), int(limit, 16), int(attributes, 16))
                for name, selector, base, limit, attributes in _SEGMENT.findall(text)}
    tables = {name: (int(base, 16), int(limit, 16)) for name, base, limit in _TABLE.findall(text)}
    registers = {name[1:] if name[0] in "ER" and name != "EFER" else name: int(value, 16)
                 for name, value in _REGISTER.findall(text)}
    if "CS" not in segments or "CR0" not in registers:
        raise ValueError("this is not what `info registers` prints")
    return Cpu(segments, tables, registers)


def parse_all(text: str) -> dict:
    """CPU number: Cpu, from `info registers -a`."""
    parts = _CPU.split(text)
    return {int(number): parse(part) for number, part in zip(parts[1::2], parts[2::2])}
