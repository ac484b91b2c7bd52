"""./astra bochs: Bochs' debugger, stopped at the MBR's first instruction, with the names of loader and kernel."""
import subprocess
from pathlib import Path

from vm import bochs, debug_session, host, image
from vm.debug_session import MBR
from vm.symbols import Symbols

WINDOW = "x"
WINDOW_PLUGIN = "*/bochs/plugins/libbx_x_gui.so"


def _display(gui: bool) -> str:
    if gui and not any(Path("/usr/lib").glob(WINDOW_PLUGIN)):
        raise host.HostError("Bochs has no window here: `apt-get install bochs-x`, or leave --gui out and use a VNC viewer")
    return WINDOW if gui else bochs.RFB


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
    copy = image.prepare_for(options, folder / "boot.img")
    config, script, symbols = folder / "bochsrc", folder / "commands", folder / "symbols"
    Symbols(host.BUILD).write_bochs(symbols)
    config.write_text(bochs.configuration(options, copy, folder / "bochs.log", [], _display(options.gui)))
    script.write_text(_commands(symbols, options))
    if not (options.batch or options.command):
        print("Names of stage1, stage2 and kernel are known: `lb \"stage2_main\"`, `c`, `u /5`, `r`, `help`.")
    subprocess.call(bochs.command(config, script))  # its exit status means nothing
    return 0


def _add_options(parser) -> None:
    parser.add_argument("--gui", action="store_true", help="a window for the screen")


def main(name: str, arguments: list) -> int:
    return debug_session.run(name, __doc__, arguments, debug, _add_options)
