"""Races on purpose, on four CPUs: under lockdep and UBSan, and with every access to memory checked.

The program (tests/vm/programs/races/) decides by its seed what to do, checks what must hold however its threads
interleave, and that the kernel has as much memory and as few threads after each part as before.
"""
import re
import subprocess

import pytest

from vm import host

RACES = host.BUILD / "tests" / "programs" / "races"
PARTS = re.compile(r"^(\w+) ok$", re.MULTILINE)
BUG = re.compile(r"kernel panic|\b(lockdep|ubsan|kasan): ")
ALL = {"mappings", "copies", "truncation", "processes", "exec", "futexes", "inheritance", "robust", "descriptors", "polls", "names",
       "scheduling", "timers", "signals", "proc", "rseq", "clock", "ipc"}


def race(astra, console, variant, *arguments, smp=4, memory="256M", limit_s=900):
    host.build(variant)
    result = astra("exec", "--timeout", str(limit_s), "--smp", str(smp), "--mem", memory, "--console", str(console),
                   "--image", str(host.BUILD / variant / "astra.img"), "--add", f"{RACES}:/tmp/races",
                   "--", "/tmp/races", *arguments, limit_s=limit_s)
    text = console.read_text(errors="replace")
    assert not BUG.search(text), text[-6000:]
    assert result.status == 0, result.text
    return set(PARTS.findall(result.text))


@pytest.mark.parametrize("variant", ["debug", "kasan"])
def test_races(astra, tmp_path, variant):
    assert race(astra, tmp_path / "console", variant, "-s", "1", "-t", "1") == ALL


def test_the_program_is_right_on_this_machine():
    """What it demands holds on the host's kernel too."""
    result = subprocess.run([RACES, "-t", "1", "mappings", "copies", "futexes", "inheritance", "processes", "descriptors",
                             "polls", "names", "ipc"],
                            capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout


@pytest.mark.long
@pytest.mark.parametrize("seed", ["2", "3", "4"])
@pytest.mark.parametrize("variant, smp", [("debug", 4), ("debug", 2), ("kasan", 4), ("debug", 8)])
def test_other_seeds(astra, tmp_path, variant, smp, seed):
    assert race(astra, tmp_path / "console", variant, "-s", seed, "-t", "10", smp=smp, limit_s=3000) == ALL
