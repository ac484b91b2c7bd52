"""Reads the text of a screen from its picture: glyphs are learnt from a known screen, then recognised."""
import string
import time
from dataclasses import dataclass
from pathlib import Path

from vm.guest import Guest

READY_LIMIT_S = 300
SETTLE_S = 0.2
ALPHABET = string.ascii_letters + string.digits + string.punctuation


@dataclass(frozen=True)
class Layout:
    """How a picture is divided into cells; all in pixels but `scale`, the pixels along one of the font's."""
    width: int
    height: int
    cell_width: int
    cell_height: int = 16
    scale: int = 1

    @property
    def columns(self) -> int:
        return self.width // self.cell_width

    @property
    def rows(self) -> int:
        return self.height // self.cell_height


VGA_TEXT = Layout(720, 400, 9)
COLUMNS, ROWS = VGA_TEXT.columns, VGA_TEXT.rows
GLYPH_WIDTH = 8  # the ninth column of VGA text is a gap


def framebuffer(width: int, height: int) -> Layout:
    scale = 2 if width > 1920 else 1
    return Layout(width, height, GLYPH_WIDTH * scale, 16 * scale, scale)


def read_ppm(data: bytes) -> tuple:
    """(width, height, pixels) of a binary PPM picture."""
    fields, position = [], 0
    while len(fields) < 4:
        end = min(i for i in (data.find(b" ", position), data.find(b"\n", position)) if i >= 0)
        fields.append(data[position:end])
        position = end + 1
    assert fields[0] == b"P6" and fields[3] == b"255"
    return int(fields[1]), int(fields[2]), data[position:]


class Picture:
    def __init__(self, data: bytes, layout: Layout = VGA_TEXT) -> None:
        width, height, self._pixels = read_ppm(data)
        self.layout = layout
        assert (width, height) == (layout.width, layout.height), f"not such a screen: {width}x{height}"

    def pixel(self, x: int, y: int) -> bytes:
        at = 3 * (y * self.layout.width + x)
        return self._pixels[at:at + 3]

    def glyph(self, column: int, row: int) -> tuple:
        """The cell's foreground pixels; colours do not matter. The cursor must be hidden."""
        cell = self.layout
        left, top = column * cell.cell_width, row * cell.cell_height
        background = self.pixel(left + cell.cell_width - 1, top)
        return tuple(self.pixel(left + x * cell.scale, top + y) != background
                     for y in range(0, cell.cell_height, cell.scale) for x in range(GLYPH_WIDTH))

    def colour(self, column: int, row: int) -> set:
        cell = self.layout
        left, top = column * cell.cell_width, row * cell.cell_height
        return {self.pixel(left + x, top + y) for y in range(cell.cell_height) for x in range(cell.cell_width)}


class Reader:
    """Knows the glyphs of some characters: those of a picture whose text is known, or those of a font."""

    def __init__(self, known: Picture = None, text: str = "", row: int = 0) -> None:
        self._glyphs = {}
        if known:
            self.learn(known, text + " ", row)

    def learn(self, known: Picture, text: str, row: int) -> None:
        self._glyphs.update({known.glyph(column, row): character for column, character in enumerate(text)})

    def learn_font(self, psf: bytes, characters: dict) -> None:
        """`characters`: glyph number -> character of a PSF font of format 1 (byte 3: lines a glyph)."""
        height = psf[3]
        for number, character in characters.items():
            lines = psf[4 + number * height:4 + (number + 1) * height]
            self._glyphs[tuple(bool(line >> (7 - x) & 1) for line in lines for x in range(GLYPH_WIDTH))] = character

    def line(self, picture: Picture, row: int) -> str:
        return "".join(self._glyphs.get(picture.glyph(column, row), "?")
                       for column in range(picture.layout.columns)).rstrip()

    def lines(self, picture: Picture) -> list:
        return [self.line(picture, row) for row in range(picture.layout.rows)]


def wait_for(guest: Guest, text: bytes) -> None:
    """Until the console has said `text` and the screen has caught up."""
    limit = time.monotonic() + READY_LIMIT_S
    while text not in guest.console_bytes:
        assert time.monotonic() < limit and guest.process.poll() is None, guest.console_tail()
        guest.read_console()
        time.sleep(0.05)
    time.sleep(SETTLE_S)


def picture_of(guest: Guest, folder: Path, layout: Layout = VGA_TEXT) -> Picture:
    path = folder / "screen.ppm"
    guest.monitor("screendump", filename=str(path))
    return Picture(path.read_bytes(), layout)


def wait_for_picture(guest: Guest, folder: Path, check, layout: Layout = VGA_TEXT) -> None:
    """Until `check` finds nothing wrong with the picture: the screen is drawn a moment after a program has written."""
    limit = time.monotonic() + READY_LIMIT_S
    while True:
        try:
            check(picture_of(guest, folder, layout))
            return
        except AssertionError:
            if time.monotonic() > limit:
                raise
        time.sleep(SETTLE_S)
