"""Instruction budgets of the hot paths, counted by QEMU's -icount: repeatable on any machine."""
import re

from vm import bench_run, bench_table

# Instructions for one operation, user side included; docs/benchmarks.md has what they are and what Linux takes.
BUDGETS = {
    "getpid": 110,
    "open_close": 2_000,
    "stat": 1_200,
    "pagefault_anon": 1_100,
    "mmap_munmap": 3_000,
    "fork_exit_wait": 40_000,
    "fork_exec_wait": 100_000,
    "thread_create_join": 18_000,
    "pipe_pingpong": 4_500,
    "unix_pingpong": 5_500,
    "unix_bw_64k": 27_000,
    "futex_pingpong_proc": 4_000,
    "yield_switch": 1_000,
    "signal_pingpong": 4_500,
    "poll_100": 17_000,
    "epoll_1000": 700,
}


# What 1,000 of something may add to an operation beside 10 of them, in instructions: what they add on Linux, or less.
GROWTH = {
    "processes": 2_000,
    "children": 2_000,
    "threads": 4_500,
    "mappings": 1_500,
    "descriptors": 150,
    "timers": 30,
    "epoll_members": 120,
    "run_queue": 250,
}


def costs_of(guest_exec, *command, memory: str = "256M") -> dict:
    """Instructions of one operation of each row."""
    options = ["--icount", "--cpu", "qemu64", "--mem", memory]
    for target, source in bench_run.IN_GUEST.items():
        options += ["--add", f"{source}:{target}"]
    result = guest_exec(*command, options=options)
    assert result.status == 0
    run = bench_table.Run()
    for line in result.text.splitlines():
        run.take(line)
    return bench_table.instructions(run)


def test_costs_hardly_grow_with_numbers(guest_exec):
    script = f"for n in 10 1000; do /bench/bench --rounds 3 --size $n {' '.join(GROWTH)}; done"
    costs = costs_of(guest_exec, "sh", "-c", script, memory="1G")
    print(costs)
    added = {name: costs[f"{name}@1000"] - costs[f"{name}@10"] for name in GROWTH}
    over = {name: (added[name], most) for name, most in GROWTH.items() if added[name] > most}
    assert not over, f"grows too fast (added, allowed): {over}"


def test_hot_paths_stay_in_budget(guest_exec):
    costs = costs_of(guest_exec, "/bench/bench", "--rounds", "3", *BUDGETS)
    print(costs)
    over = {name: (costs.get(name), budget) for name, budget in BUDGETS.items() if costs.get(name, budget + 1) > budget}
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
