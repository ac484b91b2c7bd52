"""The loader's menu, by COM1 and by the keyboard, and what brings it up; the probe kernel says what was booted."""
import os
import re
import shutil
import struct
import subprocess

import pytest

from conftest import ROOT
from menu_guest import COLOURS, MenuGuest
from vm import host, image, qemu
from vm.execute import parse
from vm.session import Session

SECTOR = 512
PARTITION = 2048 * SECTOR
EXIT_PASS = 2 * 0x10 + 1
FAST_CLOCK = "--qemu-args=-icount shift=10,sleep=off"  # a microsecond an instruction: half a minute goes by in seconds
STOPPED = " -S"  # added to FAST_CLOCK: nothing goes by before we say so
END_LIMIT_S = 400
ENTRIES = 6  # the row of the first one
DEVICES = ["serial", "keyboard"]


@pytest.fixture(scope="session")
def probe():
    """The probe kernel, which prints its arguments and stops the machine."""
    host.build()
    host.build("loader-tests")
    with open(os.path.join(ROOT, "build", "probe", "kernel.elf"), "rb") as file:
        return file.read()


@pytest.fixture
def menu_guest(probe):
    """Makes a guest that boots the probe: config is its astra.cfg, files are others on the boot partition."""
    def make(config: str = "append = first second\n", files=(), device: str = "serial", options=(), kernel=probe):
        guest = MenuGuest(parse([*options, "--", "true"]), device)
        partition = image.BootPartition(guest.image)
        partition.write("boot/astra.cfg", config.encode())
        for name, data in {"boot/kernel.elf": kernel, **dict(files)}.items():
            partition.write(name, data)
        return guest
    return make


def booted(guest) -> str:
    """What the probe printed, when it has stopped the machine."""
    assert guest.end() == EXIT_PASS
    return guest.pump()


# ---- the menu itself --------------------------------------------------------------

def test_shift_brings_up_the_same_menu_on_both_displays(menu_guest):
    with menu_guest(device="keyboard") as guest:
        guest.open_menu()
        guest.expect_row(23, "boot in [1-3]?[0-9] s")
        guest.press("down")  # stops the clock
        guest.expect_row(23, "letter$")
        lines = guest.both_screens()
        cells = guest.video_memory()
    assert lines[0].strip().startswith(f"Astra {host.version()}") and "Boot menu" in lines[0]
    assert [line[1:30].strip() for line in lines[ENTRIES:ENTRIES + 7]] == [
        "1  Boot", "> 2  Explain each step", "3  Edit the arguments", "4  Boot the previous kernel", "5  Memory map",
        "6  Disk", "7  Next boot device"]
    assert lines[ENTRIES].endswith("boot/kernel.elf") and "boot/kernel-old.elf is not there" in lines[ENTRIES + 3]
    assert "first second" in "".join(lines)
    assert {attribute for _, attribute in cells[0]} == {COLOURS["bar"]}
    assert cells[ENTRIES + 1][7][1] == COLOURS["selected"] and cells[ENTRIES][7][1] == COLOURS["bright"]
    assert cells[ENTRIES + 3][7][1] == COLOURS["dim"]
    assert {0, ENTRIES + 1, 23} == guest.terminal.reversed_rows()


@pytest.mark.parametrize("device", DEVICES)
def test_pages_and_editing_reach_the_kernel(device, tmp_path):
    """One boot of Astra: memory map, disk, edited arguments, and /proc/cmdline has them."""
    options = parse(["--append", "alpha beta", "--", "cat", "/proc/cmdline"])
    out = os.open(tmp_path / "out", os.O_RDWR | os.O_CREAT)
    empty = os.open(os.devnull, os.O_RDONLY)
    with MenuGuest(options, device, options.command) as guest:
        guest.open_menu()
        check_memory_page(guest)
        check_disk_page(guest)
        guest.press("e")
        guest.expect_row(4, "alpha beta")
        check_cursor(guest, "alpha beta")
        guest.type("x")
        guest.press("escape")
        guest.expect_menu()
        assert "alpha betax" not in "".join(guest.terminal.lines())
        guest.press("up", "up", "down", "up", "down")
        guest.press("3")
        guest.expect_row(4, "alpha beta")
        guest.press("home", "delete", "right", "backspace", "end", "left", "left")
        guest.expect_row(4, "^   pha beta")
        guest.type("zeta=9 ")
        guest.expect_row(4, "^   pha bezeta=9 ta")
        guest.press("enter")
        guest.expect_menu()
        guest.press("enter")
        guest.expect(r"menu +Boot\r\n")
        guest.stop_reading()
        status = Session(guest, empty, out, 2, 0, 120).run()
    os.lseek(out, 0, os.SEEK_SET)
    text = os.read(out, 4096).decode()
    os.close(out)
    os.close(empty)
    assert status == 0 and text.endswith("pha bezeta=9 ta\n"), text


