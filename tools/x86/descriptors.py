"""Descriptors of GDT and IDT (SDM 3A §3.4.5, §3.5, §6.11, §6.14, §7.2.3)."""
from dataclasses import dataclass

# SDM 3A table 3-2; in long mode several of them are reserved.
SYSTEM_TYPES = {1: "16-bit TSS, available", 2: "LDT", 3: "16-bit TSS, busy", 4: "16-bit call gate", 5: "task gate",
                6: "16-bit interrupt gate", 7: "16-bit trap gate", 9: "TSS, available", 11: "TSS, busy",
                12: "call gate", 14: "interrupt gate", 15: "trap gate"}
WIDE_SYSTEM_TYPES = (2, 9, 11, 12)  # sixteen bytes in long mode (SDM 3A §7.2.3, §5.8.3.1)

EXCEPTIONS = ("#DE divide error", "#DB debug", "NMI", "#BP breakpoint", "#OF overflow", "#BR bound range",
              "#UD invalid opcode", "#NM no FPU", "#DF double fault", "FPU segment overrun", "#TS invalid TSS",
              "#NP segment not present", "#SS stack fault", "#GP general protection", "#PF page fault", "reserved",
              "#MF FPU error", "#AC alignment check", "#MC machine check", "#XM SIMD error", "#VE virtualization",
              "#CP control protection")  # SDM 3A table 6-1


@dataclass(frozen=True)
class Descriptor:
    selector: int
    kind: str      # "null", "64-bit code", "data", "TSS, busy", ...
    base: int
    limit: int     # bytes - 1, granularity applied
    dpl: int
    present: bool
    flags: str     # the other bits by name
    raw: bytes


@dataclass(frozen=True)
class Gate:
    vector: int
    kind: str
    selector: int
    offset: int
    dpl: int
    ist: int       # 0: the stack stays or RSP0
    present: bool


def _bits(value: int, low: int, width: int) -> int:
    return value >> low & ((1 << width) - 1)


def _code_kind(raw: int) -> str:
    if raw >> 53 & 1:  # outside long mode the CPU ignores it: a table made for later
        return "64-bit code"
    return "32-bit code" if raw >> 54 & 1 else "16-bit code"


def _segment_flags(raw: int, code: bool) -> str:
    """Type bits of a code or data segment, SDM 3A table 3-1."""
    words = [(40, "accessed"), (41, "readable" if code else "writable"), (42, "conforming" if code else "expand-down")]
    return " ".join(name for bit, name in words if raw >> bit & 1)


def decode_descriptor(selector: int, data: bytes) -> Descriptor:
    """`data`: eight bytes, or sixteen when it begins a wide system descriptor."""
    raw = int.from_bytes(data[:8], "little")
    base = _bits(raw, 16, 24) | _bits(raw, 56, 8) << 24
    limit = _bits(raw, 0, 16) | _bits(raw, 48, 4) << 16
    if raw >> 55 & 1:
        limit = limit << 12 | 0xfff
    kind_bits, system = _bits(raw, 40, 4), not raw >> 44 & 1
    if raw == 0:
        kind, flags = "null", ""
    elif system:
        kind, flags = SYSTEM_TYPES.get(kind_bits, f"reserved type {kind_bits}"), ""
        if len(data) == 16:
            base |= int.from_bytes(data[8:12], "little") << 32
    else:
        code = bool(kind_bits & 8)
        kind = _code_kind(raw) if code else "data"
        flags = _segment_flags(raw, code)
    return Descriptor(selector, kind, base, limit, _bits(raw, 45, 2), bool(raw >> 47 & 1), flags, data)


def decode_gdt(data: bytes, long_mode: bool) -> list:
    """All descriptors of a table; a wide one takes two places."""
    found, offset = [], 0
    while offset + 8 <= len(data):
        access = data[offset + 5]
        wide = long_mode and not access & 0x10 and access & 0xf in WIDE_SYSTEM_TYPES and offset + 16 <= len(data)
        length = 16 if wide else 8
        found.append(decode_descriptor(offset, data[offset:offset + length]))
        offset += length
    return found


def _gate_kind(bits: int, long_mode: bool) -> str:
    width = "64-bit " if long_mode else "32-bit " if bits in (14, 15) else ""
    return width + SYSTEM_TYPES.get(bits, f"reserved type {bits}")


def decode_idt(data: bytes, mode: str) -> list:
    """`mode`: "real" (four bytes a vector), "protected" (eight) or "long" (sixteen)."""
    size = {"real": 4, "protected": 8, "long": 16}[mode]
    gates = []
    for vector in range(len(data) // size):
        raw = int.from_bytes(data[vector * size:(vector + 1) * size], "little")
        if mode == "real":  # SDM 3A §20.1.4
            gates.append(Gate(vector, "vector", _bits(raw, 16, 16), _bits(raw, 0, 16), 0, 0, True))
            continue
        offset = _bits(raw, 0, 16) | _bits(raw, 48, 16) << 16
        if mode == "long":
            offset |= _bits(raw, 64, 32) << 32
        gates.append(Gate(vector, _gate_kind(_bits(raw, 40, 4), mode == "long"), _bits(raw, 16, 16), offset,
                          _bits(raw, 45, 2), _bits(raw, 32, 3) if mode == "long" else 0, bool(raw >> 47 & 1)))
    return gates


def vector_name(vector: int) -> str:
    return EXCEPTIONS[vector] if vector < len(EXCEPTIONS) else ""
