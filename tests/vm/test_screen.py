"""The VGA console, looked at: what the picture shows is what programs wrote."""
from screen import ALPHABET, ROWS, Reader, picture_of, wait_for
from vm.execute import parse
from vm.guest import Guest

HALF = len(ALPHABET) // 2 + 10
# In the guest, before it says that a picture is ready: the screen follows in a timer's interrupt, which is due earlier.
DRAWN = "sleep 1"

SCRIPT = rf"""
exec > /dev/tty1
printf '\033[?25l\033[2J\033[H%s\n%s\n' "$1" "$2"
{DRAWN}; echo screen-one > /dev/console; read -r key < /dev/tty1
printf '\033[2J\033[H'
for i in $(seq 1 30); do echo "line $i of thirty"; done
printf '\033[5;10Hplaced\033[31;44m colour\033[0m\033[7;1Htab\there'
printf '\033[9;76Hwrapped around\033[12;1Hovertype\rOVER'
{DRAWN}; echo screen-two > /dev/console; sleep 1000
"""


def test_text_cursor_colour_and_scrolling(tmp_path):
    options = parse(["--append", "console=tty1 console=ttyS0 loglevel=0", "--", "true"])
    first, second = ALPHABET[:HALF], ALPHABET[HALF:]
    with Guest(options, ["sh", "-c", SCRIPT, "sh", first, second]) as guest:
        wait_for(guest, b"screen-one")
        known = picture_of(guest, tmp_path)
        reader = Reader(known, first, 0)
        reader.learn(known, second, 1)
        guest.monitor("send-key", keys=[{"type": "qcode", "data": "ret"}])
        wait_for(guest, b"screen-two")
        picture = picture_of(guest, tmp_path)
    lines = [reader.line(picture, row) for row in range(ROWS)]
    assert lines[0] == "line 7 of thirty" and lines[23] == "line 30 of thirty"
    assert lines[4] == "line 11 oplaced colour"
    assert lines[6] == "tabe 13 herehirty"
    assert lines[8].endswith("wrapp") and lines[9].startswith("ed around")
    assert lines[11] == "OVERtypeof thirty"
    assert picture.colour(17, 4) != picture.colour(10, 4)


def test_boot_messages_are_on_the_screen(tmp_path):
    options = parse(["--", "true"])
    with Guest(options, ["sh", "-c", f"printf '\\033[?25l\\033[25;1H\\n\\n%s\\n%s\\n' '{''.join(c for c in ALPHABET if c.isalnum())}' x > /dev/tty1;"
                                     f"{DRAWN}; echo screen-ready > /dev/console; sleep 1000"]) as guest:
        wait_for(guest, b"screen-ready")
        picture = picture_of(guest, tmp_path)
        alphabet = "".join(c for c in ALPHABET if c.isalnum())
        reader = Reader(picture, alphabet, ROWS - 3)
    text = "\n".join(reader.line(picture, row) for row in range(ROWS))
    assert "kernel" in text and "checksum" in text
