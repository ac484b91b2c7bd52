"""Backtraces: through interrupts, exceptions and system calls to what was interrupted; to the first function only."""
import gdb
import gdb.unwinder
from gdb.FrameDecorator import FrameDecorator
from helpers.modes import View

BEGINNINGS = ("protected", "kernel_entry", "kernel_text_start", "thread_begin")
USER_END = 1 << 47
TRAP_VECTORS = 257  # 0 to 255, and TRAP_SYSCALL
_SAVED = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
          "rip")


class _FrameId:
    def __init__(self, sp: gdb.Value, pc: gdb.Value) -> None:
        self.sp, self.pc = sp, pc


def _address_of(symbol: str) -> int:
    return int(gdb.parse_and_eval(f"(unsigned long)&{symbol}"))


class TrapUnwinder(gdb.unwinder.Unwinder):
    """The kernel's entry code (kernel/trap/entry.asm): its stack pointer is at the struct trap_frame it has built."""

    def __init__(self) -> None:
        super().__init__("astra-trap")

    def __call__(self, pending):
        if View.bits != 64:
            return None
        pc, sp = pending.read_register("rip"), pending.read_register("rsp")
        start = _address_of("entry_text_start")
        if not start <= int(pc) & (1 << 64) - 1 < _address_of("entry_text_end"):
            return None
        try:
            frame = gdb.Value(int(sp)).cast(gdb.lookup_type("struct trap_frame").pointer()).dereference()
            plausible = int(frame["vector"]) < TRAP_VECTORS and 0 < int(frame["cs"]) < 1 << 16
        except gdb.error:
            return None
        if not plausible:
            return None
        unwound = pending.create_unwind_info(_FrameId(sp, gdb.Value(start)))
        for name in _SAVED:
            unwound.add_saved_register(name, frame[name])
        return unwound


class _Named(FrameDecorator):
    """A frame without a symbol, written as GDB does without filters."""

    def function(self):
        return self.inferior_frame().name() or "??"


class Ends:
    """A frame filter: leaves out what is below the first function, and below a program's code."""
    name = "astra-ends"
    priority = 100
    enabled = True

    def __init__(self) -> None:
        gdb.frame_filters[self.name] = self

    def filter(self, frames):
        was_kernel = False
        for frame in frames:
            inferior = frame.inferior_frame()
            pc = inferior.pc()
            if inferior.level() and not pc:
                return
            yield _Named(frame)
            if inferior.name() in BEGINNINGS or was_kernel and pc < USER_END:
                return
            was_kernel = View.bits == 64 and pc >= USER_END


def install() -> None:
    Ends()
    gdb.unwinder.register_unwinder(None, TrapUnwinder(), replace=True)
