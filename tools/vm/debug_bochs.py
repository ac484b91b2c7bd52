"""./astra bochs: Bochs' debugger at the CPU's first instruction, with the names of loader and kernel."""
import shutil
import subprocess
import tempfile
from pathlib import Path

from vm import bochs, host, image
from vm.options import guest_parser
from vm.symbols import Symbols

MBR = 0x7c00
# The screen for a VNC viewer: the terminal belongs to the debugger.
RFB = "rfb, options=\"timeout=0\""


def _commands(symbols: Path, options) -> str:
    """Bochs' start-up script: names, then the user's own commands or a stop at the MBR."""
    lines = [f'ldsym global "{symbols}"']
    if not options.reset:
        lines += [f"pb {MBR:#x}", "c"]
    lines += options.command
    if options.batch:
        lines += Path(options.batch).read_text().splitlines()
    if options.batch or options.command:
        lines.append("q")
    return "\n".join(lines) + "\n"


def debug(options, folder: Path) -> int:
    copy = image.prepare(Path(options.image) if options.image else host.IMAGE, folder / "boot.img",
                         options.append, options.add, [], options.video, options.rootfs)
    config, script, symbols = folder / "bochsrc", folder / "commands", folder / "symbols"
    Symbols(host.BUILD).write_bochs(symbols)
    config.write_text(bochs.configuration(options, copy, folder / "bochs.log", [], "x" if options.gui else RFB))
    script.write_text(_commands(symbols, options))
    if not (options.batch or options.command):
        print("Names of stage1, stage2 and kernel are known: `lb \"stage2_main\"`, `c`, `u /5`, `r`, `help`.")
    subprocess.call(bochs.command(config, script))  # its exit status means nothing
    return 0


def main(name: str, arguments: list) -> int:
    parser = guest_parser(name, __doc__.splitlines()[0])
    parser.add_argument("--gui", action="store_true", help="a window for the screen")
    parser.add_argument("--reset", action="store_true", help="begin at the CPU's first instruction, in the BIOS")
    parser.add_argument("--batch", metavar="FILE", help="run the debugger's commands from a file, then end")
    parser.add_argument("--command", metavar="TEXT", action="append", default=[],
                        help="run a command of the debugger, then end; may be repeated, goes before --batch's")
    options = parser.parse_args(arguments)
    if options.batch:
        host.need_file(options.batch)
    if not options.image:
        host.build()
    folder = Path(tempfile.mkdtemp(prefix="astra-"))
    try:
        return debug(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
