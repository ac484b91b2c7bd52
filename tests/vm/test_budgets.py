"""Instruction budgets of the hot paths, counted by QEMU's -icount: repeatable on any machine."""
import re

from vm import host

PROGRAMS = host.BUILD / "tests" / "programs"

# Instructions for one operation, user side included.
BUDGETS = {
    "getpid": 150,
    "unix_round_trip": 5_500,
    "unix_64k": 21_000,
    "fork_exit_wait": 80_000,
    "fork_exec_wait": 200_000,
}


def test_hot_paths_stay_in_budget(guest_exec):
    result = guest_exec("/tmp/cost", "/tmp/tiny", options=["--icount", "--cpu", "qemu64",
                        "--add", f"{PROGRAMS}/instruction_cost:/tmp/cost", "--add", f"{PROGRAMS}/tiny:/tmp/tiny"])
    assert result.status == 0
    costs = {name: int(count) for name, count in (line.split() for line in result.text.splitlines())}
    print(costs)
    over = {name: (costs[name], budget) for name, budget in BUDGETS.items() if costs[name] > budget}
    assert not over, f"over budget (measured, allowed): {over}"


BOOT_BUDGET = 20_000_000
INSTRUCTIONS_PER_US = 500  # -icount shift=1: 2 ns each
PAGE_ARRAY_PER_GIB = 400_000  # what a GiB more may cost: struct page, a 4 MiB block at a time


def boot_instructions(guest_exec, folder, memory: str) -> int:
    console = folder / f"console-{memory}"
    guest_exec("true", options=["--icount", "--cpu", "qemu64", "--mem", memory, "--console", str(console)])
    found = re.search(rb"first program (\d+) us after the kernel's entry", console.read_bytes())
    assert found, console.read_bytes()[-2000:]
    return int(found[1]) * INSTRUCTIONS_PER_US


def test_boot_stays_in_budget_and_hardly_grows_with_memory(guest_exec, tmp_path):
    cost = {memory: boot_instructions(guest_exec, tmp_path, memory) for memory in ("64M", "256M", "8G")}
    print(cost)
    assert max(cost.values()) <= BOOT_BUDGET
    assert cost["8G"] - cost["64M"] <= 8 * PAGE_ARRAY_PER_GIB
