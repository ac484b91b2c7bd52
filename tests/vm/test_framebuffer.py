"""The framebuffer console, looked at: the pixels of the picture are those of the font, where programs wrote."""
import pytest

from screen import ALPHABET, Reader, framebuffer, wait_for, wait_for_picture
from vm import host
from vm.execute import parse
from vm.guest import Guest

REPLACEMENT_GLYPH = 4  # what this font has for U+FFFD
LAST_LINE = 200
SCRIPT = r"""
exec > /dev/tty1
printf '\033[?25l\033[2J\033[H'
for i in $(seq 1 $1); do echo "line $i of many"; done
printf '\033[5;1H\033[K%s\033[7;1Htab\there, \342\220\206\344\270\255.' "$2"
printf '\033[9;1H\033[K\033[37;41mR\033[42mG\033[44mB\033[0m\033[1mbold\033[0;4m_\033[0m\033[11;9H\033[?25h'
echo screen-ready > /dev/console; sleep 1000
"""
SHADE = 0xaa  # of the palette's dark colours
RED, GREEN, BLUE = (SHADE, 0, 0), (0, SHADE, 0), (0, 0, SHADE)
BLACK, GREY = (0, 0, 0), (SHADE, SHADE, SHADE)


def font_reader() -> Reader:
    psf = (host.BUILD / "console_font.psf").read_bytes()
    reader = Reader()
    reader.learn_font(psf, {**{code: chr(code) for code in range(0x20, 0x7f)}, REPLACEMENT_GLYPH: "\ufffd"})
    return reader


def looks_like(pixel: bytes, colour: tuple, bits: int) -> bool:
    tolerance = 0 if bits > 16 else 1 << (8 - 5)
    return all(abs(shown - wanted) <= tolerance for shown, wanted in zip(pixel, colour))


def check_text(lines: list, rows: int) -> None:
    first = LAST_LINE - rows + 2
    assert lines[0] == f"line {first} of many" and lines[rows - 2] == f"line {LAST_LINE} of many"
    assert lines[rows - 1] == ""
    assert lines[4] == ALPHABET
    assert lines[6].startswith("tabe " + str(first + 6)[:3] + "here, \ufffd\ufffd.")


def check_colours(picture, bits: int) -> None:
    cell = picture.layout
    top = 8 * cell.cell_height
    for column, colour in enumerate((RED, GREEN, BLUE)):
        assert looks_like(picture.pixel(column * cell.cell_width, top), colour, bits), (column, colour)
    white = (255, 255, 255)
    assert any(looks_like(pixel, white, bits) for pixel in picture.colour(3, 8)), "bold is bright"


def check_cursor(picture, bits: int) -> None:
    """At row 10, column 8: the two lowest of the cell's lines, and nothing in the cell beside it."""
    cell = picture.layout
    left, bottom = 8 * cell.cell_width, 11 * cell.cell_height
    for x in range(left, left + cell.cell_width):
        assert looks_like(picture.pixel(x, bottom - 1), GREY, bits)
        assert looks_like(picture.pixel(x, bottom - 2 * cell.scale), GREY, bits)
    assert looks_like(picture.pixel(left + cell.cell_width, bottom - 1), BLACK, bits)


@pytest.mark.parametrize("video,width,height,bits", [
    ("1024x768", 1024, 768, 32), ("1024x768x24", 1024, 768, 24), ("800x600x16", 800, 600, 16),
    ("800x600x15", 800, 600, 15), ("2560x1600", 2560, 1600, 32)])
def test_text_colour_cursor_and_scrolling(tmp_path, video, width, height, bits):
    options = parse(["--video", video, "--append", "console=ttyS0", "--", "true"])
    layout, reader = framebuffer(width, height), font_reader()

    def check(picture) -> None:
        check_text(reader.lines(picture), layout.rows)
        check_colours(picture, bits)
        check_cursor(picture, bits)
    with Guest(options, ["sh", "-c", SCRIPT, "sh", str(LAST_LINE), ALPHABET]) as guest:
        wait_for(guest, b"screen-ready")
        assert f"{width}x{height} pixels of {bits} bits".encode() in guest.console_bytes
        wait_for_picture(guest, tmp_path, check, layout)


def test_panic_is_readable(tmp_path):
    options, reader = parse(["--video", "1024x768", "--append", "crash=null", "--", "true"]), font_reader()

    def check(picture) -> None:
        text = "\n".join(reader.lines(picture))
        assert "an address near NULL" in text and "crash_null" in text and "system halted" in text
        assert "memory" in text, "the log from before is there too"
    with Guest(options) as guest:
        wait_for(guest, b"system halted")
        wait_for_picture(guest, tmp_path, check, framebuffer(1024, 768))


def test_terminal_has_the_screens_size(guest_script):
    sizes = "stty size < /dev/tty1; stty size < /dev/tty0"
    assert guest_script(sizes, options=["--video", "1280x800"]) == "50 160\n50 160\n"
    assert guest_script(sizes) == "25 80\n25 80\n"


def test_modes_that_are_not_there_give_text(guest_script):
    assert guest_script("stty size < /dev/tty1", options=["--video", "1281x803"]) == "25 80\n"


def test_bochs_says_that_it_has_no_pixels(astra):
    result = astra("exec", "--bochs", "--video", "1024x768", "--", "true")
    assert result.status == 125 and b"has no pixels" in result.err


def test_no_display(guest_script):
    """Nothing to draw on: the serial line has it all."""
    options = ["--video", "1024x768", "--qemu-args", "-vga none"]
    assert guest_script("test -e /dev/tty1 || echo none; echo fine", options=options) == "none\nfine\n"
