"""./astra tour: a boot seen from the inside, one stop after the other, in Bochs' instruction debugger."""
import argparse
import difflib
import os
import re
import select
import signal
import sys
from types import SimpleNamespace

import tours
from vm import host
from vm.bochs_debugger import Debugger, DebuggerError
from vm.symbols import SymbolError, Symbols
from vm.tour_machine import Machine
from vm.tour_model import Bochs
from vm.tour_render import Document, Terminal
from vm.tour_show import Shower
from vm.tour_text import Namer, live

FOLDER = host.ROOT / "docs" / "tours"
# What every tour runs on: the transcripts are those of this machine.
MACHINE = SimpleNamespace(mem="64M", cpu=None, smp=1, disk=[])
RUNS_THE_MACHINE = re.compile(r"\s*(c|cont|continue|s|step|p|n|next|q|quit|exit|set|setpmem|writemem|restore)\b")
PROMPT = "\n[Enter] next, q quit, or a command such as `r`, `u`, `x /8bx 0x7c00`, `help`: "
CTRL_C_LATEST_S = 0.2


class Quit(Exception):
    """The learner has seen enough."""


def _rehearse(tour, symbols) -> dict:
    """What only a run can tell, by a first run to that point."""
    found = {}
    for name, rehearsal in tour.rehearse.items():
        with Debugger(MACHINE, host.IMAGE) as debugger:
            machine = Machine(debugger, symbols)
            machine.run_to(rehearsal.until)
            found[name] = machine.value(rehearsal.value)
    return found


def _show_body(body: tuple, shower: Shower, pages) -> None:
    for item in body:
        if isinstance(item, str):
            pages.paragraph(item)
        else:
            pages.block(*shower.show(item))


def _check_claims(tour, step, machine) -> None:
    for claim in step.claims:
        if not machine.holds(claim):
            raise host.HostError(f"tour {tour.name}, {step.title!r}: the text relies on {claim}, which does not hold")


def play(tour, pages, pause=lambda shower: None) -> None:
    """Runs a tour; each stop goes to `pages`, then pause(shower) is called."""
    symbols = Symbols(host.BUILD)
    remembered = _rehearse(tour, symbols)
    for paragraph in tour.intro:
        pages.paragraph(paragraph)
    with Debugger(MACHINE, host.IMAGE) as debugger:
        machine = Machine(debugger, symbols)
        machine.remembered.update(remembered)
        namer = Namer(symbols, tour.loader_tables)
        shower = Shower(machine, namer)
        for number, step in enumerate(tour.steps, start=1):
            machine.run_to(step.until)
            _check_claims(tour, step, machine)
            machine.remembered.update({name: machine.value(text) for name, text in step.remember.items()})
            namer.values.update({name: machine.remembered[name] for name in step.remember if name in tour.named})
            pages.heading(step.title, number, len(tour.steps))
            _show_body(step.body, shower, pages)
            pause(shower)
    for paragraph in tour.outro:
        pages.paragraph(paragraph)


def transcript(name: str) -> str:
    """The document of a tour, as the present build plays it."""
    tour = tours.load(name)
    document = Document()
    document.title(tour.title)
    document.paragraph(f"`./astra tour {name}` plays this live, step by step, in Bochs' debugger.")
    play(tour, document)
    return document.text()


def _read_line() -> str:
    """A line from the terminal; "" at its end. A Ctrl-C just before a read would wait for the next key."""
    print(PROMPT, end="", flush=True)
    while not select.select([sys.stdin], [], [], CTRL_C_LATEST_S)[0]:
        pass
    return sys.stdin.readline()


def _pause(shower) -> None:
    """Waits for Enter; other lines are commands for Bochs. What runs the machine would lose the tour."""
    while True:
        line = _read_line()
        if line in ("", "q\n"):
            raise Quit
        line = line.strip()
        if not line:
            return
        if RUNS_THE_MACHINE.match(line):
            print("  Commands that run or change the machine would leave the tour: `./astra bochs` is for them.")
            continue
        try:
            print("\n".join("  " + live(text) for text in shower.show(Bochs(line))[1]))
        except (SymbolError, DebuggerError) as error:
            print(f"  {error}")


def _play_live(name: str, everything: bool) -> int:
    tour = tours.load(name)
    terminal = Terminal()
    terminal.heading(tour.title)
    try:
        if everything:
            play(tour, terminal)
        else:
            play(tour, terminal, _pause)
    except Quit:
        terminal.line()
    except BrokenPipeError:  # nobody reads on: `./astra tour mbr | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _check(name: str) -> bool:
    path = FOLDER / f"{name}.md"
    old = path.read_text() if path.exists() else ""
    new = transcript(name)
    sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), new.splitlines(True),
                                               f"docs/tours/{name}.md", "played now"))
    return old == new


def _list() -> None:
    print("Tours, in the order of a boot. `./astra tour NAME` plays one:\n")
    for name in tours.NAMES:
        print(f"  {name:<12}{tours.load(name).summary}")


def _parse(name: str, arguments: list):
    parser = argparse.ArgumentParser(prog=f"astra {name}", description=__doc__)
    parser.add_argument("tour", nargs="?", choices=tours.NAMES, metavar="NAME", help="which; without: the list")
    parser.add_argument("--all", action="store_true", help="do not stop between the steps")
    parser.add_argument("--write", action="store_true", help="write the transcript (without NAME: all) to docs/tours")
    parser.add_argument("--check", action="store_true", help="compare the transcript (without NAME: all) with it")
    parser.add_argument("--yes", action="store_true", help="install missing host packages without asking")
    return parser.parse_args(arguments)


def _run(options) -> int:
    names = [options.tour] if options.tour else tours.NAMES
    if options.write:
        for name in names:
            (FOLDER / f"{name}.md").write_text(transcript(name))
            print(f"docs/tours/{name}.md")
        return 0
    if options.check:
        return 0 if all([_check(name) for name in names]) else 1
    return _play_live(options.tour, options.all or not (sys.stdin.isatty() and sys.stdout.isatty()))


def _end(number: int, _frame) -> None:
    """Ends like an exception would, so that Bochs goes too."""
    sys.exit(128 + number)


def main(name: str, arguments: list) -> int:
    options = _parse(name, arguments)
    if not (options.tour or options.write or options.check):
        _list()
        return 0
    host.build()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    try:
        return _run(options)
    except SymbolError as error:
        raise host.HostError(str(error)) from error
