"""docs/debugging.md: its transcripts are what the debuggers print.

With ASTRA_WRITE_DOCS=1 in the environment the GDB transcripts are written anew instead.
"""
import os
import re
import subprocess

import pytest

from vm import host

PAGE = host.ROOT / "docs" / "debugging.md"
BLOCK = re.compile(r"(?<=```gdb\n).*?(?=```)", re.DOTALL)
LIMIT_S = 600
MARK = "@@@"


def shape(text: str) -> list:
    """Lines without what differs from build to build: numbers, and the width of columns."""
    plain = re.sub(r"\b(0x)?[0-9a-f]*\d[0-9a-f]*\b", "N", text)
    return [re.sub(r"\s+", " ", line).strip() for line in plain.splitlines() if line.strip()]


def commands(text: str) -> list:
    return re.findall(r"^\(gdb\) (.*)$", text, re.MULTILINE)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """What each command of the page prints, all in one session."""
    script = tmp_path_factory.mktemp("page") / "commands"
    script.write_text("".join(f"echo {MARK}\\n\n{line}\n" for block in BLOCK.findall(PAGE.read_text())
                              for line in commands(block)))
    result = subprocess.run([host.ROOT / "astra", "debug", "--init", "/sys/bin/sh", "--batch", str(script)],
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT_S)
    assert result.returncode == 0, result.stdout + result.stderr
    session = re.sub(r"\[Inferior 1 \(process 1\) detached\]\s*$", "", result.stdout)
    return [text.strip("\n") for text in session.split(f"{MARK}\n")[1:]]


def _transcripts(outputs: list) -> list:
    """The page's blocks as they should be."""
    rest, blocks = iter(outputs), []
    for block in BLOCK.findall(PAGE.read_text()):
        blocks.append("".join(f"(gdb) {line}\n{text}\n" if (text := next(rest)) else f"(gdb) {line}\n"
                              for line in commands(block)))
    return blocks


def test_gdb_transcripts(outputs):
    wanted = _transcripts(outputs)
    if os.environ.get("ASTRA_WRITE_DOCS"):
        rest = iter(wanted)
        PAGE.write_text(BLOCK.sub(lambda _: next(rest), PAGE.read_text()))
    assert len(wanted) >= 5
    for found, block in zip(BLOCK.findall(PAGE.read_text()), wanted):
        assert shape(found) == shape(block)


def test_bochs_transcript(astra, tmp_path):
    block = re.search(r"```bochs\n(.*?)```", PAGE.read_text(), re.DOTALL)[1]
    script = tmp_path / "commands"
    script.write_text("".join(line + "\n" for line in re.findall(r"^<bochs:\d+> (.*)$", block, re.MULTILINE)))
    printed = shape(astra("bochs", "--batch", str(script), limit_s=LIMIT_S).text)
    rest = iter(printed)
    for line in shape(re.sub(r"^<bochs.*\n", "", block, flags=re.MULTILINE)):
        assert line in rest, f"not printed, or not in this order: {line}"
