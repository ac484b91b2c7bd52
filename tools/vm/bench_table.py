"""The figures of ./astra bench: reading what the programs print, ratios, means, Markdown. Nothing here runs anything."""
import math
import os
import statistics
from dataclasses import dataclass, field

CONTROLS = ("cpu_loop", "memcpy_64k")  # user code alone: shown, not counted
RATIO_GOAL = 1.02
MEAN_GOAL = 0.4
TICKS_PER_INSTRUCTION = 2  # -icount shift=1: 2 ns of virtual time each, and a tick of the TSC is 1 ns


class BenchError(ValueError):
    """Output that is not that of the programs."""


@dataclass
class Run:
    """What one system printed in one boot."""
    rounds: dict = field(default_factory=dict)   # row: [ticks of one operation, a round each]
    missing: dict = field(default_factory=dict)  # row: why
    ns_per_tick: float = 1.0

    def take(self, line: str) -> str:
        """One line of output; the row it is about, if any."""
        words = line.split()
        try:
            if words[:1] == ["row"]:
                self.rounds.setdefault(words[1], []).extend(int(ticks) / int(words[2]) for ticks in words[3:])
                return words[1]
            if words[:1] == ["missing"]:
                self.missing[words[1]] = f"not there ({os.strerror(int(words[2]))})"
                return words[1]
            if words[:1] == ["failed"]:
                self.missing[words[1]] = "failed"
                return words[1]
            if words[:1] == ["clock"]:
                self.ns_per_tick = int(words[2]) / int(words[1])
        except (IndexError, ValueError, ZeroDivisionError) as error:
            raise BenchError(f"cannot read {line!r}") from error
        return ""


def instructions(run: Run) -> dict:
    """Row: instructions of one operation, the least over the rounds: they repeat, and interruptions only add."""
    return {row: min(rounds) / TICKS_PER_INSTRUCTION for row, rounds in run.rounds.items()}


def times_ns(runs: list) -> dict:
    """Row: (median over the boots of each boot's fastest round, least, most). What else the host does only adds to a
    round; what differs from boot to boot stays."""
    found = {}
    for run in runs:
        for row, rounds in run.rounds.items():
            found.setdefault(row, []).append(min(rounds) * run.ns_per_tick)
    return {row: (statistics.median(values), min(values), max(values)) for row, values in found.items()}


def ratios(astra: dict, linux: dict) -> dict:
    return {row: astra[row] / linux[row] for row in astra if linux.get(row)}


def counted(by_row: dict) -> dict:
    return {row: ratio for row, ratio in by_row.items() if row not in CONTROLS}


def geometric_mean(values) -> float:
    values = list(values)
    return math.exp(sum(math.log(value) for value in values) / len(values)) if values else math.nan


def number(value: float) -> str:
    return f"{value:,.1f}" if value < 10 else f"{value:,.0f}"


def table(astra: dict, linux: dict, missing: dict, unit: str) -> list:
    """Lines of Markdown. `missing`: row -> why Astra has no figure."""
    lines = [f"| operation | Astra, {unit} | Linux, {unit} | Astra / Linux |", "|---|---|---|---|"]
    by_row = ratios(astra, linux)
    for row in dict.fromkeys([*linux, *astra, *missing]):
        mine = number(astra[row]) if row in astra else missing.get(row, "–")
        ratio = f"{by_row[row]:.2f}" if row in by_row else "–"
        name = f"{row} (control)" if row in CONTROLS else row
        over = row not in CONTROLS and by_row.get(row, 0) > RATIO_GOAL
        lines.append(f"| {name} | {mine} | {number(linux[row]) if row in linux else '–'} | "
                     f"{'**' + ratio + '**' if over else ratio} |")
    return lines


def summary(astra: dict, linux: dict, missing: dict) -> str:
    by_row = counted(ratios(astra, linux))
    text = f"Geometric mean of {len(by_row)} rows: {geometric_mean(by_row.values()):.3f}."
    over = [row for row, ratio in by_row.items() if ratio > RATIO_GOAL]
    text += f" Above {RATIO_GOAL}: {', '.join(over) or 'none'}."
    return text + (f" Missing: {', '.join(missing)}." if missing else "")


def replace_section(page: str, heading: str, body: str) -> str:
    """The page with the section `## heading` replaced, or added at its end."""
    mark = f"## {heading}\n"
    section = f"{mark}\n{body.strip()}\n"
    start = page.find(mark)
    if start < 0:
        return f"{page.rstrip()}\n\n{section}"
    end = page.find("\n## ", start)
    return page[:start] + section + (page[end:] if end >= 0 else "")
