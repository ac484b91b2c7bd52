"""./astra profile: counts every instruction that one command in a fresh guest makes the kernel execute.

Prints the functions of the kernel that cost the most; --flame draws who called them. A QEMU plugin counts, so nothing
is sampled and nothing repeats differently (QEMU's -icount)."""
import bisect
import os
import tempfile
from pathlib import Path

from vm import bench_run, flame, host
from vm.guest import Guest
from vm.options import guest_parser
from vm.session import BOOT_LIMIT_S, Session, SessionFailed, report_failure
from vm.symbols import read_image

PLUGIN = host.BUILD / "tools" / "profile.so"
USER_MODE = "[user mode]"
END_LIMIT_S = 120
LINES = 30


def parse(arguments: list):
    parser = guest_parser("profile", __doc__.splitlines()[0])
    parser.add_argument("--flame", metavar="FILE.svg", help="draw a flame graph")
    parser.add_argument("--row", metavar="ROW", help="instead of CMD: this row of ./astra bench")
    parser.add_argument("--lines", type=int, default=LINES, metavar="N", help=f"functions to print ({LINES})")
    parser.add_argument("command", nargs="*", metavar="CMD", help="the command and its arguments, after --")
    options = parser.parse_args(arguments)
    if bool(options.row) == bool(options.command):
        parser.error("wanted: CMD, or --row")
    if options.bochs:
        parser.error("only QEMU counts")
    options.icount, options.accel = True, "tcg"
    options.timeout, options.console = 0, None
    if options.row:
        options.command = ["/bench/bench", options.row]
        options.add = options.add + [(str(source), target) for target, source in bench_run.IN_GUEST.items()]
    return options


class Names:
    """Functions of the kernel by address."""

    def __init__(self, path: Path) -> None:
        functions = (symbol for symbol in read_image("kernel", path)
                     if symbol.section.startswith(".text") and not symbol.name.startswith("."))
        self._symbols = sorted(functions, key=lambda symbol: symbol.address)
        self._addresses = [symbol.address for symbol in self._symbols]

    def of(self, address: int) -> str:
        if address == 0:
            return USER_MODE
        index = bisect.bisect_right(self._addresses, address)
        return self._symbols[index - 1].name.split(".")[0] if index else hex(address)


def read_chains(text: str, names: Names) -> list:
    """The plugin's lines as ([function, ...], instructions); a block in its own function adds no level."""
    chains = []
    for line in text.splitlines():
        count, *addresses = line.split()
        chain = [names.of(int(address, 16)) for address in addresses]
        if len(chain) > 1 and chain[-1] == chain[-2]:
            chain.pop()
        chains.append((chain, int(count)))
    return chains


def count(options, output: Path) -> int:
    """Runs the command with the plugin loaded; the command's status."""
    options.qemu_args += f" -plugin file={PLUGIN},out={output}"
    with Guest(options, options.command, "panic=exit") as guest, open(os.devnull, "rb") as nothing:
        try:
            status = Session(guest, nothing.fileno(), 1, 2, 0, BOOT_LIMIT_S * 2).run()
        except SessionFailed as failure:
            report_failure(guest, str(failure))
            return failure.status
        if not guest.wait_end(END_LIMIT_S): # the guest powers off by itself
            raise host.HostError("QEMU did not end")
        return status


def report(chains: list, lines: int) -> str:
    kernel = [(chain, cost) for chain, cost in chains if chain != [USER_MODE]]
    in_kernel, all_of_it = sum(cost for _, cost in kernel), sum(cost for _, cost in chains)
    text = [f"{all_of_it:,} instructions, {in_kernel:,} of them in the kernel", "",
            f"{'own':>14} {'':>6} {'with callees':>14}  function"]
    for name, own, total in flame.flat(kernel)[:lines]:
        text.append(f"{own:>14,} {100 * own / max(in_kernel, 1):>5.1f}% {total:>14,}  {name}")
    return "\n".join(text)


def main(name: str, arguments: list) -> int:
    options = parse(arguments)
    if not options.image:
        host.build()
    host.build("profile-plugin")
    if options.row:
        host.build("bench-programs")
        if options.row not in bench_run.rows() + bench_run.rows(growth=True):
            raise host.HostError(f"no row {options.row}; `./astra bench --list` names them")
    with tempfile.TemporaryDirectory(prefix="astra-profile-") as folder:
        output = Path(folder) / "chains"
        status = count(options, output)
        if not output.exists():
            return status or 125
        chains = read_chains(output.read_text(), Names(host.KERNEL))
    print(report(chains, options.lines))
    if options.flame:
        Path(options.flame).write_text(flame.draw(chains, f"astra {name}: {' '.join(options.command)}"))
    return status
