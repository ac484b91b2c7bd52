"""A guest whose boot menu is worked with: keys by COM1 or by the keyboard; both displays are read cell by cell."""
import queue
import re
import select
import struct
import threading
import time

from vm.guest import Guest
from vm.host import HostError

LIMIT_S = 360
STEP_S = 0.03
BOOTS_MAX = 20
MISSED = "missed"
KERNEL_STARTS = "  start    kernel at "
TEXT_MEMORY = {7: 0xB0000}
TEXT_MEMORY_COLOUR = 0xB8000
COLOURS = {"normal": 0x07, "dim": 0x08, "bright": 0x0F, "bar": 0x1F, "selected": 0x30, "alert": 0x0E}

# name: (bytes by COM1, QEMU's key)
KEYS = {"up": (b"\x1b[A", "up"), "down": (b"\x1b[B", "down"), "right": (b"\x1b[C", "right"),
        "left": (b"\x1b[D", "left"), "home": (b"\x1b[H", "home"), "end": (b"\x1b[4~", "end"),
        "page down": (b"\x1b[6~", "pgdn"), "page up": (b"\x1b[5~", "pgup"), "delete": (b"\x1b[3~", "delete"), "backspace": (b"\x7f", "backspace"),
        "enter": (b"\r", "ret"), "escape": (b"\x1b", "esc"), " ": (b" ", "spc"), "=": (b"=", "equal")}


class SerialScreen:
    """What a VT100 of 80 by 24 shows of the bytes it got."""
    SEQUENCE = re.compile(rb"\x1b\[(\??[\d;]*)([A-Za-z])")

    def __init__(self) -> None:
        self._clear()
        self.row = self.column = 0
        self.reverse = False
        self.cursor_shown = True
        self._rest = b""

    def _clear(self) -> None:
        self._cells = [[(" ", False)] * 80 for _ in range(24)]

    def feed(self, data: bytes) -> None:
        data, self._rest = self._rest + data, b""
        while data:
            if data[0] == 0x1B:
                match = self.SEQUENCE.match(data)
                if not match:
                    assert len(data) < 20, f"no sequence: {data[:20]}"
                    self._rest = data
                    return
                self._control(match.group(1).decode(), match.group(2).decode())
                data = data[match.end():]
            else:
                self._put(chr(data[0]))
                data = data[1:]

    def _control(self, parameters: str, final: str) -> None:
        if final == "H":
            self.row, self.column = (int(number) - 1 for number in parameters.split(";"))
        elif final == "J":
            self._clear()
        elif final == "m":
            self.reverse = "7" in parameters.split(";")
        else:
            assert final in "hl" and parameters == "?25", f"unknown sequence {parameters}{final}"
            self.cursor_shown = final == "h"

    def _put(self, character: str) -> None:
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.row += 1
        elif character == "\b":
            self.column -= 1
        else:
            if self.column == 80:
                self.row, self.column = self.row + 1, 0
                self._scroll()
            self._cells[self.row][self.column] = (character, self.reverse)
            self.column += 1
        self._scroll()

    def _scroll(self) -> None:
        if self.row == 24:
            self._cells = self._cells[1:] + [[(" ", False)] * 80]
            self.row = 23

    def lines(self) -> list:
        return ["".join(character for character, _ in row).rstrip() for row in self._cells]

    def reversed_rows(self) -> set:
        return {number for number, row in enumerate(self._cells) if any(reverse for _, reverse in row)}


