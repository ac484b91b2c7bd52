"""Everything that can run out does: it is refused or somebody is killed, the rest goes on, nothing leaks."""
import pytest

from vm import host

STRAIN = ["--add", f"{host.BUILD}/tests/programs/strain:/tmp/strain"]


@pytest.mark.parametrize("memory, cpus", [("256M", 1), ("32M", 1), ("256M", 4)])
def test_all_comes_back(guest_exec, memory, cpus):
    result = guest_exec("sh", "-c", "/tmp/strain; code=$?; ls / | grep -c sys; exit $code",
                        options=["--mem", memory, "--smp", str(cpus), *STRAIN], timeout_s=900)
    failed = [line for line in result.text.splitlines() if not line.endswith(" ok")]
    assert result.status == 0 and failed == ["1"], result.text


def test_process_numbers_come_back(guest_script):
    """More processes than there are numbers, each seen in /proc."""
    out = guest_script("/tmp/strain numbers; sh -c 'echo alive'", options=["--mem", "1G", *STRAIN])
    assert out == "numbers ok\nalive\n"
