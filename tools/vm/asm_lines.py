"""Line numbers of assembly for GDB: nasm's debugging information, rewritten so that GDB understands it.

Nasm describes a source file as one range of addresses, though its sections lie apart, and real-mode code is linked at
offset 0 of its segment. Here each run of lines becomes a compilation unit of its own, at its linear address (DWARF 2,
§3.1 and §6.2). The C code's information stays as it is.
"""
import collections
import re
import struct
import subprocess
from pathlib import Path

from vm import host
from vm.symbols import Symbols, read_sections

NASM_VERSION = 2  # of DWARF, as nasm writes it; gcc writes 5
_HEADING = re.compile(r"^(?:CU: )?(\S+\.asm):$")
_LINE_RELOCATION = re.compile(r" R_X86_64_64 +[0-9a-f]+ (\S+)")
_ROW = re.compile(r"^\S+\.asm\s+(\d+|-)\s+(?:0x)?([0-9a-f]+)\b")

# DWARF 2 figures 14, 18-20, 33 and 34
_TAG_COMPILE_UNIT, _LANGUAGE_ASSEMBLER = 0x11, 0x8001
_AT_STMT_LIST, _AT_LOW_PC, _AT_HIGH_PC, _AT_LANGUAGE, _AT_NAME, _AT_COMP_DIR = 0x10, 0x11, 0x12, 0x13, 0x03, 0x1b
_FORM_ADDR, _FORM_DATA2, _FORM_DATA4, _FORM_STRING = 0x01, 0x05, 0x06, 0x08
_LNS_COPY, _LNS_ADVANCE_PC, _LNS_ADVANCE_LINE = 1, 2, 3
_LNE_END, _LNE_SET_ADDRESS = 1, 2
_OPCODE_LENGTHS = bytes((0, 1, 1, 1, 1, 0, 0, 0, 1))  # of the standard opcodes 1 to 9


