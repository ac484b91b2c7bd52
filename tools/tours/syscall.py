"""The first system call of the first program."""
from vm.tour_decode import pushed, same, star
from vm.tour_model import HERE, At, Bochs, Code, Decode, Registers, Rehearsal, Step, Steps, Tour, Until

FLAGS = Bochs("info eflags", part="(?i)df if tf")

TOUR = Tour(
    name="syscall",
    title="The first system call",
    summary="user registers, the MSRs of SYSCALL, what it changes, the stack switch, the way back",
    rehearse={"call": Rehearsal(At("kernel:syscall_entry"), "rcx - 2")},
    named=("call", "after_call", "user_rsp"),
    intro=(
        "A program asks the kernel by one instruction, SYSCALL. It is made for speed: no table is read, no memory is "
        "touched, everything it needs is in registers that the kernel has set once. The code of this tour is "
        "`kernel/trap/entry.asm`.",
    ),
    steps=(
        Step("The program asks", At("call", when=("cs == 0x33",)), (
            "The first system call of the first program, `init`. RAX holds the number of the call, RDI, RSI, RDX, "
            "R10, R8 and R9 the arguments. 158 is `arch_prctl`, and 0x1002 its ARCH_SET_FS: the C library gives "
            "itself thread-local storage before it does anything else.",
            Registers("cs ss rax rdi"),
            Registers("rip rsp rflags rcx r11", hide=("rflags", "rcx", "r11")),
            Code("rip", 1, opcodes=True),
        ), claims=("word[rip] == 0x050f", "rax == 158", "rdi == 0x1002"),
            remember={"call": "rip", "after_call": "rip + 2", "user_rsp": "rsp", "user_flags": "rflags"}),
        Step("What the CPU was told", HERE, (
            "Three model-specific registers (SDM 3A §5.8.8), which `syscall_init` wrote at boot. LSTAR: where to "
            "go. FMASK: which flags to clear on the way. STAR: which selectors to load; their descriptors are not "
            "even read.",
            Bochs('show "cpu0.MSR"', keep="^  (star|lstar|fmask)"),
            Decode("STAR:", star, ("star",)),
        )),
        Step("SYSCALL", Steps(1), (
            "One instruction later. RIP came from LSTAR, CS and SS from STAR; RCX has the address of the instruction "
            "behind the SYSCALL, R11 the old flags. IF was among those that FMASK clears.",
            Registers("rip cs ss rcx rsp"),
            Registers("r11 rflags", hide=("r11", "rflags")),
            Decode("The same flags as before?", same, ("r11", "user_flags")),
            FLAGS,
            "RSP has not changed: this is the kernel, at privilege level 0, on a stack that the program chose. "
            "Nothing may be pushed before that is mended, which is why interrupts must be off.",
            Code("rip", 3),
        ), claims=("rip == lstar", "rcx == after_call", "r11 == user_flags", "rsp == user_rsp", "rflags !& 0x200")),
        Step("A stack of its own", Until("rsp != user_rsp"), (
            "SWAPGS has exchanged the user's GS base for the address of this CPU's variables, the user's RSP is "
            "kept in one of them, and the new one comes from the task state segment, where the CPU itself would "
            "take it from for an interrupt.",
            Registers("rsp"),
            Code("rip", 7),
            "These pushes build what an interrupt would have found on the stack: after them and fifteen registers "
            "there is a `struct trap_frame` like any other.",
        ), claims=("cs == 0x10",)),
        Step("The table of calls", At("kernel:syscall_entry.done - 7"), (
            "Interrupts are on again, the number is checked, R10 has moved to RCX where C functions expect their "
            "fourth argument. Everything about the call itself happens in the function that the table names.",
            FLAGS,
            Code("rip", 1),
            Decode("The frame's end:", pushed, ("rsp + 136",)),
        ), claims=("byte[rip] == 0xff", "rflags & 0x200")),
        Step("The result", At("kernel:syscall_entry.done"), (
            "RAX is 0: done. It goes into the frame, from where it will come back with all the other registers. "
            "Negative numbers down to -4095 are errors.",
            Registers("rax"),
            Code("rip", 4),
        ), claims=("rax == 0",)),
        Step("The way back", At("kernel:syscall_entry.unknown - 3"), (
            "Registers and user stack are restored and the GS bases exchanged; SYSRET will load RIP from RCX and "
            "the flags from R11. Before that the kernel has made sure that these are what the frame says: SYSRET "
            "with an address that is none faults in the kernel on some CPUs.",
            Code("rip", 1, opcodes=True),
            Registers("cs rcx rsp"),
            Registers("r11", hide=("r11",)),
        ), claims=("word[rip + 1] == 0x070f", "rcx == after_call")),
        Step("The program goes on", Steps(1), (
            "Behind its SYSCALL, with RAX as the answer, RCX and R11 overwritten, and everything else as it was.",
            Registers("cs ss rip rsp rax"),
        ), claims=("rip == after_call", "rsp == user_rsp", "cs == 0x33", "rax == 0")),
    ),
)
