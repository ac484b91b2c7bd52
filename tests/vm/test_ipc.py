"""Locks, seals, System V IPC, message queues and what happens at their edges, checked by programs that run the same on Linux."""
import pytest

from vm import host

# Program and how many checks it makes.
PROGRAMS = {"futex_pi": 22, "seals": 6, "sysv_ipc": 18, "mqueue": 10, "sharing": 6, "edges": 13, "counted": 5, "futex_keys": 3,
            "io_ports": 6, "segments": 6}


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_on_linux(guest_exec, name):
    program = host.BUILD / "tests" / "programs" / name
    result = guest_exec("/tmp/p", options=["--smp", "4", "--add", f"{program}:/tmp/p"])
    checks = result.text.splitlines()
    assert result.status == 0 and all(line.startswith("ok ") for line in checks), result.text
    assert len(checks) == PROGRAMS[name]
