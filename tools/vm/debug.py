"""./astra debug and ./astra bochs: the machine stopped at its first instruction."""
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from vm import bochs, host, image, qemu
from vm.options import guest_parser

GDB_PORT = 1234
QEMU_START_S = 0.5


def _debug_qemu(options, folder: Path) -> int:
    copy = image.prepare(Path(options.image) if options.image else host.IMAGE, folder / "boot.img",
                         options.append, options.add, [], options.video)
    console = folder / "console"
    line = qemu.command(options, copy, [f"file:{console}"],
                        ["-display", "none", "-S", "-gdb", f"tcp::{GDB_PORT}", "-no-reboot"])
    print(f"The console's text goes to {console}. The MBR is at 0x7c00: `break *0x7c00`, `continue`.")
    machine = subprocess.Popen(line, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        time.sleep(QEMU_START_S)
        return subprocess.call([host.need("gdb"), "-q", str(host.KERNEL),
                                "-ex", "set confirm off", "-ex", f"target remote :{GDB_PORT}"])
    finally:
        machine.kill()
        machine.wait()


def _debug_bochs(options, folder: Path) -> int:
    copy = image.prepare(Path(options.image) if options.image else host.IMAGE, folder / "boot.img",
                         options.append, options.add, [], options.video)
    config, script = folder / "bochsrc", folder / "commands"
    config.write_text(bochs.configuration(options, copy, folder / "bochs.log", [], "x" if options.gui else "term"))
    script.write_text("")
    symbols = folder / "symbols"
    _write_symbols(symbols)
    print(f"Bochs' debugger: `ldsym global \"{symbols}\"` loads the kernel's symbols, `lb 0x7c00`, `c`, `s`, `r`.")
    return subprocess.call(bochs.command(config, script))


def _write_symbols(path: Path) -> None:
    """`address name` lines, as Bochs' ldsym reads them."""
    table = subprocess.run([host.need("nm"), "-n", str(host.KERNEL)], capture_output=True, text=True, check=True)
    lines = [line.split() for line in table.stdout.splitlines()]
    path.write_text("".join(f"{words[0]} {words[2]}\n" for words in lines if len(words) == 3))


def main(name: str, arguments: list) -> int:
    parser = guest_parser(name, __doc__.splitlines()[0])
    parser.add_argument("--gui", action="store_true", help="a window for the screen (Bochs)")
    options = parser.parse_args(arguments)
    if not options.image:
        host.build()
    folder = Path(tempfile.mkdtemp(prefix="astra-"))
    try:
        return _debug_bochs(options, folder) if name == "bochs" else _debug_qemu(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
