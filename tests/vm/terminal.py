"""A guest on a real pseudo-terminal, as a person has it: ./astra run, typed at and read from."""
import os
import pty
import re
import select
import signal
import subprocess
import time

from vm import host

PROMPT = r"root@astra:[^\n]*# "
BOOT_LIMIT_S = 360
ANSWER_LIMIT_S = 300


class Terminal:
    """Use as a context manager; `expect` fails with everything seen so far."""

    def __init__(self, *options: str, command: str = "run") -> None:
        self._master, slave = pty.openpty()
        self.seen = ""
        # The controlling terminal of its session: Ctrl-C is a signal.
        self._process = subprocess.Popen(["setsid", "--ctty", host.ROOT / "astra", command, *options], stdin=slave,
                                         stdout=slave, stderr=slave)
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *_exception) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._master)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def _read(self, limit_s: float) -> bool:
        if not select.select([self._master], [], [], max(0, limit_s))[0]:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # the other end is closed
            return False
        self.seen += data.decode("utf-8", "replace").replace("\r", "")
        return bool(data)

    def expect(self, pattern: str, limit_s: float = ANSWER_LIMIT_S) -> str:
        """Waits until the regular expression matches; returns what came before it and forgets up to there."""
        limit = time.monotonic() + limit_s
        while not (match := re.search(pattern, self.seen)):
            ended = self._process.poll() is not None  # before the last look at what it said
            if self._read(0.1 if ended else limit - time.monotonic()):
                continue
            if ended:
                raise AssertionError(f"the machine ended before {pattern!r}; seen:\n{self.seen[-3000:]}")
            if time.monotonic() >= limit:
                raise AssertionError(f"no {pattern!r} within {limit_s} s; seen:\n{self.seen[-3000:]}")
        before, self.seen = self.seen[:match.start()], self.seen[match.end():]
        return before

    def command(self, line: str, limit_s: float = ANSWER_LIMIT_S) -> str:
        """Types a line at the prompt; returns what it printed."""
        self.type(line + "\n")
        self.expect(re.escape(line[-20:]) + r"\n")
        return self.expect(PROMPT, limit_s)

    def repeat(self, line: str, pattern: str, limit_s: float = ANSWER_LIMIT_S) -> str:
        """Types a line again and again until what it prints has the pattern; returns that."""
        limit = time.monotonic() + limit_s
        while not re.search(pattern, printed := self.command(line)):
            assert time.monotonic() < limit, f"no {pattern!r} by {line!r}:\n{printed}"
        return printed

    def boot(self) -> str:
        return self.expect(PROMPT, BOOT_LIMIT_S)

    def end(self, limit_s: float = ANSWER_LIMIT_S) -> int:
        """Waits for the machine to end by itself."""
        limit = time.monotonic() + limit_s
        while self._process.poll() is None and time.monotonic() < limit:
            self._read(0.1)
        return self._process.wait(1)
