"""The boot sector: what the BIOS leaves, 512 bytes at 0x7C00, one read, one jump."""
from vm.tour_decode import packet, partition
from vm.tour_model import At, Bochs, Code, Decode, Registers, Step, Tour

TOUR = Tour(
    name="mbr",
    title="The boot sector",
    summary="512 bytes at 0x7C00: first instructions, partition table, the one read, the jump to stage2",
    intro=(
        "A BIOS that has tested its PC reads the first sector of the boot disk to address 0x7C00, looks for the "
        "bytes `55 AA` at its end, and jumps there. This is all the agreement there is between a PC and an "
        "operating system. The code of this tour is `boot/stage1/stage1.asm`.",
    ),
    steps=(
        Step("The BIOS jumps to 0x7C00", At("LAYOUT_BOOT_SECTOR"), (
            "Real-address mode, as in 1981: an address is segment × 16 + offset, code is 16 bits wide, nothing is "
            "protected. DL holds the number of the drive that the sector came from; 0x80 is the first hard disk. "
            "No other register can be relied on. Even CS:IP, 0000:7C00 here, is 07C0:0000 on some PCs.",
            Registers("cs rip dl"),
            Bochs("creg", keep="^CR0"),
            "`pe` is written small: the bit is off. That is real mode.",
            "The first two bytes are a jump, the third is a NOP. The bytes behind them look like the parameter block "
            "of a FAT volume (`41 53 54 52 41` is ASTRA). Some BIOSes write into bytes 3 to 0x59 of a stick's boot "
            "sector, so nothing that matters lies there.",
            Code("LAYOUT_BOOT_SECTOR", 2, opcodes=True),
            Bochs("x /16bx {LAYOUT_BOOT_SECTOR}"),
        ), claims=("cr0 !& 1", "dl == 0x80")),
        Step("A table and a signature", At("stage1:entry"), (
            "The last 66 bytes are not code. Four entries of 16 bytes make up the partition table; the first is "
            "ours: an ordinary FAT32 volume that any computer mounts. Its status byte 0x80 means active; there are "
            "BIOSes that do not start a disk without an active partition.",
            Bochs("x /16bx {LAYOUT_BOOT_SECTOR + MBR_TABLE}",
                  hide=((r"^0x0+7dc6.*?((?:0x\w\w\s*){4})$", "sectors"),
                        (r"^0x0+7dbe.*?((?:0x\w\w\s*){3})$", "end"))),
            Decode("The same, taken apart:", partition, ("LAYOUT_BOOT_SECTOR + MBR_TABLE",)),
            "And the signature, without which nothing of this would have been started:",
            Bochs("x /2bx {LAYOUT_BOOT_SECTOR + 510}"),
        ), claims=("word[LAYOUT_BOOT_SECTOR + 510] == 0xaa55",)),
        Step("Solid ground", At("stage1:no_rdtsc"), (
            "String instructions upwards, then a far jump to make CS 0 whatever it was. After it DS "
            "and SS are 0 too and the stack lies at 0x7000, below the code: from here on offset and linear address "
            "are the same. No interrupt can come between the two writes to SS and SP: the CPU sees to that.",
            Code("stage1:entry", 2, opcodes=True),
            Code("stage1:flat", 6, opcodes=True),
            Registers("cs ds ss sp"),
            "The instruction before this stop was RDTSC: the boot is timed from here on. A CPU without it raises "
            "the exception for invalid opcodes, whose vector points to this very stop: the boot goes on, and stage2 "
            "can say what is missing.",
        ), claims=("cs == 0", "ds == 0", "ss == 0")),
        Step("One read", At("stage1:int13", when=("ah == 0x42",)), (
            "Some boot sectors read sector by sector. On a slow stick that is 127 calls, and on some machines the "
            "second call hangs. This one asks once, by the extended read of INT 13h: AH is the function, DL the "
            "drive, SI the address of a packet that says what goes where.",
            Registers("ah dl si"),
            Bochs("x /16bx {LAYOUT_BOOT_SECTOR + MBR_PACKET}"),
            Decode("The packet:", packet, ("LAYOUT_BOOT_SECTOR + MBR_PACKET",)),
            "127 sectors are the most that every BIOS reads at once, and the destination starts at a multiple of "
            "64 KiB because a transfer must not cross one.",
            Code("stage1:int13", 2, opcodes=True),
            Code("stage1:clean", 5, opcodes=True),
        ), claims=("dl == 0x80", "byte[si + 2] == S2_SECTORS")),
        Step("What the BIOS has done", At("stage1:int13 + 4"), (
            "The carry flag is the verdict: clear (`cf` small) means success. What follows each call "
            "is a precaution: there are BIOSes that return with interrupts off, string instructions downwards, or "
            "another DS.",
            Bochs("info eflags", keep="cf"),
            "Stage2 is in memory, and its header starts with a jump and a name. Stage1 checks the name's second "
            "half only; stage2 checks its own length and CRC-32 as its first act, and comes back if they are wrong.",
            Bochs("xp /16bx {LAYOUT_STAGE2}", hide=((r":\s*0xe9\s*(0x\w\w\s*0x\w\w)", "distance"),)),
            Bochs("xp /8bc {LAYOUT_STAGE2 + S2_HEADER_MAGIC}"),
        ), claims=("rflags !& 1",)),
        Step("The jump to stage2", At("LAYOUT_STAGE2"), (
            "CS is 0x2000: still real mode, still 16-bit code, but now there are 64 KiB of program. What stage1 "
            "hands over fits in one register and a few bytes of stack: DL, and below 0x7000 the DX that the BIOS "
            "passed and the time stamp.",
            Registers("cs rip dl ss sp"),
            Bochs("xp /1hx {STATE_DRIVE_PASSED}"),
            Code("LAYOUT_STAGE2", 1),
        ), claims=("cs == LAYOUT_STAGE2_SEGMENT", "dl == 0x80")),
    ),
    outro=("Next: `./astra tour modes` follows stage2 out of real mode; `./astra tour a20` and `./astra tour e820` "
           "show what it asks of the PC on the way.",),
)
