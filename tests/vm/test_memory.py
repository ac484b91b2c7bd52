"""Memory and exec, checked by programs that run the same on Linux."""
from vm import host

PROGRAMS = host.BUILD / "tests" / "programs"


def check(result, count):
    bad = [line for line in result.text.splitlines() if not line.startswith("ok ")]
    assert result.status == 0 and not bad, result.text + result.err.decode(errors="replace")
    assert result.text.count("ok ") == count


def test_memory_semantics(guest_exec):
    check(guest_exec("/tmp/memory", options=["--mem", "64M", "--add", f"{PROGRAMS}/memory:/tmp/memory"]), 16)


def test_exec_rules(guest_exec):
    check(guest_exec("/tmp/exec_rules", "test", options=["--add", f"{PROGRAMS}/exec_rules:/tmp/exec_rules"]), 7)


def test_what_limits_and_promises_refuse(guest_exec):
    """tests/vm/programs/memory_rules.c: rlimits of memory, overcommit modes, ETXTBSY, random layouts."""
    program = host.BUILD / "tests" / "programs" / "memory_rules"
    result = guest_exec("env", "SYSCTL=1", "/tmp/p", options=["--add", f"{program}:/tmp/p"])
    checks = result.text.splitlines()
    assert result.status == 0 and len(checks) >= 38 and all(line.startswith("ok ") for line in checks), result.text
