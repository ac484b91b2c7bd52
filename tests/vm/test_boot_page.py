"""docs/boot.md: what it shows of a running machine is what a running machine shows."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("ASTRA_ROOT", Path(__file__).parents[2]))
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "tree")]

import boot_page
from vm.symbols import Symbols

BLOCKS = boot_page.blocks((ROOT / "docs" / "boot.md").read_text())
LIMIT_S = 120
MACHINE = ["-m", "256M", "-cpu", "qemu64", "-accel", "tcg", "-nodefaults", "-vga", "std", "-display", "none"]
NEXT = "@@next"


def sessions(kind: str, prompt: str) -> list:
    """(place, [(command, what it prints)]) of each block of that kind."""
    found = []
    for block in (block for block in BLOCKS if block.kind == kind):
        parts = ("\n" + block.text).split("\n" + prompt)[1:]
        found.append((block.argument, [tuple((part.rstrip("\n") + "\n").split("\n", 1)) for part in parts]))
    assert found
    return found


def gdb_script(places: list, symbols: Symbols) -> list:
    script = ["set confirm off", "set pagination off", "set architecture i386:x86-64"]
    now = "reset"
    for place, commands in places:
        if place != now:
            now = place
            image, name = place.split()
            script += [f"hbreak *{symbols.find(name, image).address:#x}", "continue", "delete"]
        for command, _ in commands:
            script += [f"echo {NEXT}\\n", command]
        script.append(f"echo {NEXT}\\n")
    return script


@pytest.fixture(name="stub")
def fixture_stub(tmp_path):
    """A machine stopped before its first instruction; its GDB socket."""
    image, socket = tmp_path / "boot.img", tmp_path / "gdb"
    image.write_bytes((ROOT / "build" / "astra.img").read_bytes())
    machine = subprocess.Popen(["qemu-system-x86_64", *MACHINE, "-S", "-gdb", f"unix:{socket},server=on,wait=off",
                                "-drive", f"file={image},if=none,id=disk,format=raw", "-device", "ide-hd,drive=disk"],
                               stdin=subprocess.DEVNULL)
    try:
        yield socket
    finally:
        machine.kill()
        machine.wait()


def wait_for(path: Path) -> None:
    subprocess.run(["sh", "-c", 'while ! [ -S "$0" ]; do sleep 0.1; done', str(path)], check=True, timeout=60)


def test_what_gdb_shows(stub):
    wait_for(stub)
    places = sessions("gdb", "(gdb) ")
    script = gdb_script(places, Symbols(ROOT / "build"))
    script.insert(3, f"target remote {stub}")
    line = ["gdb", "-nx", "-batch", *(word for command in script for word in ("-ex", command))]
    done = subprocess.run(line, capture_output=True, text=True, timeout=LIMIT_S)
    parts = iter(done.stdout.split(NEXT + "\n")[1:])
    for place, commands in places:
        for command, printed in commands:
            assert next(parts, done.stdout + done.stderr) == printed, f"{command} at {place}"
        next(parts, None)  # on the way to the next place


def test_what_the_guest_shows(guest_exec):
    commands = [command for _, part in sessions("guest", "$ ") for command in part]
    script = "".join(f"echo {NEXT}\n{command}\n" for command, _ in commands)
    result = guest_exec("sh", "-c", script, options=["--cpu", "qemu64", "--accel", "tcg", "--mem", "256M"])
    assert result.status == 0
    for (command, printed), found in zip(commands, result.text.split(NEXT + "\n")[1:], strict=True):
        assert found == printed, command
