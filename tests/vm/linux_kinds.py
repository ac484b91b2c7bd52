#!/usr/bin/python3
"""What Linux answers to every call on every kind of descriptor: tests/vm/programs/kinds/ run on Debian's kernel in QEMU, as
root. Run as a program, it records that anew in kinds.linux.txt; test_kinds.py compares Astra's answers.

A line is one call: `CALL: ANSWER KIND...; ANSWER *COUNT`, the most frequent answer last. The line `kinds` names all kinds;
`open` says which could be made, and `-` stands for the answers of those that could not.
"""
import sys
from pathlib import Path

import linux_answers

PROGRAM = linux_answers.host.BUILD / "tests" / "programs" / "kinds"
RECORD = Path(__file__).resolve().parent / "kinds.linux.txt"
SECTION = "kinds"
MOUNTS = "".join(f"/bin/busybox mkdir -p {place}; /bin/busybox mount -t {kind} {kind} {place}; "
                 for kind, place in [("sysfs", "/sys"), ("devpts", "/dev/pts")])


def answers(text: str) -> dict:
    """Call -> kind -> answer; kinds that could not be made answer only `open`."""
    lines = linux_answers.sections(text)[SECTION]
    kinds, found = lines.pop(SECTION).split(), {}
    for call, line in lines.items():
        named, usual, _ = linux_answers.answers(line)
        found[call] = {kind: named.get(kind, usual) for kind in kinds if named.get(kind, usual) != "-"}
    return found


def recorded() -> dict:
    return answers(RECORD.read_text())


def main() -> int:
    linux_answers.host.build("vm-programs")
    script = MOUNTS + f"/kinds --patience {linux_answers.PATIENCE_MS}"
    text, kernel, version = linux_answers.ask_linux(PROGRAM, "/kinds", script)
    found = linux_answers.sections(text).get(SECTION)
    if not found:
        print(text[-2000:], file=sys.stderr)
        return 1
    lines = [f"# What Linux {version} ({kernel}) answers of every kind of descriptor, recorded by tests/vm/linux_kinds.py.",
             f"[{SECTION}]", *(f"{name}: {line}" for name, line in found.items())]
    RECORD.write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
