"""Processes, signals, threads and futexes, checked by a program that runs the same on Linux."""
from vm import host

PROGRAM = host.BUILD / "tests" / "programs" / "processes"


def test_process_semantics(guest_exec):
    result = guest_exec("/tmp/processes", options=["--add", f"{PROGRAM}:/tmp/processes"])
    bad = [line for line in result.text.splitlines() if not line.startswith("ok ")]
    assert result.status == 0 and not bad, result.text + result.err.decode(errors="replace")
    assert result.text.count("ok ") >= 24
