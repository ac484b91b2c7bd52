"""Vector registers across switches and signals, with each way the CPU offers to save them."""
import pytest

from vm import host

PROGRAM = host.BUILD / "tests" / "programs" / "fpu_switch"


@pytest.mark.parametrize("cpu", ["qemu64", "Nehalem", "Skylake-Client", "max"])
def test_vector_registers_are_kept(guest_exec, cpu):
    result = guest_exec("/tmp/fpu_switch", options=["--cpu", cpu, "--add", f"{PROGRAM}:/tmp/fpu_switch"])
    assert (result.status, result.text) == (0, "kept\n")
