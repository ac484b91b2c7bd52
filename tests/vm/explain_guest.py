"""A guest in explain mode: pages turned by key, and what QEMU knows of the machine meanwhile."""
import re
import socket

import hostile
import menu_guest
from vm import image
from vm.execute import parse

HEAD, FOOT = 0, 23
COLUMNS = 80


class Terminal(menu_guest.SerialScreen):
    """Bears what is not a page: lines of the loader that are too long, the questions of a shell."""

    def _control(self, parameters: str, final: str) -> None:
        if final != "n":
            super()._control(parameters, final)

    def _put(self, character: str) -> None:
        if self.column == COLUMNS and character >= " ":
            self.column = 0
            self.row = min(self.row + 1, 23)
        super()._put(character)


class ExplainGuest(menu_guest.MenuGuest):
    """`config`: added to the image's astra.cfg."""

    def __init__(self, *options: str, config: str = "explain = yes\n", kernel: bytes = b"", device: str = "serial"):
        super().__init__(parse([*options, "--", "true"]), device)
        self.terminal = Terminal()
        partition = image.BootPartition(self.image)
        partition.write("boot/astra.cfg", partition.read("boot/astra.cfg") + config.encode())
        if kernel:
            partition.write("boot/kernel.elf", kernel)

    @classmethod
    def behind_a_hostile_bios(cls, shim: str, faults: dict):
        guest = cls()
        hostile.install(str(guest.image), shim, faults)
        return guest

    def page(self, number: int) -> list:
        """Waits for a page; its rows without head and foot, right when all of it is there."""
        def shown(_text: str) -> bool:
            lines = self.terminal.lines()
            return lines[HEAD].startswith(f" {number}/") and lines[FOOT].endswith(")")
        self.wait_until(shown, f"page {number}")
        return self.terminal.lines()[HEAD:FOOT]

    def pages(self, last: int) -> dict:
        """Turns the pages from the first one up to `last`."""
        found = {}
        for number in range(1, last + 1):
            found[number] = self.page(number)
            if number < last:
                self.press("enter")
        return found

    def hmp(self, command: str) -> str:
        return self.monitor("human-monitor-command", **{"command-line": command})

    def memory(self, address: int, count: int) -> bytes:
        """Physical memory."""
        path = self._folder / "memory"
        self.monitor("pmemsave", val=address, size=count, filename=str(path))
        return path.read_bytes()

    def registers(self) -> dict:
        """Control and segment registers by name; a segment's are (selector, base, limit)."""
        text = self.hmp("info registers")
        found = {name: int(value, 16) for name, value in re.findall(r"\b([A-Z][A-Z0-9]+) ?=([0-9a-f]{8,16})\b", text)}
        for name, selector, base, limit in re.findall(r"^([A-Z]S) ?=(\w{4}) (\w+) (\w+)", text, re.MULTILINE):
            found[name] = tuple(int(part, 16) for part in (selector, base, limit))
        for name, base, limit in re.findall(r"^([GI]DT)= +(\w+) (\w+)", text, re.MULTILINE):
            found[name] = (int(base, 16), int(limit, 16))
        return found

    def loader_registers(self) -> dict:
        """As registers(), at a moment when the loader's own code runs, not the BIOS that waits for a key."""
        found = {}

        def in_loader(_text: str) -> bool:
            found.update(self.registers())
            return found["CS"] == (0x08, 0, 0xFFFFFFFF)
        self.wait_until(in_loader, "a moment in the loader")
        return found

    def run_to(self, address: int, key: str) -> None:
        """Presses `key` and lets the machine run until it is about to execute `address`."""
        path = str(self._folder / "gdb")
        self.hmp(f"gdbserver unix:{path},server=on,wait=off")
        with socket.socket(socket.AF_UNIX) as stub:
            stub.settimeout(menu_guest.LIMIT_S)
            stub.connect(path)
            self.press(key)
            _gdb_command(stub, b"Z1,%x,1" % address, b"OK")
            stub.sendall(b"+")  # not later: any byte stops a running machine
            _gdb_command(stub, b"c", b"T05")
            self.stopped = self.registers()


def _gdb_command(stub: socket.socket, packet: bytes, wanted: bytes) -> None:
    """Sends a packet of GDB's remote protocol; waits until the stub says what is wanted."""
    stub.sendall(b"$%s#%02x" % (packet, sum(packet) & 0xFF))
    text = b""
    while wanted not in text:
        data = stub.recv(4096)
        assert data, "the stub is gone"
        text += data
