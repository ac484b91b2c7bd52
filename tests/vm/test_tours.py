"""The tours: each is played again and must give its transcript; a step that differs must be noticed."""
import dataclasses
import difflib
import os
import pty
import select
import signal
import subprocess
import termios
import time
from pathlib import Path

import pytest

import tours
from vm import host, tour
from vm.symbols import Symbol
from vm.tour_model import At, Until
from vm.tour_render import Document
from vm.tour_text import Namer, live, settled

PROMPT = b"[Enter] next"
LIMIT_S = 120


def play(changed) -> str:
    document = Document()
    tour.play(changed, document)
    return document.text()


@pytest.mark.parametrize("name", tours.NAMES)
def test_transcript_is_what_the_build_plays(name):
    written = (tour.FOLDER / f"{name}.md").read_text()
    difference = "\n".join(difflib.unified_diff(written.splitlines(), tour.transcript(name).splitlines(),
                                                f"docs/tours/{name}.md", "played now", lineterm=""))
    assert not difference, f"{difference}\n`./astra tour --write` writes the transcripts anew, once the texts are right"


def test_every_tour_has_its_place():
    files = {path.stem for path in (host.ROOT / "tools" / "tours").glob("[a-z]*.py")}
    assert files == {name.replace("-", "_") for name in tours.NAMES}
    documents = {path.stem for path in tour.FOLDER.glob("*.md")} - {"README"}
    assert documents == set(tours.NAMES)
    index = (tour.FOLDER / "README.md").read_text()
    assert all(f"({name}.md)" in index for name in tours.NAMES)


# ---- what must be noticed ----------------------------------------------------------------------

def change_step(name: str, number: int, **changes):
    whole = tours.load(name)
    steps = list(whole.steps)
    steps[number] = dataclasses.replace(steps[number], **changes)
    return dataclasses.replace(whole, steps=tuple(steps))


def test_another_stop_gives_another_transcript():
    whole = tours.load("mbr")
    last = len(whole.steps) - 1
    assert play(change_step("mbr", last)) == play(whole)
    assert play(change_step("mbr", last, until=At("stage2:stage2_start"))) != play(whole)


def test_claim_that_does_not_hold_ends_the_tour():
    with pytest.raises(host.HostError, match="cr0 & 1"):
        play(change_step("mbr", 0, claims=("cr0 & 1",)))


def test_stop_that_is_not_reached_ends_the_tour():
    with pytest.raises(host.HostError, match="still not"):
        play(change_step("mbr", 1, until=Until("cs == 0x1234")))


def test_what_differs_between_builds_is_hidden_and_nothing_else():
    class Table:
        all = [Symbol("vm_fault", 0xffffffff80235c20, 0, 64, "kernel", ".text")]

        def at(self, address):
            return self.all[0] if address >= self.all[0].address else None

    namer = Namer(Table(), loader_tables=False)
    line = namer.mark("target=0x0010:ffffffff80235c24, DPL=0")
    assert settled(line) == "target=0x0010:<vm_fault+0x4>, DPL=0"
    assert live(line) == "target=0x0010:ffffffff80235c24 <vm_fault+0x4>, DPL=0"
    assert settled(namer.entry(0x8000000003fbe027)) == "800<frame>027"
    assert settled(namer.entry(0x0000000003fbf025)) == "000<frame>025"
    assert settled(namer.entry(0x0000000000041003)) == "000<frame>003"
    assert settled(Namer(Table(), loader_tables=True).entry(0x0000000000041003)) == "0000000000041003"
    for kept in ("CR0=0x80010033: PG cd nw ac WP", "0x0000000000007c00 : 0xeb 0x58", "0x00cf9b000000ffff", "0x534d4150"):
        assert settled(namer.mark(kept)) == kept


# ---- the learner's side ------------------------------------------------------------------------

def command_of(process: Path) -> bytes:
    """Its arguments; none, if it has ended."""
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


class Learner:
    """./astra tour in a terminal."""

    def __init__(self, folder: Path, name: str) -> None:
        self.terminal, self._side = pty.openpty()
        self.before = termios.tcgetattr(self.terminal)
        self.folder = folder
        self.process = subprocess.Popen(
            [str(host.ROOT / "astra"), "tour", name], stdin=self._side, stdout=self._side, stderr=self._side,
            env=dict(os.environ, TMPDIR=str(folder), TERM="xterm"), start_new_session=True,
            preexec_fn=self._become_foreground)

    @staticmethod
    def _become_foreground() -> None:
        os.close(os.open(os.ttyname(0), os.O_RDWR))  # makes it the controlling terminal
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored where the tests run in a shell's background

    def read(self, wanted: bytes) -> str:
        received, end = b"", time.monotonic() + LIMIT_S
        while wanted not in received:
            assert select.select([self.terminal], [], [], max(0, end - time.monotonic()))[0], received.decode()
            received += os.read(self.terminal, 65536)
        return received.decode()

    def answer(self, text: str) -> str:
        os.write(self.terminal, text.encode())
        return self.read(PROMPT)

    def finish(self, text: bytes = b"") -> int:
        os.write(self.terminal, text)
        status = self.process.wait(LIMIT_S)
        assert termios.tcgetattr(self.terminal) == self.before
        assert not list(self.folder.iterdir())
        assert not [command for command in map(command_of, Path("/proc").glob("[0-9]*")) if os.fsencode(self.folder) in command]
        os.close(self.terminal)
        os.close(self._side)
        return status


def test_a_learner_looks_around(tmp_path):
    learner = Learner(tmp_path, "mbr")
    first = learner.read(PROMPT)
    assert "The BIOS jumps to 0x7C00" in first and "A table" not in first and "\x1b[" in first
    assert "0x55    0xaa" in learner.answer("x /2bx 0x7dfe\n")
    assert "0x0000000000020000" in learner.answer("x /1wx {stage2:stage2_header}\n")
    assert "syntax error" in learner.answer("nonsense\n")
    assert "no symbol" in learner.answer("x /1wx {stage2:nothing}\n")
    assert "would leave the tour" in learner.answer("c\n")
    assert "2/6 A table and a signature" in learner.answer("\n")
    assert learner.finish(b"q\n") == 0


def test_ctrl_c_leaves_nothing_behind(tmp_path):
    learner = Learner(tmp_path, "mbr")
    learner.read(PROMPT)
    assert learner.finish(b"\x03") == 130


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signal_leaves_nothing_behind(tmp_path, number):
    learner = Learner(tmp_path, "syscall")
    learner.read(PROMPT)
    learner.process.send_signal(number)
    assert learner.finish() == 128 + number


def test_without_a_terminal_everything_is_printed(astra):
    result = astra("tour", "mbr", limit_s=LIMIT_S)
    assert result.status == 0 and b"The jump to stage2" in result.out and b"\x1b" not in result.out


def test_output_that_nobody_reads_ends_the_tour():
    done = subprocess.run(f"{host.ROOT}/astra tour mbr | head -3", shell=True, capture_output=True, timeout=LIMIT_S)
    assert done.returncode == 0 and b"Traceback" not in done.stderr and b"The boot sector" in done.stdout


def test_list_names_all(astra):
    result = astra("tour")
    assert result.status == 0 and all(name in result.text for name in tours.NAMES)
