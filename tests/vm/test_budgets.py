"""Instruction budgets of the hot paths, counted by QEMU's -icount: repeatable on any machine."""
from vm import host

PROGRAMS = host.BUILD / "tests" / "programs"

# Instructions for one operation, user side included.
BUDGETS = {
    "getpid": 150,
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
