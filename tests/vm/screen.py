"""Reads the text of a VGA text screen from its picture: glyphs are learnt from a known screen, then recognised."""
import string

COLUMNS, ROWS = 80, 25
CELL_WIDTH, CELL_HEIGHT = 9, 16
ALPHABET = string.ascii_letters + string.digits + string.punctuation


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
    def __init__(self, data: bytes) -> None:
        width, height, self._pixels = read_ppm(data)
        assert (width, height) == (COLUMNS * CELL_WIDTH, ROWS * CELL_HEIGHT), f"not a text screen: {width}x{height}"

    def _pixel(self, x: int, y: int) -> bytes:
        at = 3 * (y * COLUMNS * CELL_WIDTH + x)
        return self._pixels[at:at + 3]

    def glyph(self, column: int, row: int) -> tuple:
        """The cell's foreground pixels; colours do not matter. The cursor must be hidden."""
        left, top = column * CELL_WIDTH, row * CELL_HEIGHT
        background = self._pixel(left + CELL_WIDTH - 1, top)
        return tuple(self._pixel(left + x, top + y) != background
                     for y in range(CELL_HEIGHT) for x in range(CELL_WIDTH - 1))

    def colour(self, column: int, row: int) -> set:
        left, top = column * CELL_WIDTH, row * CELL_HEIGHT
        return {self._pixel(left + x, top + y) for y in range(CELL_HEIGHT) for x in range(CELL_WIDTH)}


class Reader:
    """Knows the glyphs of the printable characters."""

    def __init__(self, known: Picture, text: str, row: int) -> None:
        self._glyphs = {known.glyph(column, row): character for column, character in enumerate(text)}
        self._glyphs[known.glyph(len(text) + 1, row)] = " "

    def learn(self, known: Picture, text: str, row: int) -> None:
        self._glyphs.update({known.glyph(column, row): character for column, character in enumerate(text)})

    def line(self, picture: Picture, row: int) -> str:
        return "".join(self._glyphs.get(picture.glyph(column, row), "?") for column in range(COLUMNS)).rstrip()
