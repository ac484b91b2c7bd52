"""The first page fault of the first program."""
from vm.tour_decode import page_fault_error, pushed, walk
from vm.tour_model import HERE, At, Bochs, Decode, Registers, Step, Steps, Tour

TOUR = Tour(
    name="page-fault",
    title="The first page fault",
    summary="a program touches a page that is not there: CR2, error code, the handler, the PTE before and after",
    named=("address", "program", "user_stack"),
    intro=(
        "The kernel starts a program by noting which parts of its file belong at which addresses. It reads and maps "
        "next to nothing: a page is put in its place when the program touches it, and the CPU tells when that is, "
        "by an exception. The code of this tour is `kernel/trap/trap.c` and `kernel/vm/fault.c`; "
        "[../memory.md](../memory.md) tells the same story function by function.",
    ),
    steps=(
        Step("The fault", At("kernel:vector_14", when=("[rsp+16] & 3",)), (
            "Exception 14. It strikes at once: the page with the program's first instruction is not there. CR2 "
            "holds the address that could not be used:",
            Registers("cr2"),
            "The CPU has pushed an error code, which says what kind of access it was:",
            Decode("Error code:", page_fault_error, ("[rsp]",)),
            "and, before it, where the program was. CS ends in 3: privilege level 3, user mode.",
            Decode("The frame:", pushed, ("rsp + 8",)),
        ), claims=("cr2 == [rsp + 8]", "[rsp] == 0x14"),
            remember={"program": "[rsp+8]", "address": "cr2", "user_stack": "[rsp+32]"}),
        Step("The page-table entry before", HERE, (
            "Why it failed, by hand:",
            Decode("The walk:", walk, ("address",)),
            "Bochs agrees:",
            Bochs("page {address}", keep=r"^ ?P\w+: "),
        )),
        Step("The handler", At("kernel:vm_fault"), (
            "The exception has become a call: RDI the address, ESI the kind of access. Interrupts are on again: "
            "this may take long, for a page may have to come from a disk. `vm_fault` finds the mapping that the "
            "address lies in, and the page of the file that belongs there. Were there no mapping, the program would "
            "get SIGSEGV.",
            Registers("rdi esi"),
            Bochs("info eflags", part="(?i)df if tf"),
        ), claims=("rdi == address", "rflags & 0x200"), remember={"return_address": "[rsp]"}),
        Step("The page-table entry after", At("return_address"), (
            "EAX is 0: resolved. Now the walk reaches a page:",
            Registers("eax"),
            Decode("The walk:", walk, ("address",)),
            "User: programs may use it. Not writable and not forbidden to execute: that is how the program's file "
            "wants this part of it.",
        ), claims=("eax == 0",)),
        Step("Once more", At("program", when=("cs == 0x33",)), (
            "IRETQ goes back to the instruction that failed, not to the one after it: it is done again as if "
            "nothing had been. It is about to run now, in user mode.",
            Registers("cs rip"),
            Bochs("page {address}", keep="PTE"),
        )),
        Step("And it works", Steps(1), (
            "One instruction further.",
            Registers("cs"),
            Registers("rip", hide=("rip",)),
        ), claims=("cs == 0x33", "rip != program")),
    ),
)
