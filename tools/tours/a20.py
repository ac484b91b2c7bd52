"""A20: one address line, off since 1984 for the sake of programs that counted on a wrap."""
from vm.tour_decode import text
from vm.tour_model import At, Bochs, Decode, Step, Tour, Write

LOW, HIGH = "0x500", "0x100500"
BOTH = (Bochs(f"xp /1wx {LOW}"), Bochs(f"xp /1wx {HIGH}"))

TOUR = Tour(
    name="a20",
    title="The A20 line",
    summary="an address line that may be held at 0: two addresses, one write, one comparison",
    intro=(
        "The 8086 had 20 address lines, A0 to A19: one byte beyond 1 MiB was byte 0 again, and there were programs "
        "that relied on it. The PC/AT had 24 lines, so IBM put a gate on A20 that holds the line at 0, and the gate "
        "is still there. While it is closed every odd megabyte is the even one below it; a kernel loaded at 2 MiB "
        "survives that, its memory from 3 MiB on does not. The code of this tour is `boot/stage2/a20.c`.",
    ),
    steps=(
        Step("Two addresses, one bit apart", At("stage2:a20_enable"), (
            f"Stage2 runs in 32-bit mode here and can reach beyond 1 MiB. {LOW} is the first byte behind the BIOS' "
            f"data area, which nobody uses; {HIGH} is the same number with bit 20 set. With the gate closed both are "
            "one place in memory.",
            *BOTH,
            "That they hold the same, or do not, proves nothing yet: memory may hold anything.",
        ), claims=("cr0 & 1",)),
        Step("A write to one", Write(LOW), (
            "The test takes what is at the high address, adds a number and writes it to the low one. If that is the "
            "same place, both have now changed together; if not, they differ for certain.",
            *BOTH,
            "They differ: bit 20 reaches the memory. Before the code looks itself it writes to port 80h, which takes about "
            "a microsecond on any PC: time for a slow gate.",
        ), claims=("dword[0x500] != dword[0x100500]",)),
        Step("The old value back", Write(LOW), (
            "Whatever was there is put back. A difference ends the test at once. Sameness is tried again, with "
            "another number each time: 32 times at first, and 200,000 times after a switch that is known to be slow.",
            *BOTH,
        )),
        Step("The verdict", At("stage2:console_printf"), (
            "This BIOS opened the gate itself, as most do today: stage2 has nothing to switch. Had the test failed, "
            "three ways would follow, each with the test behind it: INT 15h with AX=2401h, the output port of the "
            "keyboard controller (where IBM put the gate because a pin was free), and bit 1 of port 92h, whose bit 0 "
            "resets the machine.",
            "On the stack lies what goes to the screen: return address, format, then the method.",
            Decode("The method:", text, ("dword[esp+8]",)),
        )),
    ),
)
