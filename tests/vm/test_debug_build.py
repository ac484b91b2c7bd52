"""The kernel with its costly checks (DEBUG=1): lock order, undefined behaviour, more asserts. On four CPUs.

The self-tests hold the seeded faults: `lockdep.*` and `ubsan.*` must see each of them. Everything the shell tests do
must then run without a single report.
"""
import re

import pytest

from test_shell import *  # noqa: F403: the same tests, on this kernel
from test_views import test_everything_can_be_listed_and_read  # noqa: F401
from vm import host

REPORT = re.compile(r"(?:lockdep|ubsan): .*(?:\n.*fault: .*)*")


@pytest.fixture(scope="module", autouse=True)
def debug_image():
    host.build("debug")


@pytest.fixture
def guest_exec(checked_exec):
    return checked_exec("debug", REPORT)


def test_seeded_faults_are_found(guest_exec, console):
    assert guest_exec("true", options=["--append", "selftest"]).status == 0
    text = console.read_text(errors="replace")
    assert re.search(r"# pass:\d+ fail:0\s", text), text
    assert {"cycle", "interrupt", "sleep"} <= set(re.findall(r": ok \d+ lockdep\.(\w+)", text))
    assert {"seeded", "clean"} <= set(re.findall(r": ok \d+ ubsan\.(\w+)", text))


def test_parallel_work(guest_script):
    """Many processes at once in the same directories, pipes and terminals."""
    out = guest_script("""
        cd /tmp; mkdir shared
        for worker in 1 2 3 4 5 6; do (
            for round in 1 2 3 4 5; do
                mkdir -p shared/$worker/$round; echo $round > shared/$worker/file; ln shared/$worker/file shared/l$worker
                mv shared/$worker/file shared/$worker/$round; mv shared/$worker/$round shared/moved$worker
                cat shared/moved$worker/* /proc/self/status /proc/self/maps | sort | tail -1 > /dev/null
                rm -r shared/moved$worker shared/l$worker; ps > /dev/null; kill -0 $$; (sleep 0.01; exit $round) & wait $!
            done ) & done; wait; ls shared | wc -l
    """)
    assert out == "6\n"


def test_strain(guest_exec):
    result = guest_exec("/tmp/strain", options=["--add", f"{host.BUILD}/tests/programs/strain:/tmp/strain"], timeout_s=900)
    assert result.status == 0, result.text
