"""./astra bench --growth: what operations cost when there are 10 to 10,000 of something, on both systems."""
import math

from vm import bench_run, bench_table, host, svg

SIZES = (10, 100, 1000, 10000)
MEMORY = "2G"
PICTURE = host.ROOT / "docs" / "growth.svg"
ROUNDS = 3
TOLERANCE = 0.02  # of the cost: figures repeat no better

PANEL_WIDTH, PANEL_HEIGHT, COLUMNS = 250, 190, 4
LEFT, RIGHT, TOP, BOTTOM, MARGIN = 56, 14, 30, 26, 34
COLOURS = {"Astra": "#c0392b", "Linux": "#2c3e50"}
DASHES = {"Astra": "", "Linux": "5,3"}
GRID, DOT = "#dddddd", 2.5


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


def added(curve: list) -> float:
    """Instructions that the operation costs more at the largest size than at the smallest."""
    return curve[-1][1] - curve[0][1] if curve else math.nan


def faster_than(astra: dict, linux: dict) -> list:
    """Rows to which more instructions are added than on Linux; if fewer than none are there, that is its scatter."""
    return [name for name in astra if astra[name] and linux.get(name)
            and added(astra[name]) > max(added(linux[name]), 0) + TOLERANCE * astra[name][0][1]]


def table(astra: dict, linux: dict) -> list:
    heads = "".join(f" {size:,} |" for size in SIZES)
    lines = [f"| many | system |{heads} added | factor |", "|---|---|" + "---|" * (len(SIZES) + 2)]
    for name in astra:
        for system, curve in (("Astra", astra[name]), ("Linux", linux.get(name, []))):
            costs = dict(curve)
            cells = "".join(f" {bench_table.number(costs[size]) if size in costs else '–'} |" for size in SIZES)
            lines.append(f"| {name} | {system} |{cells} {bench_table.number(added(curve))} | {growth(curve):.2f} |")
    return lines


def _scale(systems: dict) -> list:
    """Costs to mark: 1, 2 and 5 times powers of ten, from below the least to above the most."""
    costs = [cost for curve in systems.values() for _, cost in curve]
    marks = [step * 10 ** power for power in range(10) for step in (1, 2, 5)]
    first = max(index for index, mark in enumerate(marks) if mark <= min(costs))
    last = min(index for index, mark in enumerate(marks) if mark >= max(costs) and index > first)
    return marks[first:last + 1]


def _short(number: float) -> str:
    return f"{number / 1000:,.0f} k" if number >= 1000 else f"{number:,.0f}"


def _panel(name: str, systems: dict, left: float, top: float) -> list:
    """One operation, both axes logarithmic."""
    if not any(systems.values()):
        return []
    marks = _scale(systems)
    width, height = PANEL_WIDTH - LEFT - RIGHT, PANEL_HEIGHT - TOP - BOTTOM

    def place(size: float, cost: float) -> tuple:
        across = math.log(size / SIZES[0]) / math.log(SIZES[-1] / SIZES[0])
        up = math.log(cost / marks[0]) / math.log(marks[-1] / marks[0])
        return left + LEFT + width * across, top + TOP + height * (1 - up)

    parts = [svg.text(left + LEFT, top + 18, name.replace("_", " "))]
    for mark in marks:
        x, y = place(SIZES[0], mark)
        parts += [svg.line([(x, y), (x + width, y)], GRID), svg.text(x - 5, y + 4, _short(mark), "end", "#555555")]
    for size in SIZES:
        x, y = place(size, marks[0])
        parts.append(svg.text(x, y + 16, _short(size), "middle", "#555555"))
    for system, curve in systems.items():
        points = [place(*point) for point in curve]
        parts.append(svg.line(points, COLOURS[system], DASHES[system]))
        parts += [svg.rectangle(x - DOT, y - DOT, 2 * DOT, 2 * DOT, COLOURS[system], f"{system}: {cost:,.0f}")
                  for (x, y), (_, cost) in zip(points, curve)]
    return parts


def _legend() -> list:
    parts = [svg.text(LEFT, 22, "instructions of one operation, by how many there are")]
    for index, system in enumerate(COLOURS):
        x = PANEL_WIDTH * COLUMNS - 200 + 95 * index
        parts += [svg.line([(x, 18), (x + 26, 18)], COLOURS[system], DASHES[system]),
                  svg.text(x + 32, 22, system, "start", COLOURS[system])]
    return parts


def draw(astra: dict, linux: dict) -> str:
    """Small multiples: an operation each, both systems."""
    rows = -(-len(astra) // COLUMNS)
    parts = _legend()
    for index, name in enumerate(astra):
        parts += _panel(name, {"Astra": astra[name], "Linux": linux.get(name, [])},
                        index % COLUMNS * PANEL_WIDTH, MARGIN + index // COLUMNS * PANEL_HEIGHT)
    return svg.document(COLUMNS * PANEL_WIDTH, MARGIN + rows * PANEL_HEIGHT + 10, parts)


def measure(names: list, astra_only: bool) -> tuple:
    machine = bench_run.Machine(icount=True, memory=MEMORY)
    total = len(names) * len(SIZES)
    command = ["sh", "-c", script(names)]
    astra = curves(bench_run.on_astra(machine, command, total), names)
    return astra, {} if astra_only else curves(bench_run.on_linux(machine, script(names), total), names)
