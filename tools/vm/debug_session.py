"""What ./astra debug and ./astra bochs share: their options, and a folder that goes when the session ends."""
import shutil
import tempfile
from pathlib import Path

from vm import host
from vm.options import guest_parser

MBR = 0x7c00


def run(name: str, description: str, arguments: list, debug, add_options) -> int:
    """`debug` gets the parsed options and the folder; `add_options` gets the parser."""
    parser = guest_parser(name, description, fixed_emulator=True)
    parser.add_argument("--reset", action="store_true", help="begin at the CPU's first instruction, in the BIOS")
    parser.add_argument("--batch", metavar="FILE", help="run the debugger's commands from a file, then end")
    parser.add_argument("--command", metavar="TEXT", action="append", default=[],
                        help="run a command of the debugger, then end; may be repeated, goes before --batch's")
    add_options(parser)
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
