"""Sourced by GDB (./astra debug does): Astra's commands, and the switch between 16, 32 and 64 bits."""
import sys
from pathlib import Path

import gdb

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent)]

from helpers import boot, frames, modes, pages, registers, tables, threads  # noqa: E402  (needs the path)

COMMANDS = (registers.Where, registers.ControlRegisters, pages.PageWalk, tables.Gdt, tables.Idt, boot.E820,
            boot.BootInfo, threads.Threads)


def _overview() -> str:
    lines = ["Commands for looking at a starting or running Astra:", ""]
    lines += [(command.__doc__ or "").splitlines()[0] for command in COMMANDS]
    return "\n".join(lines + ["", "`help COMMAND` says more. The registers and the disassembly are those of the",
                              "mode the CPU is in; the program counter is always linear."])


class Astra(gdb.Command):
    def __init__(self) -> None:
        super().__init__("astra", gdb.COMMAND_SUPPORT)

    def invoke(self, argument: str, _from_tty: bool) -> None:
        print(_overview())


Astra.__doc__ = _overview()
for command in COMMANDS:
    command()
Astra()
frames.install()
modes.install()
