"""The first interrupt that the kernel takes."""
from vm.tour_decode import gate, interrupted, same
from vm.tour_model import HERE, At, Bochs, Code, Decode, Registers, Rehearsal, Step, Steps, Tour, Until

FLAGS = Bochs("info eflags", part="(?i)df if tf")
# Bochs does not stop before the first instruction behind an interrupt: this is the second one.
STUB = "kernel:vector_0 + 16 * vector + 2"
REGISTERS_PUSHED = 15

TOUR = Tour(
    name="interrupt",
    title="The first interrupt",
    summary="the timer strikes: IDT entry, what the CPU pushes, what the kernel adds, IRETQ",
    rehearse={"vector": Rehearsal(At("kernel:common_entry"), "[rsp]")},
    intro=(
        "Between two instructions the CPU looks whether a device wants attention. If so, and if the IF flag allows "
        "it, it stops what it does, saves as little as it can, and goes to an address that the interrupt descriptor "
        "table gives for the interrupt's number, the vector. The code of this tour is `kernel/trap/entry.asm`.",
    ),
    steps=(
        Step("Struck", At(STUB), (
            "The kernel was at work, and then the clock of the local APIC reached zero. Vectors 0 to 31 are the "
            "CPU's own exceptions; this one is",
            Registers("vector"),
            "The table's entry for it, as Bochs sees it and by hand:",
            Bochs("info idt {vector}", keep=r"^IDT\["),
            Decode("IDT entry:", gate, ("idtr", "vector")),
            "An interrupt gate: the CPU has cleared IF, so that the handler is not interrupted itself.",
            FLAGS,
        ), claims=("vector == 0xf0", "rflags !& 0x200", "[rsp + 24] & 0x200"), remember={"frame": "rsp + 8"}),
        Step("What the CPU pushed", HERE, (
            "Five quadwords, and this is all that it saves: where it was and with which flags (IF still 1 there), "
            "and the stack, which it aligns to 16 bytes before. No general register is among them.",
            Decode("On the stack, from RSP up:", interrupted, ("frame",)),
            Code("rip - 2", 3),
            "The stub has pushed a 0, where some exceptions have an error code. It will push the vector and go to "
            "the code that is common to all.",
        )),
        Step("The rest is the kernel's to save", At("kernel:trap_handle", when=("[rdi+120] == vector",)), (
            "Common code has pushed the fifteen general registers; with what was there they make a `struct "
            "trap_frame` (`kernel/arch/frame.h`), the same for every way into the kernel. Its address is the "
            "argument, in RDI. CS in the frame has privilege level 0 in its low bits: the kernel was interrupted, "
            "so there are no bases to be exchanged (SWAPGS).",
            Decode("The frame's end:", interrupted, ("rdi + 136",)),
            Code("kernel:common_entry", REGISTERS_PUSHED),
        ), claims=("[rdi + 144] !& 3",), remember={"return_address": "[rsp]", "trap_frame": "rdi"}),
        Step("Handled", At("return_address", when=("rsp == trap_frame",)), (
            "The handler has found the clock's function, called it, and told the local APIC that it is done. Now "
            "everything backwards.",
            Code("rip", REGISTERS_PUSHED + 2),
        )),
        Step("IRETQ", Until("rsp == frame"), (
            "The registers are what they were, and RSP points to the five quadwords again.",
            Code("rip", 1),
            Decode("On the stack:", interrupted, ("rsp",)),
            FLAGS,
        ), claims=("byte[rip + 1] == 0xcf",), remember={"came_from": "[rsp]", "came_from_stack": "[rsp+24]"}),
        Step("As if nothing had happened", Steps(1), (
            "One instruction has loaded RIP, CS, RFLAGS, RSP and SS. The code that was interrupted cannot tell, "
            "except by the clock.",
            Registers("rip rsp", hide=("rip", "rsp")),
            Decode("Is RIP the one that was on the stack?", same, ("rip", "came_from")),
            Decode("Is RSP?", same, ("rsp", "came_from_stack")),
            FLAGS,
        ), claims=("rip == came_from", "rsp == came_from_stack", "rflags & 0x200")),
    ),
)
