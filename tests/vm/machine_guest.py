"""A guest on one of the machines of machines.py, and what it shows: on COM1, COM2 or the text screen alone."""
import os
import re
import select
import tempfile
import time
from pathlib import Path

from machines import Machine
from vm import host
from vm.guest import Guest
from vm.session import Session

SCREEN_ADDRESS, SCREEN_COLUMNS, SCREEN_ROWS = 0xB8000, 80, 25
POLL_S = 0.1
ECHO_LIMIT_S = 300


class MachineGuest(Guest):
    """`extra`: more of QEMU's arguments."""

    def __init__(self, machine: Machine, image: Path, extra=()) -> None:
        self._machine, self.image, self._extra = machine, image, list(extra)
        self._folder = Path(tempfile.mkdtemp(prefix="astra-"))
        self._listeners = []
        self.console_bytes = bytearray()
        self.process = self.console = self.port = None

    def _start(self) -> None:
        line = [host.need("qemu-system-x86_64"), *self._machine.arguments(self.image)]
        if self._machine.serial:
            for _ in range(2):
                line += ["-serial", f"tcp:127.0.0.1:{self._listen()}"]
        line += ["-monitor", "none", "-qmp", f"unix:{self._folder / 'qmp'},server=on,wait=off"]
        self._spawn(line + self._extra)
        if self._machine.serial:
            self.console, self.port = (self._accept(listener) for listener in self._listeners)

    def screen(self) -> list:
        """The lines of the VGA text screen, from its memory."""
        path = self._folder / "screen"
        self.monitor("pmemsave", val=SCREEN_ADDRESS, size=SCREEN_COLUMNS * SCREEN_ROWS * 2, filename=str(path))
        cells = path.read_bytes()[::2].decode("cp437")
        return [cells[row * SCREEN_COLUMNS:(row + 1) * SCREEN_COLUMNS].rstrip() for row in range(SCREEN_ROWS)]

    def type(self, text: str) -> None:
        """On the keyboard, US layout: letters, digits, space, plus sign and the end of a line. Its buffer is small: each
        character must be on the screen before the next is typed."""
        names = {" ": ["spc"], "\n": ["ret"], "+": ["shift", "equal"]}
        for count, character in enumerate(text, 1):
            keys = [{"type": "qcode", "data": name} for name in names.get(character, [character])]
            self.monitor("send-key", keys=keys)
            if character not in " \n":
                self.wait_for_screen(text[:count], ECHO_LIMIT_S)

    def screen_text(self) -> str:
        """All cells in one line: words at the end of a line are not torn."""
        return "".join(line.ljust(SCREEN_COLUMNS) for line in self.screen())

    def run_command(self, limit_s: float) -> tuple:
        """(status, output) of the command that the image holds, over COM2."""
        reader, writer = os.pipe()
        try:
            null = os.open(os.devnull, os.O_RDONLY)
            status = Session(self, null, writer, writer, limit_s, limit_s).run()
            os.close(null)
        finally:
            os.close(writer)
        with open(reader, "rb") as output:
            return status, output.read().decode(errors="replace")

    def wait_for_console(self, pattern: str, limit_s: float) -> str:
        """All that COM1 has said, once it holds the pattern."""
        limit = time.monotonic() + limit_s
        while not re.search(pattern, text := self.console_bytes.decode(errors="replace").replace("\r", "")):
            assert time.monotonic() < limit and (self.process.poll() is None or self.read_console()), \
                f"{pattern!r} did not come:\n{text}\n{self.emulator_log()}"
            if not self.read_console():
                select.select([self.console], [], [], POLL_S)
        return text

    def wait_for_screen(self, text: str, limit_s: float) -> str:
        """All of the screen once it shows `text`."""
        limit = time.monotonic() + limit_s
        while True:
            assert self.process.poll() is None, self.emulator_log()
            try:
                shown = "\n".join(self.screen())
            except (OSError, ValueError):
                shown = ""  # QEMU is not yet listening
            if text in shown:
                return shown
            assert time.monotonic() < limit, f"{text!r} did not come:\n{shown}"
            time.sleep(POLL_S)
