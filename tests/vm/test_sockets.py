"""AF_UNIX sockets: exact answers, no leaks, no lock taken in the wrong order."""
import re
import subprocess

import pytest

from vm import host

PROGRAMS = host.BUILD / "tests" / "programs"
DEBUG_IMAGE = host.BUILD / "debug" / "astra.img"
PARTS = 27
# Objects of the caches that sockets use; those of small sizes serve everybody and waver a little.
CACHES = ("unix_socket", "file", "inode")
SLACK = 12


def check_parts(result):
    lines = result.text.splitlines()
    assert result.status == 0 and len(lines) == PARTS and all(line.startswith("ok ") for line in lines), result.text


def test_calls_answer_as_linux_does(guest_exec):
    """tests/vm/programs/unix_sockets/, whose answers are Linux's."""
    check_parts(guest_exec("/tmp/p", options=["--add", f"{PROGRAMS}/unix_sockets:/tmp/p"]))


def test_the_program_is_right_about_linux():
    """On the host, if that is Linux with AF_UNIX as of 6.1: what else may differ is not our concern."""
    done = subprocess.run([PROGRAMS / "unix_sockets"], capture_output=True, text=True, timeout=120)
    assert done.stdout.count("ok ") >= PARTS - 2, done.stdout


MEASURE = """
    slab() { sed -n 's/^\\('$1'\\) [0-9]* \\([0-9]*\\) .*/\\2/p' /kernel/runtime/slab; }
    show() { for cache in unix_socket file inode kmalloc-64 kmalloc-128 kmalloc-256 kmalloc-512 kmalloc-1024; do
        echo $1 $cache $(slab $cache); done; echo $1 sockets $(($(wc -l < /proc/net/unix) - 1)); }
    settle() { for i in $(seq 300); do [ $(slab unix_socket) = 0 ] && break; sleep 0.2; done; sleep 0.5; }
    /tmp/p > /dev/null; /tmp/s 2 2 200 > /dev/null; settle; show before > /tmp/before; cat /tmp/before
    # Until there is no more than before, but for a few of what others use, too: things are freed some time later.
    more() { show after > /tmp/after; awk '{n[NR > 9 ? NR - 9 : NR] = NR > 9 ? $3 - n[NR - 9] : $3}
        END {for (i in n) if (n[i] > 12) exit 0; exit 1}' /tmp/before /tmp/after; }
"""


def objects(text: str, moment: str) -> dict:
    return {name: int(count) for name, count in re.findall(rf"^{moment} (\S+) (\d+)$", text, re.MULTILINE)}


@pytest.fixture
def debug_image():
    host.build("debug")


def test_nothing_is_left_behind_and_locks_are_in_order(astra, debug_image, tmp_path):
    """Both programs on four CPUs of the checking kernel; what they used is free again afterwards."""
    console = tmp_path / "console"
    script = MEASURE + "/tmp/p; /tmp/s 4 4 2000; settle; for i in $(seq 100); do more || break; sleep 0.3; done; cat /tmp/after"
    result = astra("exec", "--timeout", "400", "--smp", "4", "--image", str(DEBUG_IMAGE), "--console", str(console),
                   "--add", f"{PROGRAMS}/unix_sockets:/tmp/p", "--add", f"{PROGRAMS}/unix_stress:/tmp/s",
                   "--", "sh", "-c", script, limit_s=400)
    assert result.status == 0 and result.text.count("\nok ") >= PARTS - 1 and "done 0" in result.text, result.text
    assert not re.findall(r"lockdep: .*", console.read_text(errors="replace"))
    before, after = objects(result.text, "before"), objects(result.text, "after")
    assert len(before) == 9 and before["unix_socket"] == before["sockets"]
    grown = {name: (before[name], after[name]) for name in before
             if after[name] > before[name] + (SLACK if name not in ("unix_socket", "sockets") else 0)}
    assert not grown, grown


def test_collecting_leaves_time_for_others(guest_exec):
    """tests/vm/programs/unix_chain.c: thousands of sockets in flight, and a reason to look at them at each close."""
    result = guest_exec("/tmp/p", "4000", options=["--smp", "2", "--add", f"{PROGRAMS}/unix_chain:/tmp/p"])
    assert result.status == 0 and result.text.count("ok ") == 3 and "BAD" not in result.text, result.text


def test_system_log(guest_script):
    """busybox's syslogd and logger, over /dev/log."""
    out = guest_script("""
        syslogd -O /tmp/log; while [ ! -S /dev/log ]; do sleep 0.05; done
        stat -c %F /dev/log; logger -t tester -p user.info the message; logger -t tester again
        until grep -q again /tmp/log; do sleep 0.1; done
        sed -n 's/.*tester: //p' /tmp/log; grep -c ' /dev/log$' /proc/net/unix; killall syslogd
    """)
    assert out.splitlines() == ["socket", "the message", "again", "1"]