def _tool(program: str, *arguments) -> str:
    command = [host.need(program), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise host.HostError(f"{program} failed: {result.stderr.strip()}")
    return result.stdout


def sequences(text: str) -> list:
    """(file, [(line, address), ...], end address) of each run in `readelf --debug-dump=decodedline`'s output."""
    found, rows, name = [], [], ""
    for line in text.splitlines():
        if heading := _HEADING.match(line):
            name = heading[1]
        if not (row := _ROW.match(line)):
            continue
        address = int(row[2], 16)
        if row[1] == "-":
            found.append((name, rows, address))
            rows = []
        else:
            rows.append((int(row[1]), address))
    return [run for run in found if run[1]]


def _leb(value: int, signed: bool = False) -> bytes:
    """LEB128, DWARF 2 §7.6."""
    out = bytearray()
    while True:
        low, value = value & 0x7f, value >> 7
        done = value == 0 and not (signed and low & 0x40) or signed and value == -1 and low & 0x40
        out.append(low | (0 if done else 0x80))
        if done:
            return bytes(out)


def line_program(name: str, rows: list, end: int, word: str) -> bytes:
    """One run of lines as a .debug_line contribution; `word`: struct's letter for an address."""
    header = struct.pack("<BBbBB", 1, 1, -5, 14, len(_OPCODE_LENGTHS) + 1) + _OPCODE_LENGTHS
    header += b"\0" + name.encode() + b"\0" + bytes(3) + b"\0"  # no folders; one file
    size = struct.calcsize(word)
    program = bytes((0, size + 1, _LNE_SET_ADDRESS)) + struct.pack("<" + word, rows[0][1])
    line, address = 1, rows[0][1]
    for new_line, new_address in rows:
        program += bytes((_LNS_ADVANCE_PC,)) + _leb(new_address - address)
        program += bytes((_LNS_ADVANCE_LINE,)) + _leb(new_line - line, True) + bytes((_LNS_COPY,))
        line, address = new_line, new_address
    program += bytes((_LNS_ADVANCE_PC,)) + _leb(end - address) + bytes((0, 1, _LNE_END))
    body = struct.pack("<HI", NASM_VERSION, len(header)) + header + program
    return struct.pack("<I", len(body)) + body


def _unit(name: str, low: int, high: int, line_offset: int, abbrev_offset: int, word: str) -> bytes:
    """A compilation unit without children for .debug_info."""
    die = b"\x01" + struct.pack("<I" + 2 * word + "H", line_offset, low, high, _LANGUAGE_ASSEMBLER)
    die += name.encode() + b"\0" + str(host.ROOT).encode() + b"\0"
    body = struct.pack("<HIB", NASM_VERSION, abbrev_offset, struct.calcsize(word)) + die
    return struct.pack("<I", len(body)) + body


_ABBREVIATION = bytes((1, _TAG_COMPILE_UNIT, 0, _AT_STMT_LIST, _FORM_DATA4, _AT_LOW_PC, _FORM_ADDR, _AT_HIGH_PC,
                       _FORM_ADDR, _AT_LANGUAGE, _FORM_DATA2, _AT_NAME, _FORM_STRING, _AT_COMP_DIR, _FORM_STRING,
                       0, 0, 0))


def without_nasm_units(info: bytes) -> bytes:
    """The contents of .debug_info less the units that nasm wrote."""
    kept, offset = b"", 0
    while offset < len(info):
        length, version = struct.unpack_from("<IH", info, offset)
        if version != NASM_VERSION:
            kept += info[offset:offset + 4 + length]
        offset += 4 + length
    return kept


def rewrite(elf: Path, target: Path, runs: list, word: str, changes: list) -> None:
    """Copies `elf` to `target` with these runs of lines instead of nasm's; `changes`: more words for objcopy."""
    parts = {name: target.with_suffix(name) for name in (".debug_info", ".debug_line", ".debug_abbrev")}
    _tool("objcopy", *[word for name, path in parts.items() for word in ("--dump-section", f"{name}={path}")], elf,
          target)
    info = without_nasm_units(parts[".debug_info"].read_bytes())
    lines, abbrev = parts[".debug_line"].read_bytes(), parts[".debug_abbrev"].read_bytes()
    for name, rows, end in runs:
        info += _unit(name, rows[0][1], end, len(lines), len(abbrev), word)
        lines += line_program(name, rows, end, word)
    for name, data in ((".debug_info", info), (".debug_line", lines), (".debug_abbrev", abbrev + _ABBREVIATION)):
        parts[name].write_bytes(data)
    updates = [word for name, path in parts.items() for word in ("--update-section", f"{name}={path}")]
    _tool("objcopy", *updates, "--remove-section", ".debug_aranges", *changes, target)


def _section_bases(object_file: Path, symbols: Symbols) -> dict:
    """Where the linker put each section of an object: most of its labels agree on it."""
    votes = {}
    for name, value, section in read_sections(object_file):
        for address in symbols.addresses(name, "kernel"):
            votes.setdefault(section, collections.Counter())[address - value] += 1
    return {section: counter.most_common(1)[0][0] for section, counter in votes.items()}


def _kernel_runs(source: Path, folder: Path, symbols: Symbols) -> list:
    """The lines of one of the kernel's assembly files, at the kernel's addresses: it is assembled once more."""
    target = folder / f"{source.stem}.o"
    relative = source.relative_to(host.ROOT)
    subprocess.run([host.need("nasm"), "-f", "elf64", "-g", "-F", "dwarf", "-w-all", "-DCONFIG_DEBUG=0", "-I./",
                    str(relative), "-o", str(target)], cwd=host.ROOT, check=True, capture_output=True)
    bases = _section_bases(target, symbols)
    sections = _LINE_RELOCATION.findall(_tool("readelf", "--wide", "--relocs", target).partition(".rela.debug_line")[2]
                                        .partition("\n\n")[0])
    runs = sequences(_tool("readelf", "--wide", "--debug-dump=decodedline", target))
    return [(name, [(line, bases[section] + address) for line, address in rows], bases[section] + end)
            for section, (name, rows, end) in zip(sections, runs) if section in bases]


def linear_kernel(elf: Path, target: Path, symbols: Symbols) -> None:
    """The kernel for GDB, with the lines of its assembly, which its own file leaves out."""
    runs = [run for source in sorted((host.ROOT / "kernel").rglob("*.asm"))
            for run in _kernel_runs(source, target.parent, symbols)]
    rewrite(elf, target, runs, "Q", [])


def linear_stage2(elf: Path, target: Path, base: int) -> None:
    """Stage2 for GDB: its real-mode section, linked at 0, moves to `base`, where it runs."""
    text = _tool("readelf", "--wide", "--debug-dump=decodedline", elf)
    runs = [(name, [(line, address + base if address < base else address) for line, address in rows],
             end + base if end < base else end) for name, rows, end in sequences(text)]
    rewrite(elf, target, runs, "I", ["--change-section-address", f".real+{base:#x}"])
