"""Interrupt controllers, clocks, the serial ports, the screen and the keyboard, on the machines QEMU can be."""
import hashlib
import re
import socket
import time

import pytest

from terminal import Terminal

# The end of standard input comes over ttyS1, by an interrupt, whenever the host has sent it.
SHOW = """until grep -q '^refinements [1-9]' /kernel/hw/time && grep -q ' edge [1-9].* ttyS1' /kernel/hw/irq; do sleep 0.1; done
cat /kernel/hw/irq /kernel/hw/time; cat /proc/interrupts; dmesg | grep -c 'rtc: 20'"""

CLOCK_ERROR = 1.01

# Options of the machine: the controller and the timer that must be found on it.
MACHINES = {
    "io-apic": ((), "IO-APIC", "local APIC"),
    "two-cpus": (("--smp", "2"), "IO-APIC", "local APIC"),
    "q35": (("--machine", "q35", "--boot", "ahci"), "IO-APIC", "local APIC"),
    "noapic": (("--append", "noapic"), "XT-PIC", "8254"),
    "no-apic-in-cpu": (("--cpu", "qemu64,-apic"), "XT-PIC", "8254"),
    "no-acpi": (("--qemu-args=-no-acpi",), "XT-PIC", "8254"),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_interrupts_and_clocks(guest_script, machine):
    options, controller, timer = MACHINES[machine]
    text = guest_script(SHOW, options=options)
    assert re.search(rf"^3 {controller} edge [1-9]\d* ttyS1$", text, re.M), text
    assert f"timer {timer}\n" in text, text
    assert text.endswith("\n1\n"), "the clock chip was not read"


def test_time_is_the_hosts(guest_script):
    assert abs(int(guest_script("date +%s")) - time.time()) < 60


def test_sleep_takes_its_time(guest_script):
    """No less, and no more than passes here meanwhile."""
    start = time.monotonic()
    before, after = map(float, re.findall(r"^([\d.]+) ", guest_script("cat /proc/uptime; sleep 2; cat /proc/uptime"), re.M))
    assert 2 <= after - before <= (time.monotonic() - start) * CLOCK_ERROR


def test_second_serial_port_is_transparent(guest_exec):
    data = bytes(range(256)) * 400
    result = guest_exec("cat", stdin=data)
    assert result.status == 0 and hashlib.sha256(result.out).digest() == hashlib.sha256(data).digest()


def test_memory_devices(guest_script):
    assert guest_script("head -c 3 /dev/zero | od -An -tx1; head -c 3 /dev/null | wc -c").split() == ["00", "00", "00", "0"]
    assert "No space left" in guest_script("echo x 2>&1 >/dev/full; true")
    assert guest_script("head -c 100000 /dev/urandom | gzip | wc -c; "
                        "[ $(head -c 32 /dev/random | md5sum | cut -c1-32) != $(head -c 32 /dev/random | md5sum | cut -c1-32) ]"
                        ).strip().isdigit()


def test_kernel_log_device(guest_script):
    text = guest_script("echo '<4>written by a test' > /dev/kmsg; dmesg | grep 'by a test'; grep -m 1 'by a test' /dev/kmsg")
    assert re.search(r"^\[ *\d+\.\d{6}\] \w+: written by a test$", text, re.M)
    assert re.search(r"^4,\d+,\d+,-;\w+: written by a test$", text, re.M)


# ---- screen and keyboard ----

LIMIT_S = 300
TEXT_MEMORY, ROWS, COLUMNS = 0xb8000, 25, 80
KEYS = {" ": "spc", "\n": "ret", "-": "minus", "/": "slash", ".": "dot", "|": "shift-backslash", "$": "shift-4", "?": "shift-slash"}


class Screen:
    """The text a person would see, and a keyboard, through QEMU's monitor."""

    def __init__(self, directory) -> None:
        self.path, self._dump = str(directory / "monitor"), str(directory / "screen")

    def monitor(self, command: str) -> None:
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(self.path)
            self._prompt(monitor)
            monitor.sendall(command.encode() + b"\n")
            self._prompt(monitor)

    @staticmethod
    def _prompt(monitor: socket.socket) -> None:
        received = b""
        while not received.endswith(b"(qemu) "):
            part = monitor.recv(4096)
            assert part, f"QEMU has ended: {received.decode(errors='replace')}"
            received += part

    def type(self, text: str) -> None:
        """At a prompt. The keyboard's buffer is small: each character must be seen before the next is typed."""
        for count, character in enumerate(text, 1):
            key = KEYS.get(character) or (f"shift-{character.lower()}" if character.isupper() else character)
            self.monitor(f"sendkey {key} 20")
            if character not in " \n":
                self.wait(rf"# {re.escape(text[:count])}$")

    def lines(self) -> list:
        self.monitor(f'pmemsave {TEXT_MEMORY} {ROWS * COLUMNS * 2} "{self._dump}"')
        with open(self._dump, "rb") as file:
            cells = file.read()[::2].decode("cp437")
        return [cells[row * COLUMNS:(row + 1) * COLUMNS].rstrip() for row in range(ROWS)]

    def wait(self, pattern: str, limit_s: float = LIMIT_S) -> list:
        limit, lines = time.monotonic() + limit_s, []
        while time.monotonic() < limit:
            try:
                lines = self.lines()
            except (FileNotFoundError, ConnectionRefusedError):
                pass  # QEMU is not listening yet
            if re.search(pattern, "\n".join(lines), re.M):
                return lines
            time.sleep(0.05)
        raise AssertionError(f"no {pattern!r} on the screen:\n" + "\n".join(lines))


@pytest.fixture
def screen(tmp_path):
    screen = Screen(tmp_path)
    job = tmp_path / "job"
    job.write_text("echo begins; exec sleep 1000\n")
    with Terminal("--append", "console=tty0", "--add", f"{job}:/tmp/job",
                  f"--qemu-args=-no-reboot -monitor unix:{screen.path},server,nowait") as terminal:
        screen.terminal = terminal
        screen.wait(r"^root@astra:.*# $|^root@astra:.*#$")
        yield screen


def test_screen_shows_what_is_typed(screen):
    screen.type("echo Hello World | cat\n")
    lines = screen.wait(r"^Hello World$")
    assert lines[lines.index("Hello World") - 1] == "root@astra:/users/root# echo Hello World | cat"
    screen.monitor("sendkey up")
    screen.wait(r"^Hello World\n.*# echo Hello World \| cat$")
    screen.type("\n")
    screen.wait(r"^Hello World\n.*echo Hello.*\nHello World$")
    screen.type("sh /tmp/job\n")
    screen.wait("^begins$")
    screen.monitor("sendkey ctrl-c")
    screen.type("echo $?\n")
    screen.wait(r"^130$")
    screen.type("unset LINES\n")  # the host told its own terminal's size
    screen.type("stty size\n")
    screen.wait(r"^25 80$")


def test_prompt_on_every_terminal_that_shows_the_log(tmp_path):
    """Whoever has only a screen, or only a serial line, can type without having to name it."""
    screen = Screen(tmp_path)
    with Terminal(f"--qemu-args=-no-reboot -monitor unix:{screen.path},server,nowait") as serial:
        serial.boot()
        screen.wait(r"^root@astra:.*#$")
        screen.type("echo $TERM $LINES | cat\n")
        screen.wait(r"^linux$")
        screen.type("tty\n")
        screen.wait(r"^/dev/tty1$")
        assert serial.command("tty") == "/dev/console\n"


def test_no_prompt_where_the_log_is_not_wanted(tmp_path):
    screen = Screen(tmp_path)
    with Terminal("--append", "console=ttyS0",
                  f"--qemu-args=-no-reboot -monitor unix:{screen.path},server,nowait") as serial:
        serial.boot()
        assert "tty1" not in serial.command("ls -l /proc/[0-9]*/fd")
        assert not any("root@" in line for line in screen.lines())


def test_scroll_back_and_reboot_key(screen):
    screen.type("seq 1 60\n")
    screen.wait(r"^60\nroot@astra:.*#$")  # what is shown after this would bring the end back
    assert "20" not in screen.lines()
    screen.monitor("sendkey shift-pgup")
    screen.monitor("sendkey shift-pgup")
    screen.wait(r"^30$")
    screen.type("x")
    screen.wait(r"^60\n.*# x$")
    screen.monitor("sendkey ctrl-alt-delete")
    screen.terminal.end()
