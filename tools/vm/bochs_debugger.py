"""Bochs' instruction debugger, driven through pipes: one command in, its output as lines.

Bochs writes its prompt only while the machine is stopped, and nothing is sent before the prompt has come: whatever
reads standard input while the machine runs (the display does, looking for keys) finds nothing to take.
"""
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from vm import bochs, host

PROMPT = re.compile(rb"<bochs:\d+> $")
REPLY_LIMIT_S = 120
RUN_LIMIT_S = 180
READ_BYTES = 65536
POWER_ON = "946684800"  # 2000-01-01


class DebuggerError(host.HostError):
    pass


class Debugger:
    """A machine stopped before its first instruction; use as a context manager."""

    def __init__(self, options, image: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="astra-"))
        self._process = None
        self._options = options
        self._source = image

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception) -> None:
        if self._process:
            self._process.send_signal(signal.SIGKILL)  # nothing else ends it for certain
            self._process.wait()
            self._process.stdin.close()
            self._process.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        image = self._folder / "boot.img"
        shutil.copyfile(self._source, image)
        config = self._folder / "bochsrc"
        config.write_text(bochs.configuration(self._options, image, self._folder / "bochs.log", [], bochs.RFB, POWER_ON))
        with open(self._folder / "errors", "wb") as errors:
            self._process = subprocess.Popen(
                bochs.command(config, Path(os.devnull)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                env=dict(os.environ, TERM="xterm"), start_new_session=True)
        self._read_to_prompt("the start of Bochs", REPLY_LIMIT_S)

    def command(self, text: str) -> list:
        """The lines that a command prints. For commands that do not run the machine."""
        return self._ask(text, REPLY_LIMIT_S)

    def run(self, text: str) -> list:
        """The same for `c`, `s` and the like; DebuggerError when the machine does not stop again."""
        return self._ask(text, RUN_LIMIT_S)

    def _ask(self, text: str, limit_s: float) -> list:
        self._process.stdin.write(text.encode() + b"\n")
        self._process.stdin.flush()
        lines = self._read_to_prompt(f"`{text}`", limit_s)
        return lines[1:] if lines and lines[0] == text else lines  # it repeats what it read

    def _read_to_prompt(self, what: str, limit_s: float) -> list:
        received = bytearray()
        end = time.monotonic() + limit_s
        while not PROMPT.search(received[-READ_BYTES:]):
            ready, _, _ = select.select([self._process.stdout], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise DebuggerError(f"{what}: the machine did not stop again within {limit_s} s")
            data = os.read(self._process.stdout.fileno(), READ_BYTES)
            if not data:
                raise DebuggerError(f"{what}: Bochs has ended:\n{received.decode(errors='replace')}{self._errors()}")
            received += data
        return PROMPT.sub(b"", received).decode("utf-8", "replace").splitlines()

    def _errors(self) -> str:
        return (self._folder / "errors").read_text(errors="replace")[-2000:]
