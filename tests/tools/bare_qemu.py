"""Starts an image with a QEMU command line that is not ./astra's own, and waits for the prompt on COM1."""
import subprocess
import time
from pathlib import Path

BOOT_LIMIT_S = 400
POLL_S = 0.1
PROMPT = "Welcome to Astra"


def boot(command: list, folder: Path, marker: str = PROMPT, console: Path = None) -> str:
    """Runs QEMU without a window until `marker` appears on COM1; what COM1 printed. `console`: the (empty) file where
    `command` itself sends COM1."""
    log = folder / "emulator.log"
    line = [*command, "-display", "none", "-monitor", "none", "-no-reboot"]
    if not console:
        console = folder / "console"
        console.write_bytes(b"")
        line += ["-serial", f"file:{console}"]
    with open(log, "wb") as output:
        machine = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
    try:
        return _wait(machine, console, log, marker)
    finally:
        machine.kill()
        machine.wait()


def _wait(machine, console: Path, log: Path, marker: str) -> str:
    limit = time.monotonic() + BOOT_LIMIT_S
    while time.monotonic() < limit:
        ended = machine.poll() is not None
        text = console.read_text(errors="replace")
        if marker in text:
            return text
        assert not ended, f"QEMU ended:\n{log.read_text(errors='replace')}\n{text[-2000:]}"
        time.sleep(POLL_S)
    raise AssertionError(f"no {marker!r} after {BOOT_LIMIT_S} s:\n{console.read_text(errors='replace')[-2000:]}")