def check_cursor(guest, text: str) -> None:
    """It stands behind the text on both displays, and can be seen (BIOS data area, 40:50 and 40:60)."""
    guest.wait_until(lambda _: guest.terminal.column == 3 + len(text), "cursor on COM1")
    guest.wait_until(lambda _: guest.memory(0x450, 2) == bytes((3 + len(text), 4)), "cursor on the screen")
    guest.wait_until(lambda _: guest.terminal.row == 4 and guest.terminal.cursor_shown, "cursor to be seen on COM1")
    guest.wait_until(lambda _: not guest.memory(0x461, 1)[0] & 0x20, "shape of the cursor")


def check_memory_page(guest) -> None:
    guest.press("m")
    guest.expect_row(0, "Memory map")
    guest.expect_row(23, "back")
    lines = guest.both_screens()
    assert lines[2].strip() == "From the BIOS by E820: 7 ranges"
    assert re.match(r" +000000000000-00000009fbff usable +639 KiB", lines[3])
    top = lines[2:22]
    guest.press("end")
    guest.expect("MiB free")
    assert guest.both_screens()[2:22] != top
    guest.press("home")
    guest.expect_row(2, "From the BIOS")
    guest.press("escape")
    guest.expect_menu()


def check_disk_page(guest) -> None:
    with open(guest.image, "rb") as file:
        sector = file.read(SECTOR)
        size = file.seek(0, 2)
        file.seek(PARTITION)
        volume = file.read(SECTOR)
    guest.press("d")
    guest.expect_row(23, "back")
    text = "\n".join(guest.both_screens())
    guest.press("page down")
    guest.expect(r"boot/, bytes")
    text += "\n".join(guest.both_screens())
    disk_id, = struct.unpack_from("<I", sector, 440)
    first, count = struct.unpack_from("<II", sector, 446 + 8)
    assert f"disk id      {disk_id:08x}" in text and "BIOS number  80h" in text and "PCI ATA" in text
    assert re.search(rf" sectors      {size // SECTOR} of 512 bytes", text)
    assert re.search(rf"1 0ch FAT32 +{first} +{count}  active", text)
    assert f"volume id    {struct.unpack_from('<I', volume, 67)[0]:08x}" in text
    kernel = os.path.getsize(os.path.join(ROOT, "build", "boot", "kernel.elf"))
    assert re.search(rf"{kernel}  kernel.elf", text) and "astra.cfg" in text
    guest.press("enter")
    guest.expect_menu()


def test_long_arguments_scroll(menu_guest):
    long = "abcdefg " * 255  # 2040 bytes
    with menu_guest(config=f"append = {long}\n") as guest:
        guest.open_menu()
        guest.press("e")
        guest.expect_row(6, "2039 of 2048 bytes")
        assert guest.terminal.lines()[4].startswith("  <")
        guest.type(" 123456789")  # the last one has no room
        guest.expect_row(6, "2048 of 2048 bytes")
        guest.expect_row(4, "12345678$")
        guest.press("home")
        guest.expect_row(4, "^   abcdefg .*>$")
        guest.press("\x0b")  # Ctrl-K
        guest.expect_row(6, "^   0 of 2048 bytes")
        guest.type("short")
        guest.press("enter")
        guest.expect_menu()
        guest.press("b")
        assert "cmdline [short]" in booted(guest)


def test_previous_kernel(menu_guest, probe):
    with menu_guest(config="kernel_old = boot/older\n", files={"boot/older": probe}, kernel=b"not a kernel") as guest:
        guest.open_menu()
        assert guest.terminal.lines()[ENTRIES + 3].endswith("boot/older")
        guest.press("p")
        assert "boot/older, " in booted(guest)


def test_missing_previous_kernel_cannot_be_chosen(menu_guest):
    with menu_guest() as guest:
        guest.open_menu()
        guest.press("p", "4", "?", "\x1b[15~")
        guest.press("down", "down", "down")  # from 3 to 5
        guest.expect_row(ENTRIES + 4, "^ > 5")
        guest.press("up", "up", "up", "enter")
        booted(guest)


def test_image_with_a_previous_kernel(astra, tmp_path, probe):
    (tmp_path / "old").write_bytes(probe)
    made = astra("image", "--old-kernel", str(tmp_path / "old"), "-o", str(tmp_path / "astra.img"))
    assert made.status == 0, made.err
    with MenuGuest(parse(["--image", str(tmp_path / "astra.img"), "--", "true"])) as guest:
        guest.open_menu()
        assert guest.terminal.lines()[ENTRIES + 3].endswith("boot/kernel-old.elf")
        guest.press("4")
        booted(guest)


