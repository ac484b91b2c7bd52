"""`gdt`, `idt`: the descriptor tables of the selected CPU."""
import gdb
from helpers import machine
from helpers.command import Command, table
from x86 import control, descriptors

IVT_BYTES = 0x400   # real mode's 256 vectors
IDT_BYTES = 0x1000  # 256 gates of long mode


class Gdt(Command):
    """gdt: every descriptor of the global descriptor table, decoded."""
    name = "gdt"

    def run(self, words: list) -> None:
        cpu = machine.cpu_state()
        base, limit = cpu.tables["GDT"]
        print(f"GDT at {base:#x}, limit {limit:#x}")
        if not cpu.protected:
            print("  real mode: the CPU does not use it")
        long_mode = bool(cpu.registers.get("EFER", 0) & control.EFER_LMA)
        found = descriptors.decode_gdt(machine.read(base, limit + 1), long_mode)
        segments = reversed(cpu.segments.items()) if cpu.protected else ()
        used = {segment.selector & ~7: name for name, segment in segments}
        rows = [("sel", "kind", "base", "limit", "dpl", "present", "in use by", "flags")]
        rows += [self._row(entry, used) for entry in found]
        table(rows)

    @staticmethod
    def _row(entry: descriptors.Descriptor, used: dict) -> tuple:
        if entry.kind == "null":
            return (f"{entry.selector:#04x}", "null", "", "", "", "", "", "")
        return (f"{entry.selector:#04x}", entry.kind, f"{entry.base:#x}", f"{entry.limit:#x}", str(entry.dpl),
                "yes" if entry.present else "no", used.get(entry.selector, ""), entry.flags)


class Idt(Command):
    """idt [VECTOR]: the interrupt descriptor table, or the vector table of real mode; handlers by name."""
    name = "idt"

    def run(self, words: list) -> None:
        cpu = machine.cpu_state()
        base, limit = cpu.tables["IDT"]
        long_mode = cpu.registers.get("EFER", 0) & control.EFER_LMA
        mode = "real" if not cpu.protected else "long" if long_mode else "protected"
        length = min(limit + 1, IVT_BYTES if mode == "real" else IDT_BYTES)
        gates = descriptors.decode_idt(machine.read(base, length), mode)
        wanted = int(gdb.parse_and_eval(words[0])) if words else None
        if wanted is not None and not 0 <= wanted < len(gates):
            raise gdb.GdbError(f"the table has vectors 0 to {len(gates) - 1}")
        print(f"{'Vector table' if mode == 'real' else 'IDT'} at {base:#x}, limit {limit:#x}")
        rows = [("vector", "kind", "handler", "dpl", "ist", "symbol", "exception")]
        rows += [self._row(gate, mode) for gate in gates
                 if (gate.vector == wanted if words else gate.present)]
        table(rows, right=(0,))

    @staticmethod
    def _row(gate: descriptors.Gate, mode: str) -> tuple:
        linear = (gate.selector << 4) + gate.offset if mode == "real" else gate.offset
        name = descriptors.vector_name(gate.vector) if mode != "real" or gate.vector < 8 else ""
        if not gate.present:
            return (str(gate.vector), "not present", "", "", "", "", name)
        return (str(gate.vector), gate.kind, f"{gate.selector:04x}:{gate.offset:x}", str(gate.dpl),
                str(gate.ist) if gate.ist else "-", machine.symbol_name(linear), name)
