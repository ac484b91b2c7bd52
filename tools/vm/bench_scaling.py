"""./astra bench --scaling: what a second CPU gains when each does work of its own, on both systems.

A row's gain is how much more work two workers do in the same time than one does: 2 is the most."""
import statistics

from vm import bench_run, bench_table, host

ROWS = ("cpu_loop", "getpid", "stat", "open_close", "mmap_munmap", "pagefault_anon", "sig_deliver", "fork_exit_wait",
        "fork_exec_wait", "thread_create_join", "pipe_pingpong", "futex_pingpong_thread", "file_read_64k")
WORKERS = 2
ROUNDS, ROUND_US = 11, 5000


def script(names: list) -> str:
    """For the guest's shell: one worker, then two."""
    command = f"/bench/bench --rounds {ROUNDS} --round-us {ROUND_US} --workers"
    return "; ".join(f"{command} {workers} {' '.join(names)}" for workers in (1, WORKERS))


def gains(run: bench_table.Run, names: list) -> dict:
    """Row: gain, in one boot."""
    found = {}
    for name in names:
        alone, together = run.rounds.get(name), run.rounds.get(f"{name}*{WORKERS}")
        if alone and together:
            found[name] = WORKERS * statistics.median(alone) / statistics.median(together)
    return found


def summary(runs: list, names: list) -> dict:
    """Row: (median gain over the boots, least, most)."""
    boots = [gains(run, names) for run in runs]
    per_row = {name: [boot[name] for boot in boots if name in boot] for name in names}
    return {name: (statistics.median(values), min(values), max(values)) for name, values in per_row.items() if values}


def _cell(figures: dict, name: str) -> str:
    if name not in figures:
        return "–"
    median, least, most = figures[name]
    return f"{median:.2f} ({least:.2f} to {most:.2f})"


def table(astra: dict, linux: dict) -> list:
    lines = ["| independent work | Astra, gain | Linux, gain |", "|---|---|---|"]
    lines += [f"| {name} | {_cell(astra, name)} | {_cell(linux, name)} |" for name in dict.fromkeys([*astra, *linux])]
    means = [bench_table.geometric_mean(median for name, (median, _, _) in figures.items()
                                        if name not in bench_table.CONTROLS) for figures in (astra, linux)]
    return [*lines, "", f"Geometric mean without the control: Astra {means[0]:.2f}, Linux {means[1]:.2f}."]


def measure(names: list, boots: int, astra_only: bool, image: str) -> tuple:
    """Boots of both systems in turn."""
    names = [name for name in ROWS if name in names]
    if not names:
        raise host.HostError(f"--scaling knows the rows {', '.join(ROWS)}")
    machine = bench_run.Machine(icount=False, cpus=WORKERS, image=image)
    total = len(names) * (1 + WORKERS)
    astra, linux = [], []
    for _ in range(boots):
        astra.append(bench_run.on_astra(machine, ["sh", "-c", script(names)], total))
        if not astra_only:
            linux.append(bench_run.on_linux(machine, script(names), total))
    return summary(astra, names), summary(linux, names)