class MenuGuest(Guest):
    """`device`: "serial" or "keyboard", what keys are pressed on."""

    def __init__(self, options, device: str = "serial", command=()) -> None:
        super().__init__(options, command)
        self.device = device
        self.options = options
        self._prepare_reading()

    def _prepare_reading(self) -> None:
        self.terminal = SerialScreen()
        self._reading = threading.Event()
        self._chunks = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read_on, daemon=True)

    def _start(self) -> None:
        super()._start()
        self._reading.set()
        self._reader.start()

    def __exit__(self, *exception) -> None:
        self.stop_reading()
        super().__exit__(*exception)

    def _read_on(self) -> None:
        """Takes COM1's bytes at once: the loader waits for a line that stands still, but not for ever."""
        while self._reading.is_set():
            if select.select([self.console], [], [], STEP_S)[0]:
                data = Guest.read_console(self)
                self._chunks.put(data)
                if not data:
                    return  # the emulator has ended

    def stop_reading(self) -> None:
        """From now on others read COM1."""
        self._reading.clear()
        if self._reader.is_alive():
            self._reader.join()

    def _read_to_the_end(self) -> None:
        """The emulator has ended: what it said last may still be on its way."""
        if self._reading.is_set():
            self._reader.join()

    def read_console(self) -> bytes:
        if not self._reading.is_set():
            return super().read_console()
        try:
            return self._chunks.get_nowait()
        except queue.Empty:
            return b""

    def pump(self) -> str:
        """Takes in what COM1 said; returns everything so far."""
        data = self.read_console()
        while data:
            self.terminal.feed(data)
            data = self.read_console()
        return bytes(self.console_bytes).decode("latin-1")

    def wait_until(self, condition, what: str):
        limit = time.monotonic() + LIMIT_S
        while not (value := condition(self.pump())):
            assert time.monotonic() < limit, f"no {what}:\n" + "\n".join(self.terminal.lines()) + self.console_tail()
            if self.process.poll() is not None:
                self._read_to_the_end()
                value = condition(self.pump())
                assert value, f"the machine ended before {what}:\n{self.console_tail()}"
                return value
            time.sleep(STEP_S)
        return value

    def expect(self, pattern: str) -> re.Match:
        """Until COM1's text so far has the pattern."""
        return self.wait_until(lambda text: re.search(pattern, text), repr(pattern))

    def expect_row(self, row: int, pattern: str) -> str:
        """Until the serial screen's row has the pattern; the row."""
        self.wait_until(lambda _: re.search(pattern, self.terminal.lines()[row]), f"{pattern!r} in row {row}")
        return self.terminal.lines()[row]

    def open_menu(self) -> None:
        """The loader looks for a key for a moment only, in which a busy host may not get to press one."""
        boots = 1
        while self.wait_until(self._wanted_menu_is_there, "menu") == MISSED:
            assert boots < BOOTS_MAX, f"no menu in {boots} boots:\n{self.console_tail()}"
            boots += 1
            self._boot_again()
        if self.device == "keyboard":
            self._input("shift", False)

    def boot_by_itself(self, wake: bytes) -> str:
        """For a machine that starts stopped: lets it go with `wake` on the line, until it ends; what COM1 said. The menu
        must come if there is a `wake`, for which the loader looks for a moment only."""
        boots = 1
        while True:
            self._send(wake)
            self.monitor("cont")
            self.end()
            if not wake or "Boot menu" in self.pump():
                return self.pump()
            assert boots < BOOTS_MAX, f"no menu in {boots} boots:\n{self.console_tail()}"
            boots += 1
            self._boot_again()

    def expect_menu(self) -> None:
        """Until the first page is complete: its foot is drawn last."""
        self.wait_until(self._menu_is_there, "menu")

    def _menu_is_there(self, _text: str) -> bool:
        lines = self.terminal.lines()
        return "Boot menu" in lines[0] and lines[23].startswith("   Up")

    def _boot_again(self) -> None:
        self.stop_reading()
        self.process.kill()
        self.process.wait()
        for opened in (self.console, self.port, *self._listeners):
            opened.close()
        for name in ("qmp", "boot.img.lock"):  # the lock is Bochs'
            (self._folder / name).unlink(missing_ok=True)
        self._listeners.clear()
        self.console_bytes.clear()
        self._prepare_reading()
        self._start()

    def _wanted_menu_is_there(self, text: str):
        """True; False, which asks for it; MISSED."""
        if self._menu_is_there(text):
            return True
        if KERNEL_STARTS in text:
            return MISSED
        if self.device == "keyboard":
            self._input("shift", True)  # a keyboard repeats the key that is held
        else:
            self.press_without_waiting(" ")  # what comes before COM1 is set up is lost; in the menu it means nothing
        return False

    def press_without_waiting(self, character: str) -> None:
        self._send(character.encode())
        time.sleep(STEP_S)

    def _send(self, data: bytes) -> None:
        """By COM1, unless enough is on its way already."""
        try:
            self.console.send(data)
        except (BlockingIOError, ConnectionError):
            pass

    def _input(self, key: str, down: bool) -> None:
        try:
            event = {"type": "key", "data": {"down": down, "key": {"type": "qcode", "data": key}}}
            self.monitor("input-send-event", events=[event])
        except (OSError, HostError):
            pass  # QEMU is not listening yet

    def press(self, *names: str) -> None:
        """Keys of KEYS, or characters: lower-case letters and digits."""
        for name in names:
            sent, qcode = KEYS.get(name, (name.encode(), name))
            if self.device == "serial":
                self.console.sendall(sent)
            else:
                _, before = self._keyboard_buffer()
                self._input(qcode, True)
                self._input(qcode, False)
                self.wait_until(lambda _: self._keyboard_is_read(before), "read keyboard")

    def _keyboard_buffer(self) -> tuple:
        """(head, tail) of the BIOS' buffer, in the BIOS data area, 40:1A."""
        return struct.unpack("<HH", self.memory(0x41A, 4))

    def _keyboard_is_read(self, tail_before: int) -> bool:
        """The key has come to the BIOS' buffer, which is small, as is QEMU's, and been taken from there."""
        try:
            head, tail = self._keyboard_buffer()
        except (OSError, HostError):
            return self.process.poll() is not None  # the key has ended the machine
        return head == tail != tail_before

    def type(self, text: str) -> None:
        self.press(*text)

    def memory(self, address: int, size: int) -> bytes:
        path = self._folder / "memory"
        self.monitor("pmemsave", **{"val": address, "size": size, "filename": str(path)})
        return path.read_bytes()

    def video_memory(self, columns: int = 80, mode: int = 3) -> list:
        """The screen's rows, each a list of (character, attribute)."""
        cells = self.memory(TEXT_MEMORY.get(mode, TEXT_MEMORY_COLOUR), 2 * columns * 25)
        pairs = [(chr(cells[at]), cells[at + 1]) for at in range(0, len(cells), 2)]
        return [pairs[row * columns:(row + 1) * columns] for row in range(25)]

    def screen_lines(self, columns: int = 80, mode: int = 3) -> list:
        return ["".join(character for character, _ in row).rstrip() for row in self.video_memory(columns, mode)]

    def both_screens(self) -> list:
        """The rows, which are the same on both displays as soon as both have caught up."""
        def same(_text: str) -> bool:
            return self.screen_lines()[:24] == self.terminal.lines()
        self.wait_until(same, "agreement of screen and COM1")
        return self.terminal.lines()

    def end(self) -> int:
        """The emulator's exit status, when it ends by itself."""
        self.wait_until(lambda _: self.process.poll() is not None, "end")
        self._read_to_the_end()
        return self.process.returncode
