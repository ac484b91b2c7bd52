"""A flame graph: who called whom, as wide as what it cost; and the flat list. Pure: chains in, text out."""
from vm import svg

WIDTH, ROW = 1200, 17
CHARACTER = 6.6  # width of one in the font below
LEAST_WIDTH = 0.4  # pixels; narrower boxes are not drawn


class Frame:
    """A function under its callers: `own` is what it cost itself, `total` with all it called."""

    def __init__(self, name: str) -> None:
        self.name, self.own, self.total, self.children = name, 0, 0, {}

    def add(self, chain: list, cost: int) -> None:
        frame = self
        frame.total += cost
        for name in chain:
            frame = frame.children.setdefault(name, Frame(name))
            frame.total += cost
        frame.own += cost

    def depth(self) -> int:
        return 1 + max((child.depth() for child in self.children.values()), default=0)


def tree(chains: list) -> Frame:
    """`chains`: ([outermost, ..., innermost], cost)."""
    root = Frame("all")
    for chain, cost in chains:
        root.add(chain, cost)
    return root


def flat(chains: list) -> list:
    """(name, own cost, cost with callees), the most expensive first."""
    own, total = {}, {}
    for chain, cost in chains:
        own[chain[-1]] = own.get(chain[-1], 0) + cost
        for name in set(chain):
            total[name] = total.get(name, 0) + cost
    return sorted(((name, cost, total[name]) for name, cost in own.items()), key=lambda row: (-row[1], row[0]))


def _colour(name: str) -> str:
    """Warm, and always the same for the same name."""
    value = sum(ord(letter) * (place + 1) for place, letter in enumerate(name))
    return f"rgb({205 + value % 50},{60 + value // 7 % 130},{value // 3 % 55})"


def _boxes(frame: Frame, left: float, level: int, scale: float, bottom: float) -> list:
    width = frame.total * scale
    if width < LEAST_WIDTH:
        return []
    y = bottom - (level + 1) * ROW
    title = f"{frame.name}: {frame.total:,} instructions, {frame.own:,} its own"
    letters = int(width / CHARACTER)
    label = frame.name if len(frame.name) <= letters else frame.name[:max(letters - 1, 0)]
    parts = [svg.rectangle(left, y, width, ROW - 1, _colour(frame.name), title)]
    if len(label) > 1:
        parts.append(svg.text(left + 2, y + ROW - 5, label))
    for child in sorted(frame.children.values(), key=lambda child: child.name):
        parts += _boxes(child, left, level + 1, scale, bottom)
        left += child.total * scale
    return parts


def draw(chains: list, title: str) -> str:
    root = tree(chains)
    height = (root.depth() + 2) * ROW
    scale = WIDTH / root.total if root.total else 0
    return svg.document(WIDTH, height, [svg.text(4, 13, title), *_boxes(root, 0, 0, scale, height)])
