"""The vDSO: clocks without a system call, on pages that all programs share."""
from vm import host

PROGRAM = host.BUILD / "tests" / "programs" / "vdso"
ADD = ["--add", f"{PROGRAM}:/tmp/vdso"]
CHECKS = 16
COST_MAX = 70  # instructions of clock_gettime(CLOCK_MONOTONIC)


def test_agrees_with_the_system_calls(guest_exec):
    result = guest_exec("/tmp/vdso", options=ADD)
    bad = [line for line in result.text.splitlines() if not line.startswith("ok ")]
    assert result.status == 0 and not bad, result.text + result.err.decode(errors="replace")
    assert result.text.count("ok ") == CHECKS


def test_lies_somewhere_else_each_time(guest_exec):
    result = guest_exec("sh", "-c", "for i in 1 2 3 4 5 6 7 8; do /tmp/vdso place; done", options=ADD)
    places = result.text.split()
    assert len(places) == 8 and len(set(places)) == 8 and all(place.endswith("000") for place in places)


def test_costs_a_few_instructions(guest_exec):
    result = guest_exec("/tmp/vdso", "cost", options=["--icount", "--cpu", "qemu64", *ADD])
    costs = {name: int(count) for name, count in (line.split() for line in result.text.splitlines())}
    print(costs)
    assert 0 < costs["vdso"] <= COST_MAX < costs["syscall"]
