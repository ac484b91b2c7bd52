"""E820: the BIOS tells, range by range, what memory there is."""
from vm.tour_decode import e820_entry
from vm.tour_model import At, Bochs, Decode, Registers, Step, Tour

ASK, ANSWERED = "stage2:to_real.returned - 1", "stage2:to_real.returned"
RESULT = (
    Registers("eax ebx ecx"),
    Bochs("info eflags", keep="cf"),
    Decode("The entry:", e820_entry, ("LAYOUT_BOUNCE",)),
)


def _question(number: int) -> Step:
    return Step(f"Call {number}: the question", At(ASK, when=("eax == 0xe820",)), (
        "EBX says where to go on: it is what the call before returned.",
        Registers("eax ebx ecx edx es di"),
    ))


def _answer(number: int, text: str) -> Step:
    return Step(f"Call {number}: the answer", At(ANSWERED), (text, *RESULT))


TOUR = Tour(
    name="e820",
    title="The memory map",
    summary="INT 15h, AX=E820h: registers in, registers out, and the entry in the buffer, call by call",
    intro=(
        "A PC does not have its memory in one piece: below 1 MiB lie video memory and ROMs, at the top of the RAM "
        "the firmware keeps its tables, below 4 GiB lie devices. Only the firmware knows. It is asked by interrupt "
        "15h with E820h in EAX, once for each range, until it says that there are no more. The code of this tour is "
        "`boot/stage2/memory.c` and, for the way down to real mode, `boot/stage2/bios.asm`.",
    ),
    steps=(
        Step("Call 1: the question", At(ASK, when=("eax == 0xe820",)), (
            "Stage2 is 32-bit code, the BIOS 16-bit code: for each call the CPU goes back to real mode and calls the "
            "handler that the interrupt table names. The registers just before:",
            Registers("eax ebx ecx edx es di"),
            "EDX is the word SMAP, which proves to the BIOS that this is the call that is meant. EBX is 0: start. "
            "ECX is the room in the buffer at ES:DI: 24 bytes, though most BIOSes know only 20 of them.",
            "The vector of INT 15h, offset before segment:",
            Bochs("xp /2hx 0x54"),
        )),
        Step("Call 1: the answer", At(ANSWERED), (
            "EAX is SMAP too: the call is understood. ECX is what was written, EBX where to go on, and the carry "
            "flag is clear (`cf` small).",
            *RESULT,
            Bochs("xp /20bx {LAYOUT_BOUNCE}"),
            "The first 640 KiB less four: there the BIOS keeps its extended data area, the EBDA.",
        )),
        _question(2),
        _answer(2, "The EBDA: the 4 KiB that were missing."),
        _question(3),
        _answer(3, "The ROM of the BIOS, up to 1 MiB. What lies before it, from 640 KiB on, is not mentioned at all: "
                   "video memory. A gap in the map is not memory to use."),
        _question(4),
        _answer(4, "All the rest of the RAM but its end. EBX jumps from 3 to 5 here: its value means nothing to "
                   "anybody but the BIOS."),
        _question(5),
        _answer(5, "The end of the RAM holds the ACPI tables."),
        _question(6),
        _answer(6, "The chip with the BIOS, at the top of the first 4 GiB. EBX is 0: this was the last range. Some "
                   "BIOSes say it with the carry flag at the call after."),
    ),
    outro=(
        "Nothing promises that these ranges are sorted, whole pages or free of overlaps, and on real machines they "
        "are not. `lib/e820.c` makes a map of them that the kernel can rely on: the more restrictive type wins, "
        "usable memory is rounded inwards, and what the loader itself occupies is taken out.",
    ),
)
