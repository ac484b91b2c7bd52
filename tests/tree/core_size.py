#!/usr/bin/python3
"""How large the named core is: code lines by part. Run it for the table; test_layers.py holds it to a limit.

A code line has something on it besides white space and comments. Self-tests (*_test.c) are not counted. Of
lib/ only the files count that the core includes, directly or through another file of lib/: the rest (on-disk
formats, terminal engines, ACPI tables, ...) serves loader, drivers and filesystems.
"""
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("kernel/arch", "kernel/sync", "kernel/mm", "kernel/sched", "kernel/task", "kernel/vm", "kernel/proc",
         "kernel/trap")
SUFFIXES = (".c", ".h", ".asm")
LIB_INCLUDE = re.compile(r'^\s*#\s*include\s+"(lib/[^"]+)"', re.MULTILINE)
C_TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.DOTALL)


def code_lines(path: Path) -> int:
    text = path.read_text()
    if path.suffix == ".asm":
        return sum(1 for line in text.splitlines() if line.split(";")[0].strip())
    without = C_TOKEN.sub(lambda token: token[0] if token[0][0] in "\"'" else "\n" * token[0].count("\n"), text)
    return sum(1 for line in without.splitlines() if line.strip())


def part_files(part: str) -> list:
    return [path for path in sorted((ROOT / part).rglob("*"))
            if path.suffix in SUFFIXES and not path.stem.endswith("_test")]


def lib_files() -> list:
    """Headers of lib/ that the core reaches, each with its .c file."""
    found = set()
    todo = [path for part in PARTS for path in part_files(part)]
    while todo:
        for name in LIB_INCLUDE.findall(todo.pop().read_text()):
            for path in (ROOT / name, (ROOT / name).with_suffix(".c")):
                if path.exists() and path not in found:
                    found.add(path)
                    todo.append(path)
    return sorted(found)


def measure() -> dict:
    sizes = {"lib": sum(map(code_lines, lib_files()))}
    for part in PARTS:
        sizes[part] = sum(map(code_lines, part_files(part)))
    return sizes


def table() -> str:
    sizes = measure()
    rows = [f"{part:14}{size:7}" for part, size in sizes.items()]
    return "\n".join(rows + [f"{'together':14}{sum(sizes.values()):7}"])


if __name__ == "__main__":
    print(table())
