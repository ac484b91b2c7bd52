"""./astra debug: QEMU stopped at the MBR's first instruction, GDB attached, symbols and commands loaded."""
import signal
import subprocess
import sys
from pathlib import Path

from vm import asm_lines, debug_session, gdb_stub, host, image, qemu
from vm.debug_session import MBR
from vm.symbols import IMAGES, STAGE2_LINEAR, Symbols

HELPERS = host.ROOT / "tools" / "gdb" / "astra.py"

# No main program is loaded: the description of the CPU alone decides on the architecture. Breakpoints keep their
# 64-bit addresses while 32-bit code is shown. Local labels, `name.part`, are no mangled names. QEMU answers when its
# host lets it.
SETTINGS = """set confirm off
set pagination off
set osabi none
set remoteaddresssize 64
set remotetimeout 600
set disassembly-flavor intel
set demangle-style none
"""


def _quietly(command: str) -> str:
    return f"python gdb.execute({command!r}, to_string=True)"


def _start_commands(folder: Path, from_reset: bool) -> str:
    """GDB's script: settings, symbols, helpers, connection, first breakpoint."""
    lines = [SETTINGS + f"directory {host.ROOT}"]
    stage2, kernel = folder / "stage2.elf", folder / "kernel.elf"
    asm_lines.linear_stage2(host.BUILD / IMAGES["stage2"][0], stage2, STAGE2_LINEAR)
    asm_lines.linear_kernel(host.BUILD / IMAGES["kernel"][0], kernel, Symbols(host.BUILD))
    for file in (host.BUILD / IMAGES["stage1"][0], stage2, kernel):
        lines.append(_quietly(f"add-symbol-file {file}"))
    lines += [f"source {HELPERS}", _quietly(f"target remote {folder / 'gdb'}"), "python helpers.modes.follow()"]
    if not from_reset:
        lines += [_quietly(f"thbreak *{MBR:#x}"), _quietly("continue")]
    lines.append("where")
    return "\n".join(lines) + "\n"


def _run_gdb(script: Path, options) -> int:
    command = [host.need("gdb"), "-q", "-nx", "-x", str(script)]
    for text in options.command:
        command += ["-ex", text]
    if options.batch:
        command += ["-x", options.batch]
    if options.batch or options.command:
        command.insert(1, "-batch")
    # Ctrl-C is GDB's: it stops the machine.
    previous = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        return subprocess.call(command)
    finally:
        signal.signal(signal.SIGINT, previous)


def debug(options, folder: Path) -> int:
    options.accel = options.accel or "tcg"  # every step and mode change is seen, on any host
    copy = image.prepare_for(options, folder / "boot.img")
    console, script = options.console or str(folder / "console"), folder / "start.gdb"
    line = qemu.command(options, copy, [console if ":" in console or console == "pty" else f"file:{console}"],
                        ["-display", "none", "-monitor", "none", "-S", "-no-reboot",
                         "-gdb", f"unix:{folder / 'qemu'},server=on,wait=off"])
    script.write_text(_start_commands(folder, options.reset))
    if not (options.batch or options.command):
        print(f"COM1's text goes to {console}. `help astra` lists Astra's commands; Ctrl-C stops the machine.")
    for number in (signal.SIGHUP, signal.SIGTERM):  # the machine ends with its debugger
        signal.signal(number, lambda *_: sys.exit(1))
    machine = subprocess.Popen(line, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        gdb_stub.start(folder / "qemu", folder / "gdb", lambda: machine.poll() is None)
        return _run_gdb(script, options)
    finally:
        machine.kill()
        machine.wait()


def _add_options(parser) -> None:
    parser.add_argument("--console", metavar="FILE",
                        help="where COM1's text goes (default: a temporary file); or pty, or another device of QEMU's")


def main(name: str, arguments: list) -> int:
    return debug_session.run(name, __doc__, arguments, debug, _add_options)
