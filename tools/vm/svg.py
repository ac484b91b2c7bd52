"""Just enough SVG 1.1: boxes, lines and words."""
from xml.sax.saxutils import escape

FONT = "font-family=\"monospace\" font-size=\"11\""


def document(width: float, height: float, parts: list) -> str:
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
            f'viewBox="0 0 {width:g} {height:g}" {FONT}>')
    return "\n".join([head, rectangle(0, 0, width, height, "#ffffff"), *parts, "</svg>", ""])


def rectangle(x: float, y: float, width: float, height: float, colour: str, title: str = "") -> str:
    box = f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"'
    return f"{box}><title>{escape(title)}</title></rect>" if title else box + "/>"


def text(x: float, y: float, words: str, anchor: str = "start", colour: str = "#000000") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'


def line(points: list, colour: str, dashes: str = "") -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"{dashed}/>'
