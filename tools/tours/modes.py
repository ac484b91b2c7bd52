"""Real mode, protected mode, long mode: one bit each, and a far jump after each."""
from vm.tour_decode import descriptor
from vm.tour_model import At, Bochs, Code, Decode, Step, Tour, Until

CONTROL = Bochs("creg", keep="^(CR0|CR4|EFER)")
CODE_SEGMENT = Bochs("sreg", keep="^cs|Code segment")

TOUR = Tour(
    name="modes",
    title="Real, protected, long",
    summary="CR0, CR4, EFER and the GDT at each step of the way to 64-bit code",
    intro=(
        "A PC's processor starts in the mode of 1978 and has to be led through that of 1985 to that of 2003. Each "
        "switch is one bit in a control register. The bit changes what the next segment load means, not the code "
        "that runs: that takes a far jump, which loads CS. The code of this tour is `boot/stage2/entry.asm`, "
        "`boot/stage2/long_mode.asm` and `boot/stage2/handoff_jump.asm`.",
    ),
    steps=(
        Step("Real mode", At("stage2:checked"), (
            "Stage2 has found its own CRC-32 right and is about to leave real mode. A segment register holds a sixteenth of an address: CS is 0x2000, so "
            "the hidden part of the register has base 0x20000. The limit is 64 KiB.",
            CODE_SEGMENT, CONTROL,
            Code("rip + 0x20000", 6, opcodes=True),
        ), claims=("cr0 !& 1", "cs == LAYOUT_STAGE2_SEGMENT")),
        Step("A table of segments", Until("gdtr == stage2:gdt"), (
            "In protected mode a segment register holds a selector: an index into a table of descriptors, times 8. "
            "LGDT has told the CPU where the table is.",
            Bochs("sreg", keep="^gdtr"),
            Bochs("info gdt 0 5", keep=r"^GDT\["),
            "Bochs prints its idea of each; by hand, the entry that selector 0x08 names:",
            Decode("GDT entry 1:", descriptor, ("gdtr", "SELECTOR_CODE32")),
            "Base and limit are in pieces because this was a 286 format with two bytes to spare. G=1 counts the "
            "limit in pages: it becomes 4 GiB. L and D choose the width of the code: entry 5 differs in those two "
            "bits alone.",
            Decode("GDT entry 5:", descriptor, ("gdtr", "SELECTOR_CODE64")),
        ), claims=("cr0 !& 1",)),
        Step("Protected mode, on paper", Until("cr0 & 1"), (
            "PE is set. The CPU is in protected mode, and nothing else has changed: CS still has the base and the "
            "16-bit width that it got in real mode.",
            Bochs("creg", keep="^CR0"), CODE_SEGMENT,
            Code("rip + 0x20000", 1),
        ), claims=("cs == LAYOUT_STAGE2_SEGMENT",)),
        Step("Protected mode", Until("cs == SELECTOR_CODE32"), (
            "The far jump has loaded CS from the table: base 0, limit 4 GiB, 32 bits wide. The other segment "
            "registers are next.",
            CODE_SEGMENT,
            Code("rip", 6, opcodes=True),
        )),
        Step("Before the last switch", At("stage2:long_mode_on"), (
            "Stage2 has done its work: the kernel is in memory, page tables are built. For long mode SDM 3A §9.8.5 "
            "demands an order: PAE, then the tables, then EFER.LME, then paging.",
            CONTROL,
            Code("rip", 12),
        ), claims=("cr0 & 1", "cr4 == 0", "efer == 0")),
        Step("PAE, and the tables", Until("cr3 == LAYOUT_PAGE_TABLES"), (
            "CR4.PAE makes page-table entries 8 bytes wide; PGE allows global pages. CR3 has the address of the top "
            "table. Paging is still off, so none of it matters yet.",
            Bochs("creg", keep="^CR(3|4)"),
        ), claims=("cr4 & 0x20", "cr0 !& 0x80000000")),
        Step("Long mode, wanted", Until("efer & 0x100"), (
            "EFER is a model-specific register, written by WRMSR. LME asks for long mode; `lma`, its being active, "
            "is still small. NXE allows bit 63 of page-table entries to forbid execution.",
            Bochs("creg", keep="^(CR0|EFER)"),
        ), claims=("efer !& 0x400",)),
        Step("Long mode, compatible", Until("cr0 & 0x80000000"), (
            "With PG set, LME becomes LMA: long mode is active. WP is set too: the kernel itself cannot write to "
            "read-only pages. The next instruction was found through the new page tables, which map the first "
            "4 GiB to themselves for its sake. And again the code has not changed: CS says 32 bits, which "
            "in long mode is called compatibility mode.",
            Bochs("creg", keep="^(CR0|EFER)"), CODE_SEGMENT,
            "Behind the call of this function waits the jump that says 64:",
            Code("dword[esp]", 1),
        ), claims=("efer & 0x400", "cs == SELECTOR_CODE32", "byte[dword[esp]] == 0xea")),
        Step("64-bit code", Until("cs == SELECTOR_CODE64"), (
            "The second far jump has loaded selector 0x28, whose L bit is set. Registers are 64 bits wide from here "
            "on, bases and limits of code and data segments count no more.",
            CODE_SEGMENT,
            Code("rip", 9),
        ), claims=("cr0 & 0x10000",)),
        Step("The kernel's first instruction", At("kernel:kernel_entry"), (
            "A RET to an address on the stack went from 0x20000-odd to the top 2 GiB of the address space. "
            "`boot/bootinfo.h` says what the kernel may rely on: RDI points to the boot information, interrupts are "
            "off, everything else is 0.",
            Bochs("r", keep="^r(ax|dx|di|sp|ip)|eflags"),
            Bochs("creg", keep="^(CR0|CR3|CR4|EFER)"),
        ), claims=("rflags !& 0x200", "rax == 0")),
    ),
    outro=("`./astra tour page-table` takes the tables apart that made the jump possible.",),
)
