"""Reads docs/boot.md: its marked blocks, and the numbers that must be those of the build.

A fenced block may have a marker in the line before it:
  <!-- from FILE -->     lines of that file, as they are but for common indentation; a line `...` leaves some out
  <!-- gdb -->           `(gdb) COMMAND` lines, each with what `./astra debug --reset` prints; all blocks are one session
  <!-- guest -->         `$ COMMAND` lines, each with what it prints in the guest
Every other number written 0x... must occur in such a block, or stand in the hidden table at the end of the page:
  0x7c00 = c EXPRESSION          C, with the headers of HEADERS
  0x7c5a = stage1 NAME           a symbol's linear address (also stage2, kernel)
  0x534d4150 = PATH EXPRESSION   with constants that the file, or a file of the folder, defines by #define, enum, equ
  0xfffffff0 = spec WHERE        a fact of the hardware or the BIOS, with its source
"""
import re
import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path

HEADERS = ("boot/layout.h", "boot/bootinfo.h", "boot/stage2_header.h", "kernel/mm/layout.h", "lib/fat.h", "lib/elf.h",
           "lib/mbr.h")
BLOCK = re.compile(r"(?:^<!-- (from|gdb|guest)(?: ([^\n]+?))? -->\n)?^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TABLE = re.compile(r"^<!-- numbers\n(.*?)^-->$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\b0x[0-9a-fA-F]+\b")
SPECIFICATIONS = ("SDM ", "EDD ", "ACPI ", "PC/AT ", "FAT spec", "16550 ", "8259A ", "SeaBIOS", "UEFI ",
                  "psABI ")


@dataclass(frozen=True)
class Block:
    kind: str  # from, gdb, guest, or "" for text
    argument: str
    text: str


def blocks(page: str) -> list:
    return [Block(match[1] or "", match[2] or "", match[3]) for match in BLOCK.finditer(page)]


def table(page: str) -> list:
    """(number, kind, expression) of each line."""
    rows = []
    for line in TABLE.search(page)[1].splitlines():
        number, kind, expression = re.fullmatch(r"(0x[0-9a-f]+) = (\S+) (.+)", line).groups()
        rows.append((int(number, 16), kind, expression))
    return rows


def numbers(page: str) -> set:
    """Those in the text: outside of marked blocks and of the table."""
    text = TABLE.sub("", page)
    text = BLOCK.sub(lambda match: "" if match[1] else match[3], text)
    return {int(number, 16) for number in NUMBER.findall(text)}


def checked_numbers(page: str) -> set:
    """Those in marked blocks, which are compared as a whole."""
    marked = "\n".join(block.text for block in blocks(page) if block.kind)
    return {int(number, 16) for number in NUMBER.findall(marked)}


def occurs(code: str, source: str) -> bool:
    """Whether the pieces of `code` stand in `source` in this order."""
    lines = [line.rstrip() for line in source.splitlines()]
    at = 0
    for piece in re.split(r"^ *\.\.\. *\n", code, flags=re.MULTILINE):
        wanted = textwrap.dedent(piece).rstrip().splitlines()
        starts = range(at, len(lines) - len(wanted) + 1)
        found = next((i for i in starts if _same(lines[i:i + len(wanted)], wanted)), None)
        if found is None:
            return False
        at = found + len(wanted)
    return True


def _same(lines: list, wanted: list) -> bool:
    if not wanted or wanted[0].strip() != lines[0].strip():  # cheap, and mostly decides
        return not wanted
    return textwrap.dedent("\n".join(lines)).splitlines() == [line.rstrip() for line in wanted]


def evaluate_c(root: Path, folder: Path, expressions: list) -> list:
    """Values of C expressions, by the compiler that builds the host tools."""
    source = folder / "numbers.c"
    lines = [f'#include "{header}"' for header in HEADERS] + ["#include <stdio.h>", "int main(void) {"]
    lines += [f'    printf("%llx\\n", (unsigned long long)({expression}));' for expression in expressions]
    source.write_text("\n".join(lines + ["    return 0;", "}", ""]))
    program = folder / "numbers"
    subprocess.run(["gcc", "-std=gnu11", f"-I{root}", str(source), "-o", str(program)], check=True)
    return [int(word, 16) for word in subprocess.check_output([str(program)], text=True).split()]


def source_text(path: Path) -> str:
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return "\n".join(file.read_text() for file in files if file.suffix in (".c", ".h", ".asm"))


def _definition(source: str, name: str) -> str:
    match = re.search(rf"^\s*#define\s+{name}\s+(.+?)\s*(?:/\*.*)?$|^{name}\s+equ\s+(.+?)\s*(?:;.*)?$|"
                      rf"\b{name}\s*=\s*([^,;}}\n]+)", source, re.MULTILINE)
    if not match:
        raise KeyError(name)
    return next(filter(None, match.groups()))


def constant(source: str, expression: str) -> int:
    """The value of an expression of constants that `source` defines."""
    text = re.sub(r"\b(0x[0-9a-fA-F]+|\d+)[uUlL]+\b", r"\1", expression)
    text = re.sub(r"\bBIT\(([^)]*)\)", r"(1 << (\1))", text)
    text = re.sub(r"\b[A-Za-z_]\w*\b", lambda word: str(constant(source, _definition(source, word[0]))), text)
    if not re.fullmatch(r"[0-9a-fA-FxX()+\-*/<>|&~ ]+", text):
        raise ValueError(f"{expression} = {text}")
    return eval(text)  # digits and operators only