def test_explain_can_be_chosen(menu_guest):
    with menu_guest() as guest:
        guest.open_menu()
        guest.press("x")
        guest.expect(r"menu +Explain each step\r\n[^$]* 1/\d+  [^$]*q boot on")
        guest.press("q")
        booted(guest)


def test_next_boot_device(menu_guest):
    with menu_guest(options=["--qemu-args=-boot reboot-timeout=-1"]) as guest:
        guest.open_menu()
        guest.press("n")
        guest.wait_until(lambda _: "No bootable device" in "".join(guest.screen_lines()), "end of the boot order")


# ---- what brings it up --------------------------------------------------------------

def test_broken_configuration(menu_guest):
    config = "append = one\ncolour = blue  # sky\r\nappend = two\nnonsense\n"
    with menu_guest(config=config) as guest:
        guest.expect_row(23, "boot in [0-9]+ s")
        guest.press("down")
        guest.expect_row(23, "letter$")
        lines = guest.both_screens()
        assert lines[2].strip() == "boot/astra.cfg, line 2: unknown key" and lines[3].strip() == "colour = blue  # sky"
        assert lines[4].strip() == "and 1 more lines that cannot be used"
        guest.press("b")
        assert "cmdline [one two]" in booted(guest)


@pytest.mark.parametrize("config,wake,said", [
    ("append = on\nnonsense\n", b"", r"boot in \d s"),           # 10 seconds
    ("append = on\n", b"    ", r"boot in [123]\d s"),      # 30 seconds after somebody's byte
    ("append = on\nmenu = 20\n", b"", "press a key for it: 1 s"),
])
def test_a_machine_by_itself_boots(menu_guest, config, wake, said):
    """No keyboard controller, and nobody at the other end of COM1."""
    with menu_guest(config=config, options=[FAST_CLOCK + STOPPED, "--machine", "pc,i8042=off"]) as guest:
        text = guest.boot_by_itself(wake)
        assert guest.end() == EXIT_PASS
    assert re.search(said, text) and "cmdline [on]" in text, text


def boot_alone(guest, tmp_path, serial: list, *extra: str) -> int:
    """Boots the guest's image with other serial ports and nobody there; QEMU's exit status."""
    copy = shutil.copyfile(guest.image, tmp_path / "boot.img")
    guest.__exit__()
    line = qemu.command(guest.options, copy, serial, ["-display", "none", "-no-reboot", "-monitor", "none", *extra])
    return subprocess.run(line, timeout=END_LIMIT_S, stdin=subprocess.DEVNULL).returncode


def test_neither_keyboard_nor_serial_port(menu_guest, tmp_path):
    guest = menu_guest(config="nonsense\n", options=[FAST_CLOCK, "--machine", "pc,i8042=off"])
    assert boot_alone(guest, tmp_path, []) == EXIT_PASS


def test_a_stuck_key_is_nobody(menu_guest):
    with menu_guest(config="append = on\nnonsense\n", options=[FAST_CLOCK]) as guest:
        guest.expect("boot in [0-9]+ s")
        guest.wait_until(lambda _: guest.press_without_waiting("z") or guest.process.poll() is not None, "end")
        assert "cmdline [on]" in booted(guest)


def test_countdown_brings_up_the_menu(menu_guest):
    with menu_guest(config="menu = 60\n", device="keyboard") as guest:
        guest.expect("press a key for it: 5[0-9] s")
        guest.press("a")
        guest.expect_menu()
        guest.press("1")
        booted(guest)


def test_a_line_that_echoes_is_nobody(menu_guest, tmp_path):
    """A modem that sends back what it gets: neither the menu nor its keys are meant. QEMU reads what it writes to a pipe."""
    os.mkfifo(tmp_path / "line.in")
    (tmp_path / "line.out").symlink_to("line.in")
    line = f"pipe,id=line,path={tmp_path / 'line'},logfile={tmp_path / 'log'}"
    guest = menu_guest(config="append = on\nmenu = 1\n")
    assert boot_alone(guest, tmp_path, ["chardev:line"], "-chardev", line) == EXIT_PASS
    text = (tmp_path / "log").read_text(encoding="latin-1")
    assert "press a key for it" in text and "Boot menu" not in text and "cmdline [on]" in text


def test_bytes_that_do_not_count(menu_guest):
    with menu_guest() as guest:
        guest.console.sendall(b"\x00\xff" * 20)
        assert "Boot menu" not in booted(guest)


# ---- a kernel that cannot be loaded --------------------------------------------------------------

