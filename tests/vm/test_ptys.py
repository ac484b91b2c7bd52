"""Pseudo-terminals: tests/vm/programs/ptys.c, which runs the same on Linux, and what they leave behind."""
from vm import host

PROGRAM = host.BUILD / "tests" / "programs" / "ptys"
CHECKS = 49


def test_pseudo_terminals(guest_exec):
    script = "/tmp/ptys; echo status $?; cat /proc/sys/kernel/pty/nr; ls /dev/pts; stat -c '%t:%T %a' /dev/ptmx"
    result = guest_exec("sh", "-c", script, options=["--smp", "2", "--add", f"{PROGRAM}:/tmp/ptys"])
    *checks, status, left, names, ptmx = result.text.splitlines()
    assert len(checks) == CHECKS and all(line.startswith("ok ") for line in checks), result.text
    assert (status, left, names, ptmx) == ("status 0", "0", "ptmx", "5:2 666")
