"""`pagewalk`: what the CPU finds for an address."""
import gdb
from helpers import machine
from helpers.command import Command, evaluate
from x86 import paging


class PageWalk(Command):
    """pagewalk ADDRESS: each level of the page tables for a linear address, with every flag by its name.

ADDRESS is any expression: pagewalk kernel_main, pagewalk $rsp, pagewalk 0xffff800000009000."""
    name = "pagewalk"

    def run(self, words: list) -> None:
        if not words:
            raise gdb.GdbError("pagewalk ADDRESS")
        registers = machine.cpu_state().registers
        address = evaluate(words)
        walk = paging.walk(address, registers["CR0"], registers["CR3"], registers["CR4"], registers.get("EFER", 0),
                           machine.read_phys)
        print(f"{address:#x}: {walk.paging}" + (f", cr3 = {registers['CR3']:#x}" if walk.levels else ""))
        for level in walk.levels:
            print(f"  {level.kind.name:<4} [{level.index:>3}] at {level.entry_phys:#010x} = {level.entry:#018x}  "
                  f"{paging.flag_names(level)}")
        if walk.failure:
            print(f"  {walk.failure}")
        elif walk.levels:
            print(f"  physical {walk.physical:#x} in a page of {paging.size_name(walk.page_bytes)}: {walk.rights}")
        else:
            print(f"  physical {walk.physical:#x}: linear addresses are physical ones")
