"""A tour's pages: for a terminal and as the document in docs/tours."""
import re
import shutil
import sys
import textwrap

from vm.tour_text import live, settled

WIDTH_MAX = 100
DOCUMENT_WIDTH = 110
LINK = re.compile(r"\[[^]]*\]\(\.\./([^)]*)\)")  # to another page of docs/
BOLD, DIM, CYAN, PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[36m", "\x1b[0m"


def wrap(paragraph: str, width: int) -> str:
    return textwrap.fill(" ".join(paragraph.split()), width, break_long_words=False, break_on_hyphens=False)


class Terminal:
    """Prints step after step; colours only where somebody looks."""

    def __init__(self, stream=sys.stdout) -> None:
        self._stream = stream
        self._stream.reconfigure(errors="replace")  # a terminal without UTF-8
        self._colours = stream.isatty()
        self._width = min(shutil.get_terminal_size().columns, WIDTH_MAX)

    def _style(self, text: str, *codes: str) -> str:
        return "".join(codes) + text + PLAIN if self._colours else text

    def line(self, text: str = "") -> None:
        print(text, file=self._stream, flush=True)

    def heading(self, text: str, number: int = 0, count: int = 0) -> None:
        text = f"{number}/{count} {text}" if number else text
        rule = "─" * max(0, self._width - len(text) - 4)
        self.line("\n" + self._style(f"── {text} {rule}", BOLD, CYAN))

    def paragraph(self, text: str) -> None:
        self.line("\n" + wrap(LINK.sub(r"docs/\1", text), self._width))

    def block(self, command: str, lines: list) -> None:
        self.line()
        if command:
            self.line(self._style(f"  bochs> {live(command)}", BOLD))
        for line in lines:
            self.line(self._style(f"  {live(line)}", DIM) if command else f"  {live(line)}")


class Document:
    """Collects the transcript."""

    def __init__(self) -> None:
        self._parts = []

    def title(self, text: str) -> None:
        self._parts.append(f"# {text}")

    def heading(self, text: str, number: int, _count: int) -> None:
        self._parts.append(f"## {number}. {text}")

    def paragraph(self, text: str) -> None:
        self._parts.append(wrap(text, DOCUMENT_WIDTH))

    def block(self, command: str, lines: list) -> None:
        shown = [f"bochs> {settled(command)}"] if command else []
        shown += [settled(line).rstrip() for line in lines]
        text = "\n".join(shown) + "\n```"
        if self._parts and self._parts[-1].endswith("```"):  # blocks in a row are one
            self._parts[-1] = f"{self._parts[-1][:-len('```')]}\n{text}"
        else:
            self._parts.append("```\n" + text)

    def text(self) -> str:
        return "\n\n".join(self._parts) + "\n"
