#!/usr/bin/python3
"""What Linux answers to bad arguments: tests/vm/programs/arguments/ run on Debian's kernel in QEMU, as root and as an
ordinary user. Run as a program, it records that anew in arguments.linux.txt; test_arguments.py compares Astra's answers.

A line is one argument of one row: `ROW.ARGUMENT: ANSWER VALUE...; ANSWER *COUNT`, the most frequent answer last.
"""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parents[1] / "tools"))
from vm import bench_linux, host  # noqa: E402

PROGRAM = host.BUILD / "tests" / "programs" / "arguments"
RECORD = FOLDER / "arguments.linux.txt"
USERS = {"nobody": 65534, "root": 0}  # in this order: root may change what nobody finds
PATIENCE_MS = 1000  # Linux takes its time in an emulator
LIMIT_S = 3600
MEMORY = "256M"


def command(path: str, options: str = "") -> str:
    """A shell command that runs the program as each user, with a heading before each run."""
    return "; ".join(f"echo '[{name}]'; {path} {options} --user {number}" for name, number in USERS.items())


def sections(text: str) -> dict:
    """User -> line's name -> its answers as text."""
    found, lines = {}, {}
    for line in text.replace("\r", "").splitlines():
        if heading := re.fullmatch(r"\[(\w+)\]", line):
            lines = found.setdefault(heading[1], {})
        elif answer := re.fullmatch(r"([a-z_0-9-]+(?:\.\d)?): (.*)", line):
            lines[answer[1]] = answer[2]
    return found


def answers(line: str) -> tuple:
    """Value -> answer; the answer of all others, and how many those are."""
    named = {}
    *groups, rest = line.split("; ")
    for group in groups:
        answer, *values = group.split()
        named.update(dict.fromkeys(values, answer))
    answer, _, count = rest.partition(" *")
    return named, answer, int(count or 1)


def differences(theirs: str, ours: str) -> list:
    """(value, their answer, our answer) for each value that is answered differently."""
    (named, usual, count), (our_named, our_usual, _) = answers(theirs), answers(ours)
    values = list(dict.fromkeys([*named, *our_named]))
    if len(values) < len(named) + count:
        values.append("others")
    pairs = [(value, named.get(value, usual), our_named.get(value, our_usual)) for value in values]
    return [pair for pair in pairs if pair[1] != pair[2]]


def recorded() -> dict:
    """As sections(); where nobody's answers are root's, the record leaves them out."""
    found = sections(RECORD.read_text())
    return {"root": found["root"], "nobody": {**found["root"], **found["nobody"]}}


def explain(found: list, deviations: list) -> list:
    """For each (pattern, reason) the lines "CALL VALUE: THEIRS -> OURS" that it matches whole; fails if any is left."""
    explained = [[line for line in found if re.fullmatch(pattern, line)] for pattern, _ in deviations]
    rest = sorted(set(found) - {line for lines in explained for line in lines})
    assert not rest, "\n".join(rest)
    return explained


def check_needed(explained: list, deviations: list) -> None:
    unused = [pattern for (pattern, _), lines in zip(deviations, explained) if not lines]
    assert not unused, f"no longer differs: {unused}"


def ask_linux(program: Path, place: str, script: str) -> tuple:
    """(what the script printed on Linux, where the program is at `place`; the kernel's file, its version)."""
    kernel, version = bench_linux.kernel()
    with tempfile.TemporaryDirectory(prefix="astra-answers-") as folder:
        initrd = Path(folder) / "initramfs.cpio"
        initrd.write_bytes(bench_linux.initramfs({place: program}, script))
        line = bench_linux.command_line(kernel, initrd, MEMORY, 1, ["-accel", "tcg"])
        done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                              timeout=LIMIT_S, check=True)
    return done.stdout, kernel.name, version


def main() -> int:
    host.build("vm-programs")
    script = "/bin/busybox chmod 1777 /tmp; /bin/busybox chmod 755 /; " + command("/tmp/arguments", f"--patience {PATIENCE_MS}")
    text, kernel, version = ask_linux(PROGRAM, "/tmp/arguments", script)
    found = sections(text)
    if set(found) != set(USERS) or len(found["root"]) != len(found["nobody"]):
        print(text[-2000:], file=sys.stderr)
        return 1
    lines = [f"# What Linux {version} ({kernel}) answers to bad arguments, recorded by tests/vm/linux_answers.py.", "[root]"]
    lines += [f"{name}: {line}" for name, line in found["root"].items()]
    lines += ["[nobody]"]
    lines += [f"{name}: {line}" for name, line in found["nobody"].items() if line != found["root"][name]]
    RECORD.write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
