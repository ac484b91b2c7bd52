"""./astra bench --growth: what operations cost when there are 10 to 10,000 of something, on both systems."""
import math

from vm import bench_run, bench_table, host, svg

SIZES = (10, 100, 1000, 10000)
MEMORY = "2G"
PICTURE = host.ROOT / "docs" / "growth.svg"
ROUNDS = 3
# A curve may rise this much more than Linux's over the whole range before it counts as growing faster.
TOLERANCE = 1.25

PANEL_WIDTH, PANEL_HEIGHT, COLUMNS = 290, 190, 4
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 24, 26
COLOURS = {"Astra": "#c0392b", "Linux": "#2c3e50"}


def script(names: list) -> str:
    """For the guest's shell: the rows at every size."""
    sizes = " ".join(map(str, SIZES))
    return f"for n in {sizes}; do /bench/bench --rounds {ROUNDS} --size $n {' '.join(names)}; done"


def curves(run: bench_table.Run, names: list) -> dict:
    """Row: [(size, instructions)] of the sizes that were possible."""
    costs = bench_table.instructions(run)
    return {name: [(size, costs[f"{name}@{size}"]) for size in SIZES if f"{name}@{size}" in costs] for name in names}


def growth(curve: list) -> float:
    """How much more the operation costs at the largest size than at the smallest."""
    return curve[-1][1] / curve[0][1] if curve else math.nan


def faster_than(astra: dict, linux: dict) -> list:
    """Rows that grow faster than Linux's."""
    return [name for name in astra if astra[name] and linux.get(name)
            and growth(astra[name]) > TOLERANCE * growth(linux[name])]


def table(astra: dict, linux: dict) -> list:
    heads = "".join(f" {size:,} |" for size in SIZES)
    lines = [f"| many | system |{heads} growth |", "|---|---|" + "---|" * (len(SIZES) + 1)]
    for name in astra:
        for system, curve in (("Astra", astra[name]), ("Linux", linux.get(name, []))):
            costs = dict(curve)
            cells = "".join(f" {bench_table.number(costs[size]) if size in costs else '–'} |" for size in SIZES)
            lines.append(f"| {name} | {system} |{cells} {growth(curve):.2f} |")
    return lines


def _panel(name: str, systems: dict, left: float, top: float) -> list:
    """One operation, both axes logarithmic."""
    costs = [cost for curve in systems.values() for _, cost in curve]
    if not costs:
        return []
    low, high = math.floor(math.log10(min(costs))), math.ceil(math.log10(max(costs)) + 1e-9)
    high = max(high, low + 1)
    width, height = PANEL_WIDTH - LEFT - RIGHT, PANEL_HEIGHT - TOP - BOTTOM
    first, last = math.log10(SIZES[0]), math.log10(SIZES[-1])

    def place(size: float, cost: float) -> tuple:
        return (left + LEFT + width * (math.log10(size) - first) / (last - first),
                top + TOP + height * (high - math.log10(cost)) / (high - low))

    parts = [svg.text(left + LEFT, top + 14, name.replace("_", " "))]
    for power in range(low, high + 1):
        x, y = place(SIZES[0], 10 ** power)
        parts += [svg.line([(x, y), (x + width, y)], "#dddddd"), svg.text(x - 4, y + 4, f"{10 ** power:.0e}", "end")]
    for size in SIZES:
        x, y = place(size, 10 ** low)
        parts.append(svg.text(x, y + 15, f"{size:,}", "middle"))
    for system, curve in systems.items():
        parts.append(svg.line([place(*point) for point in curve], COLOURS[system], "" if system == "Astra" else "5,3"))
    return parts


def draw(astra: dict, linux: dict) -> str:
    """All operations: Astra solid, Linux dashed."""
    rows = -(-len(astra) // COLUMNS)
    width, height = COLUMNS * PANEL_WIDTH, rows * PANEL_HEIGHT + TOP
    parts = [svg.text(LEFT, 15, "instructions of one operation; Astra solid, Linux dashed")]
    for index, name in enumerate(astra):
        parts += _panel(name, {"Astra": astra[name], "Linux": linux.get(name, [])},
                        index % COLUMNS * PANEL_WIDTH, TOP + index // COLUMNS * PANEL_HEIGHT)
    return svg.document(width, height, parts)


def measure(names: list, astra_only: bool) -> tuple:
    machine = bench_run.Machine(icount=True, memory=MEMORY)
    total = len(names) * len(SIZES)
    command = ["sh", "-c", script(names)]
    astra = curves(bench_run.on_astra(machine, command, total), names)
    return astra, {} if astra_only else curves(bench_run.on_linux(machine, script(names), total), names)
