"""./astra bench: the same programs on Astra and on Linux in the same emulator; ratios Astra / Linux, less is better.

Counts instructions (--icount, the default) or takes plain time (--time: boots of both systems in turn, medians)."""
import argparse
import datetime
import subprocess

from vm import bench_growth, bench_linux, bench_run, bench_scaling, bench_table, host

PAGE = host.ROOT / "docs" / "benchmarks.md"
ROUNDS, ROUNDS_QUICK = 7, 3
BOOTS, BOOTS_QUICK = 5, 3
BOOTS_SCALING = 11 # short, and gains scatter more than times


def parse(name: str, arguments: list):
    parser = argparse.ArgumentParser(prog=f"astra {name}", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help="these alone (default: all; --list names them)")
    parser.add_argument("--list", action="store_true", help="name the rows")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--icount", action="store_true", help="instructions (the default)")
    how.add_argument("--growth", action="store_true", help="when there are 10 to 10,000 processes, mappings, ...")
    how.add_argument("--time", action="store_true", help="plain time, which varies: boots in turn, medians")
    how.add_argument("--scaling", action="store_true", help="what a second CPU gains")
    parser.add_argument("--smp", type=int, default=1, metavar="N", help="CPUs")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and boots")
    parser.add_argument("--astra-only", action="store_true", help="without Linux to compare with")
    parser.add_argument("--image", metavar="FILE", default="", help="this image of Astra instead of the built one")
    parser.add_argument("--write", action="store_true", help=f"into {PAGE.relative_to(host.ROOT)}")
    parser.add_argument("--yes", action="store_true", help="install missing host packages without asking")
    return parser.parse_args(arguments)


def emulator_version() -> str:
    shown = subprocess.run([host.need("qemu-system-x86_64"), "--version"], capture_output=True, text=True, check=True)
    return shown.stdout.splitlines()[0].removeprefix("QEMU emulator version ")


def commit() -> str:
    done = subprocess.run(["git", "-C", str(host.ROOT), "describe", "--always", "--abbrev=12"], capture_output=True,
                          text=True)
    return done.stdout.strip() or "unknown"


def conditions(machine: bench_run.Machine, with_linux: bool) -> str:
    """Versions, machine and date: without them figures say nothing."""
    linux = f", Linux {bench_linux.kernel()[1]} (Debian's cloud kernel, `mitigations=off`)" if with_linux else ""
    mode = "`-icount shift=1,sleep=off`" if machine.icount else "plain TCG"
    return (f"{datetime.date.today()}, Astra {host.version()} ({commit()}){linux}; QEMU {emulator_version()}, {mode}, "
            f"`-cpu qemu64 -m {machine.memory} -smp {machine.cpus}`.")


def boots(options) -> int:
    if not options.time and not options.scaling:
        return 1
    if options.quick:
        return BOOTS_QUICK
    return BOOTS_SCALING if options.scaling else BOOTS


def measure(options, machine: bench_run.Machine, names: list) -> tuple:
    """Runs of Astra and of Linux, in turn."""
    command = ["/bench/bench", "--rounds", str(ROUNDS_QUICK if options.quick else ROUNDS), *options.rows]
    astra, linux = [], []
    for _ in range(boots(options)):
        astra.append(bench_run.on_astra(machine, command, len(names)))
        if not options.astra_only:
            linux.append(bench_run.on_linux(machine, " ".join(command), len(names)))
    return astra, linux


def figures(options, runs: list) -> dict:
    if not runs:
        return {}
    if options.time:
        return {row: median for row, (median, _, _) in bench_table.times_ns(runs).items()}
    return bench_table.instructions(runs[0])


def spread_line(runs: list) -> str:
    """How far a row's boots lie apart: the median row's, the worst row's."""
    spans = sorted(most / least for _, least, most in bench_table.times_ns(runs).values() if least)
    return f"{spans[len(spans) // 2]:.2f} (median row), {spans[-1]:.2f} (worst row)"


def heading(options) -> str:
    return f"{'Time' if options.time else 'Instructions'}, {options.smp} CPU{'s' if options.smp > 1 else ''}"


def report_growth(options, names: list) -> None:
    names = [row for row in names if not options.rows or row in options.rows]
    astra, linux = bench_growth.measure(names, options.astra_only)
    machine = bench_run.Machine(icount=True, memory=bench_growth.MEMORY)
    faster = bench_growth.faster_than(astra, linux)
    lines = [conditions(machine, not options.astra_only), "", *bench_growth.table(astra, linux), "",
             f"Growing faster than on Linux: {', '.join(faster) or 'none'}."]
    print("\n".join(lines))
    if options.write:
        bench_growth.PICTURE.write_text(bench_growth.draw(astra, linux))
        lines += ["", f"![growth]({bench_growth.PICTURE.name})"]
        PAGE.write_text(bench_table.replace_section(PAGE.read_text(), "Growth", "\n".join(lines)))


def report_scaling(options, names: list) -> None:
    names = [row for row in names if not options.rows or row in options.rows]
    astra, linux = bench_scaling.measure(names, boots(options), options.astra_only, options.image)
    machine = bench_run.Machine(icount=False, cpus=bench_scaling.WORKERS)
    lines = [conditions(machine, not options.astra_only), "", *bench_scaling.table(astra, linux)]
    print("\n".join(lines))
    if options.write:
        PAGE.write_text(bench_table.replace_section(PAGE.read_text(), "Scaling", "\n".join(lines)))


def main(name: str, arguments: list) -> int:
    options = parse(name, arguments)
    if not options.image:
        host.build()
    host.build("bench-programs")
    known = bench_run.rows(options.growth)
    if options.list:
        print("\n".join(known))
        return 0
    unknown = set(options.rows) - set(known)
    if unknown:
        raise host.HostError(f"no row {', '.join(sorted(unknown))}; `./astra bench --list` names them")
    if options.write and (options.rows or options.astra_only):
        raise host.HostError("--write wants all rows, on both systems")
    if options.growth:
        report_growth(options, known)
        return 0
    if options.scaling:
        report_scaling(options, known)
        return 0
    if options.smp > 1 and not options.time and not options.astra_only:
        raise host.HostError("under -icount Linux does not start its second CPU in QEMU 7.2: --time or --astra-only")
    machine = bench_run.Machine(icount=not options.time, cpus=options.smp, image=options.image)
    names = [row for row in known if not options.rows or row in options.rows]
    astra_runs, linux_runs = measure(options, machine, names)
    astra, linux = figures(options, astra_runs), figures(options, linux_runs)
    missing = astra_runs[0].missing
    lines = [conditions(machine, not options.astra_only), "",
             *bench_table.table(astra, linux, missing, "ns" if options.time else "instructions"), "",
             bench_table.summary(astra, linux, missing)]
    if options.time:
        lines += ["", f"Slowest boot / fastest boot of a row: Astra {spread_line(astra_runs)}"
                  + (f", Linux {spread_line(linux_runs)}." if linux_runs else ".")]
    print("\n".join(lines))
    if options.write:
        PAGE.write_text(bench_table.replace_section(PAGE.read_text(), heading(options), "\n".join(lines)))
    return 0
