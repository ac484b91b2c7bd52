"""GDB follows the CPU's mode: registers, disassembly and backtraces of 16-, 32- and 64-bit code.

Each stop asks the stub (tools/vm/gdb_stub.py) for the mode and, when it has changed, has GDB read the target
description again. While the machine runs after `continue`, GDB has the 64-bit view: only that can tell that a
breakpoint in the kernel, above 4 GiB, was reached.
"""
import gdb
from helpers import machine

WIDEST = 64


class View:
    """Which registers GDB has."""
    bits = WIDEST

    @classmethod
    def change(cls, bits: int) -> None:
        if bits == cls.bits or not machine.send(f"QAstra.View:{bits}"):
            return
        cls.bits = bits
        gdb.execute("unset tdesc filename", to_string=True)  # fetches the description again


def selected() -> bool:
    return gdb.selected_thread() is not None and gdb.selected_thread().is_valid()


def follow() -> None:
    """The view of the code that the selected CPU is in."""
    if selected() and (mode := machine.send("qAstra.Mode")):
        widened = View.bits < int(mode) == WIDEST
        View.change(int(mode))
        if widened:
            _name_breakpoint()


def _name_breakpoint() -> None:
    """GDB has compared a 32-bit program counter: a stop at a breakpoint was reported as a mere trap."""
    pc = gdb.newest_frame().pc()
    for point in gdb.breakpoints():
        if any(location.address == pc for location in point.locations):
            print(f"(breakpoint {point.number}, reached in another mode than the command began in)")


def widen() -> None:
    if selected():
        View.change(WIDEST)


_HOOKS = """
define hook-stop
  python helpers.modes.follow()
end
define hook-continue
  python helpers.modes.widen()
end
define hookpost-thread
  python helpers.modes.follow()
end
"""


def install() -> None:
    gdb.execute("python import helpers.modes")
    gdb.execute(_HOOKS)
