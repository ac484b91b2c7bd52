"""./astra run: a prompt in this terminal."""
import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import termios
import tty
from pathlib import Path

from vm import host, image, qemu
from vm.guest import Guest
from vm.options import guest_parser

BOCHS_QUIT = b"\x1d"  # Ctrl-]
WINDOW_CONSOLE = "console=ttyS0 console=tty1"  # log and prompt on both; /dev/console is the window


def _terminal_append() -> str:
    """Kernel arguments that tell the guest the size and kind of this terminal."""
    words = []
    if sys.stdout.isatty():
        size = os.get_terminal_size()
        words += [f"LINES={size.lines}", f"COLUMNS={size.columns}"]
        if os.environ.get("TERM"):
            words.append(image.kernel_word("TERM", os.environ["TERM"]))
    return " ".join(words)


def _run_qemu(options) -> int:
    display = ["-display", "gtk" if options.gui else "none"]
    folder = Path(tempfile.mkdtemp(prefix="astra-"))
    try:
        copy = image.prepare_for(options, folder / "boot.img", WINDOW_CONSOLE if options.gui else _terminal_append())
        print("Astra boots in this terminal. `poweroff` ends it; Ctrl-A X kills it, Ctrl-A C is QEMU's monitor.",
              file=sys.stderr)
        return subprocess.call(qemu.command(options, copy, ["mon:stdio"], display))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _relay(guest: Guest) -> None:
    """Connects this terminal to COM1 until the emulator ends or Ctrl-] is typed."""
    selector = selectors.DefaultSelector()
    selector.register(guest.console, selectors.EVENT_READ)
    selector.register(sys.stdin, selectors.EVENT_READ)
    while guest.process.poll() is None:
        for key, _ in selector.select(0.25):
            if key.fileobj is guest.console:
                os.write(1, guest.read_console())
                continue
            typed = os.read(0, 1024)
            if not typed or BOCHS_QUIT in typed:
                return
            guest.console.sendall(typed)


def _run_bochs(options) -> int:
    print("Astra boots in Bochs. Ctrl-] ends it.", file=sys.stderr)
    saved = termios.tcgetattr(0) if sys.stdin.isatty() else None
    with Guest(options, append=_terminal_append()) as guest:
        try:
            if saved:
                tty.setraw(0)
            _relay(guest)
        finally:
            if saved:
                termios.tcsetattr(0, termios.TCSADRAIN, saved)
    return 0


def main(name: str, arguments: list) -> int:
    parser = guest_parser(name, __doc__.splitlines()[0])
    parser.add_argument("--gui", action="store_true", help="open a window with the screen and a keyboard")
    options = parser.parse_args(arguments)
    if not options.image:
        host.build(quiet=False)
    if options.bochs and options.gui:
        raise host.HostError("with --bochs there is no window; `./astra bochs --gui` has one")
    return _run_bochs(options) if options.bochs else _run_qemu(options)
