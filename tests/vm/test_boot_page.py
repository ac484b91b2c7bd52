"""docs/boot.md: what it shows of a running machine is what a running machine shows."""
import os
import sys
from pathlib import Path

ROOT = Path(os.environ.get("ASTRA_ROOT", Path(__file__).parents[2]))
sys.path.insert(0, str(ROOT / "tests" / "tree"))

import boot_page

BLOCKS = boot_page.blocks((ROOT / "docs" / "boot.md").read_text())
MACHINE = ["--image", str(ROOT / "build" / "astra.img"), "--mem", "256M", "--cpu", "qemu64", "--accel", "tcg"]
NEXT = "@@next"
MOVES = ("thbreak ", "continue")  # what they print has the numbers of source lines


def shown(kind: str, prompt: str) -> list:
    """(command, what the page says it prints), in order."""
    found = []
    for block in (block for block in BLOCKS if block.kind == kind):
        for part in ("\n" + block.text).split("\n" + prompt)[1:]:
            command, _, printed = (part.rstrip("\n") + "\n").partition("\n")
            found.append((command, printed))
    assert found
    return found


def test_what_the_debugger_shows(astra, tmp_path):
    commands = shown("gdb", "(gdb) ")
    script = tmp_path / "script"
    script.write_text("".join(f"echo {NEXT}\\n\n{command}\n" for command, _ in commands))
    result = astra("debug", "--reset", "--batch", str(script), *MACHINE)
    assert result.status == 0, result.text + result.err.decode(errors="replace")
    parts = result.text.split(NEXT + "\n")[1:]
    parts[-1] = parts[-1].split("[Inferior")[0]
    for (command, printed), found in zip(commands, parts, strict=True):
        assert found == printed or (command.startswith(MOVES) and printed == ""), command


def test_what_the_guest_shows(guest_exec):
    commands = shown("guest", "$ ")
    script = "".join(f"echo {NEXT}\n{command}\n" for command, _ in commands)
    result = guest_exec("sh", "-c", script, options=MACHINE)
    assert result.status == 0
    for (command, printed), found in zip(commands, result.text.split(NEXT + "\n")[1:], strict=True):
        assert found == printed, command
