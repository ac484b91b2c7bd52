"""The registers as QEMU's x86-64 stub sends them, and as GDB is to see them in code of 16, 32 and 64 bits.

The stub always speaks of a 64-bit CPU. GDB disassembles, unwinds and reads variables rightly only with the
registers of the mode that the code runs in, so 16- and 32-bit code gets a description of its own.
"""

_GENERAL = ("ax", "bx", "cx", "dx", "si", "di", "bp", "sp")  # QEMU's order
_SEGMENTS = ("cs", "ss", "ds", "es", "fs", "gs")
_SYSTEM = ("cr0", "cr2", "cr3", "cr4", "cr8", "efer")
_FPU_CONTROL = ("fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop")

# QEMU's gdb-xml/i386-64bit.xml: (name, bytes), numbered from 0.
WIDE = ([("r" + name, 8) for name in _GENERAL] + [(f"r{n}", 8) for n in range(8, 16)] + [("rip", 8), ("eflags", 4)] +
        [(name, 4) for name in _SEGMENTS] + [(name, 8) for name in ("fs_base", "gs_base", "k_gs_base")] +
        [(name, 8) for name in _SYSTEM] + [(f"st{n}", 10) for n in range(8)] + [(name, 4) for name in _FPU_CONTROL])

NUMBERS = {name: number for number, (name, _) in enumerate(WIDE)}
SIZES = dict(WIDE)
OFFSETS = {name: sum(size for _, size in WIDE[:number]) for name, number in NUMBERS.items()}
PC = "rip"

# (GDB's name, QEMU's name, bytes); the order of GDB's own i386 description.
NARROW = ([("e" + name, "r" + name, 4) for name in ("ax", "cx", "dx", "bx", "sp", "bp", "si", "di")] +
          [("eip", "rip", 4), ("eflags", "eflags", 4)] + [(name, name, 4) for name in _SEGMENTS] +
          [(f"st{n}", f"st{n}", 10) for n in range(8)] + [(name, name, 4) for name in _FPU_CONTROL] +
          [(name, name, 4) for name in _SYSTEM if name != "cr8"])

_TYPES = {"eip": "code_ptr", "esp": "data_ptr", "ebp": "data_ptr", "eflags": "i386_eflags"}
_ARCHITECTURES = {16: "i8086", 32: "i386"}
_EFLAGS = (("CF", 0), ("", 1), ("PF", 2), ("AF", 4), ("ZF", 6), ("SF", 7), ("TF", 8), ("IF", 9), ("DF", 10),
           ("OF", 11), ("NT", 14), ("RF", 16), ("VM", 17), ("AC", 18), ("VIF", 19), ("VIP", 20), ("ID", 21))


def _register_xml(name: str, size: int) -> str:
    kind = _TYPES.get(name, "i387_ext" if size == 10 else "int")
    group = ' group="float"' if name in _FPU_CONTROL else ' group="system"' if name in _SYSTEM else ""
    return f'<reg name="{name}" bitsize="{size * 8}" type="{kind}"{group}/>'


def description(bits: int) -> bytes:
    """The target description of a CPU in 16- or 32-bit code (GDB manual, appendix G)."""
    flags = "".join(f'<field name="{name}" start="{bit}" end="{bit}"/>' for name, bit in _EFLAGS)
    core = [_register_xml(name, size) for name, _, size in NARROW if name not in _SYSTEM]
    system = [_register_xml(name, size) for name, _, size in NARROW if name in _SYSTEM]
    return (f'<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target>'
            f'<architecture>{_ARCHITECTURES[bits]}</architecture>'
            f'<feature name="org.gnu.gdb.i386.core"><flags id="i386_eflags" size="4">{flags}</flags>'
            f'{"".join(core)}</feature><feature name="astra.system">{"".join(system)}</feature></target>').encode()


def get(wide: bytes, name: str) -> int:
    """One register of what the stub sent."""
    return int.from_bytes(wide[OFFSETS[name]:OFFSETS[name] + SIZES[name]], "little")


def put(wide: bytes, name: str, value: int) -> bytes:
    """The same with one register replaced."""
    start, end = OFFSETS[name], OFFSETS[name] + SIZES[name]
    return wide[:start] + value.to_bytes(SIZES[name], "little") + wide[end:]


def narrow(wide: bytes) -> bytes:
    """For a view of 16 or 32 bits."""
    return b"".join(wide[OFFSETS[source]:OFFSETS[source] + size] for _, source, size in NARROW)


def wide_name(bits: int, number: int):
    """QEMU's name of the register that GDB calls `number` in a view; None: the stub knows best."""
    table = [name for name, _ in WIDE] if bits == 64 else [source for _, source, _ in NARROW]
    return table[number] if number < len(table) else None
