"""`where`, `cr`: where the CPU is, and what its control registers say."""
from helpers import machine
from helpers.command import Command
from x86 import control, paging


class Where(Command):
    """where: mode, CS:IP, linear address, symbol and line of the selected CPU."""
    name = "where"

    def run(self, words: list) -> None:
        cpu = machine.cpu_state()
        offset = cpu.registers["IP"]
        linear = cpu.linear(offset)
        code = cpu.segments["CS"]
        print(f"CPU {machine.cpu_number()}: {cpu.mode}")
        print(f"  cs:ip   {code.selector:04x}:{offset:0{cpu.bits // 4}x}   base {code.base:#x}, limit {code.limit:#x}")
        print(f"  linear  {linear:#x}")
        print(f"  symbol  {machine.place(linear)}")


class ControlRegisters(Command):
    """cr: the control registers, EFER and flags of the selected CPU, every bit by its name."""
    name = "cr"

    def run(self, words: list) -> None:
        cpu = machine.cpu_state()
        registers = cpu.registers
        efer = registers.get("EFER", 0)
        flags = registers["FL"] & ~control.EFLAGS_RESERVED
        print(f"cr0   {registers['CR0']:#018x}  {control.names(registers['CR0'], control.CR0)}")
        print(f"cr2   {registers['CR2']:#018x}  address of the last page fault")
        print(f"cr3   {registers['CR3']:#018x}  top page table at physical {registers['CR3'] & ~0xfff:#x}")
        print(f"cr4   {registers['CR4']:#018x}  {control.names(registers['CR4'], control.CR4)}")
        print(f"efer  {efer:#018x}  {control.names(efer, control.EFER)}")
        print(f"flags {registers['FL']:#018x}  {control.names(flags, control.EFLAGS)}")
        kind = paging.paging_mode(registers["CR0"], registers["CR4"], efer)[0]
        print(f"      {cpu.mode}, {kind}")
