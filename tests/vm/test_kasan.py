"""The kernel with a check before every access to memory (KASAN=1), on four CPUs.

The self-tests hold a seeded bug of each kind; the first that is not seeded panics. What the shell does
must run without one.
"""
import re

import pytest

from test_shell import (test_broken_pipe_ends_the_writer, test_every_applet_starts, test_files_and_directories,  # noqa: F401
                        test_time)
from vm import host

IMAGE = host.BUILD / "kasan" / "astra.img"


@pytest.fixture(scope="module", autouse=True)
def kasan_image():
    host.build("kasan")


@pytest.fixture
def guest_exec(checked_exec):
    return checked_exec("kasan", re.compile("kernel panic| lockdep: "))


def test_seeded_bugs_are_found(guest_exec, console):
    assert guest_exec("true", options=["--append", "selftest"]).status == 0
    text = console.read_text(errors="replace")
    assert re.search(r"# pass:\d+ fail:0\s", text), text
    found = set(re.findall(r": ok \d+ kasan\.([\w-]+)", text))
    assert {"out-of-bounds", "use-after-free", "double-free", "free-page", "large-kmalloc", "copies"} <= found


def test_report_names_who_had_it(astra, console):
    """`crash=use-after-free`: what was used, who allocated and who freed it, by name."""
    result = astra("exec", "--image", str(IMAGE), "--append", "crash=use-after-free", "--console", str(console), "--", "true")
    text = console.read_text(errors="replace")
    assert result.status == 125, text
    assert re.search(r"kasan: use after free: read of 1 bytes, from \S+ on, in crash_use_after_free\+", text), text
    assert re.search(r"byte 7 of a kmalloc-64 \(64 bytes at \S+\)", text), text
    assert re.search(r"allocated by (kmalloc\+.*\n.*called by )?crash_use_after_free\+", text), text
    assert re.search(r"freed by (kfree\+.*\n.*called by )?crash_use_after_free\+", text), text