def test_failure_offers_the_previous_kernel(menu_guest, probe):
    with menu_guest(files={"boot/kernel-old.elf": probe}, kernel=b"not a kernel") as guest:
        guest.expect(r"Astra boot error 62: [^\n]*\r\n  boot/kernel.elf: bad ELF header\r\n  Remedy: ")
        guest.expect("Press a key for the menu: boot/kernel-old.elf is there")
        guest.press("a")
        guest.expect_menu()
        guest.expect_row(ENTRIES + 3, "^ > 4")
        assert guest.terminal.lines()[2].strip().startswith("Error 62: ")
        assert guest.terminal.lines()[3].strip() == "boot/kernel.elf: bad ELF header"
        guest.press("b")  # the same again: a key, and the menu again
        guest.wait_until(lambda text: text.count("Press a key for the menu") == 2, "second failure")
        guest.press("a")
        guest.expect_row(ENTRIES + 3, "^ > 4")
        guest.press("enter")
        assert "boot/kernel-old.elf, " in booted(guest)


def test_failure_without_anybody_ends_at_the_next_device(menu_guest, probe):
    with menu_guest(files={"boot/kernel-old.elf": probe}, kernel=b"", options=[FAST_CLOCK]) as guest:
        guest.expect("Astra boot error 62: ")
        guest.wait_until(lambda _: "No bootable device" in "".join(guest.screen_lines()), "end of the boot order")
        assert "Boot menu" not in guest.pump()


def test_failure_of_both_kernels(menu_guest):
    with menu_guest(files={"boot/kernel-old.elf": b"nor this"}, kernel=b"not a kernel") as guest:
        guest.expect("Press a key for the menu")
        guest.press("a")
        guest.expect_row(ENTRIES + 3, "^ > 4")
        guest.press("enter")
        guest.expect(r"boot/kernel-old.elf: bad ELF header[^$]*Press a key for the next boot device")


# ---- other displays --------------------------------------------------------------

MODE_SECTOR = """
        org 0x600
        bits 16
        xor ax, ax              ; from 7c00h, where the BIOS put us, to 600h
        mov ds, ax
        mov es, ax
        mov ss, ax
        mov sp, 0x7c00
        mov si, 0x7c00
        mov di, 0x600
        mov cx, 256
        cld
        rep movsw
        jmp 0:moved
moved:  mov ax, {mode}          ; INT 10h AH=00h
        int 0x10
        mov ax, 0x0201          ; the real boot sector, kept in sector 1
        mov bx, 0x7c00
        mov cx, 0x0002
        mov dh, 0
        int 0x13
        jmp 0:0x7c00
        times 440 - ($ - $$) db 0
"""


def set_mode_before(path: str, mode: int, tmp_path) -> None:
    """Puts a boot sector before stage1 that brings the screen to a text mode."""
    (tmp_path / "mode.asm").write_text(MODE_SECTOR.format(mode=mode))
    subprocess.run(["nasm", "-f", "bin", str(tmp_path / "mode.asm"), "-o", str(tmp_path / "mode.bin")], check=True)
    with open(path, "r+b") as file:
        real = file.read(SECTOR)
        file.seek(0)
        file.write((tmp_path / "mode.bin").read_bytes()[:440] + real[440:] + real)


@pytest.mark.parametrize("mode,columns", [(1, 40), (0, 40), (7, 80)])
def test_other_text_modes(menu_guest, tmp_path, mode, columns):
    guest = menu_guest()
    set_mode_before(str(guest.image), mode, tmp_path)
    with guest:
        guest.open_menu()
        guest.press("down")
        guest.expect_row(23, "Enter[^0-9]*$")
        guest.wait_until(lambda _: guest.screen_lines(columns, mode)[:24] == guest.terminal.lines(), "agreement")
        cells = guest.video_memory(columns, mode)
        lines = guest.terminal.lines()
        guest.press("m")
        guest.expect_row(3, "000000000000-00000009fbff usable")
        guest.press("escape")
        guest.expect_menu()
        guest.press("e")
        guest.expect_row(6, "bytes")
        guest.press("escape")
        guest.expect_menu()
        guest.press("b")
        booted(guest)
    assert max(map(len, lines)) <= columns and "Explain each step" in lines[ENTRIES + 1]
    colours = {attribute for row in cells for _, attribute in row}
    assert colours <= (set(COLOURS.values()) if mode == 1 else {0x07, 0x0F, 0x70}), colours


# ---- Bochs --------------------------------------------------------------

def test_menu_in_bochs(menu_guest):
    with menu_guest(options=["--bochs"]) as guest:
        guest.open_menu()
        guest.press("e")
        guest.expect_row(4, "first second")
        guest.type(" third")
        guest.expect_row(4, "third$")
        guest.press("enter")
        guest.expect_menu()
        guest.press("enter")
        guest.expect(r"cmdline \[first second third\]")
        guest.expect("probe: PASS")
