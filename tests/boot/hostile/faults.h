/*
 * The faults of the misbehaving BIOS: numbers that the boot sector (hostile.asm), the stuck ports
 * (stuck_ports.c) and the tests (tests/vm/hostile.py) share. Plain #defines of plain numbers only,
 * like boot/layout.h. Each fault has a 16-bit parameter, n; 0 is off, and where nothing is said
 * any other number is on.
 */
#pragma once

/* Where the boot sector's resident part lies, and in it the parameters, indexed by fault. */
#define HOSTILE_SEGMENT    0x9000
#define HOSTILE_PHYS       0x90000
#define HOSTILE_PARAMETERS 4 /* offset */
#define HOSTILE_COUNTS     164 /* offset; u8 each, how often the fault fired, up to 255 */
#define HOSTILE_LBA        200 /* of the resident part on the disk */
#define HOSTILE_REAL_LBA   199 /* of the real boot sector */
#define HOSTILE_SECTORS    48
#define FAULT_COUNT        80

/* INT 13h. A read is a call of function 02h or 42h. */
#define FAULT_READ_FAILS     0 /* every nth read: status 80h and rubbish in the buffer */
#define FAULT_DEAD_BEHIND    1 /* reads behind LBA n: status 04h */
#define FAULT_NO_EDD         2 /* 41h, 42h and 48h do not exist */
#define FAULT_EDD_LIES       3 /* 41h says there is 42h, which answers AH=01h */
#define FAULT_EDD_PARTIAL    4 /* 41h says there is something, but without bit 0: no 42h */
#define FAULT_SECTOR_SIZE    5 /* 48h: n bytes a sector, and rubbish everywhere else */
#define FAULT_NO_PARAMETERS  6 /* 48h: AH=01h */
#define FAULT_SHORT_TOLD     7 /* reads move at most n sectors, and 42h says so in its packet */
#define FAULT_SHORT          8 /* reads move at most n sectors, and say nothing */
#define FAULT_REFUSE_ABOVE   9 /* reads of more than n sectors: AH=01h */
#define FAULT_SLOW          10 /* each read takes n milliseconds longer */
#define FAULT_NO_GEOMETRY   11 /* 08h: no sectors per track */
#define FAULT_READ_MOVES_A20 12 /* every nth read returns with A20 off */

/* The start of the boot sector. */
#define FAULT_DRIVE         13 /* DL = n & 0xff */
#define FAULT_CS            14 /* 07c0:0000 */
#define FAULT_BPB           15 /* bytes 3 to 59h overwritten */
#define FAULT_DISK_ID       16 /* the disk id in memory is no disk's */

/* All of INT 10h, 13h, 15h, 16h that the loader calls. */
#define FAULT_REGISTERS     17 /* what a call does not return comes back as rubbish */
#define FAULT_SEGMENTS      18 /* so do ds, es, fs, gs */
#define FAULT_DIRECTION     19 /* the direction flag comes back set */
#define FAULT_INTERRUPTS    20 /* the interrupt flag comes back clear */

/* A20. Those of ports take effect in a stage2 linked with stuck_ports.c only. */
#define FAULT_A20_OFF       21 /* off when the boot sector starts */
#define FAULT_2401_LIES     22 /* INT 15h/2401h claims success and does nothing */
#define FAULT_2401_MISSING  23 /* INT 15h/2401h: AH=86h */
#define FAULT_KBC_ABSENT    24 /* the keyboard controller's ports read FFh */
#define FAULT_KBC_DEAF      25 /* it takes bytes and does nothing */
#define FAULT_KBC_BUSY      26 /* it never takes a byte */
#define FAULT_KBC_CHATTERS  27 /* it always has a byte to be read */
#define FAULT_PORT_A_ABSENT 28 /* port 92h reads FFh */
#define FAULT_PORT_A_DEAF   29 /* port 92h ignores writes */

/* INT 15h: memory. */
#define FAULT_MAP_UNSORTED  30 /* E820: backwards */
#define FAULT_MAP_OVERLAPS  31 /* E820: overlapping, unknown and empty entries follow */
#define FAULT_MAP_WRAPS     32 /* E820: entries that reach beyond 2^64 follow */
#define FAULT_MAP_ENDLESS   33 /* E820: starts anew instead of ending */
#define FAULT_MAP_STUCK     34 /* E820: EBX stays at the nth entry */
#define FAULT_MAP_24        35 /* E820: refuses ECX < 24; a disabled entry follows */
#define FAULT_MAP_20        36 /* E820: refuses ECX other than 20 */
#define FAULT_MAP_CROWDED   37 /* E820: n reserved pages, every second from 16 MiB on, follow */
#define FAULT_MAP_LOST      38 /* E820: the nth entry comes without 'SMAP' */
#define FAULT_MAP_NONE      39 /* E820: AH=86h */
#define FAULT_E801_AX       40 /* E801h answers in AX and BX alone */
#define FAULT_E801_CX       41 /* E801h answers in CX and DX alone */
#define FAULT_E801_NONE     42 /* E801h: AH=86h */
#define FAULT_88_NONE       43 /* 88h: AH=86h */
#define FAULT_LOW_KIB       44 /* INT 12h: n KiB */
#define FAULT_EBDA          45 /* the EBDA has moved to segment n */

/* INT 10h. */
#define FAULT_VBE_NONE      50 /* 4F00h fails */
#define FAULT_VBE_NO_LINEAR 51 /* no mode has a linear framebuffer */
#define FAULT_VBE_PITCH     52 /* n bytes a line in all modes */
#define FAULT_VBE_SIZE      53 /* all modes have n by n pixels */
#define FAULT_VBE_ADDRESS   54 /* all framebuffers are at (n - 1) * 64 KiB */
#define FAULT_VBE_COLOURS   55 /* colours of n bits at bit n */
#define FAULT_VBE_LIST      56 /* the mode list is at FFFF:FFFF */
#define FAULT_VBE_ENDLESS   57 /* the mode list does not end */
#define FAULT_VBE_SET_FAILS 58 /* 4F02h fails */
#define FAULT_VBE_SET_LIES  59 /* 4F02h claims success and does nothing */

/* INT 16h and 18h. */
#define FAULT_KEY_STUCK     60 /* there is always a key */
#define FAULT_KEY_GARBAGE   61 /* every second look claims a key that is not there */
#define FAULT_18_RETURNS    62 /* INT 18h returns */
#define FAULT_KEY_TYPED     63 /* no fault: somebody presses a key n clock ticks after the start */
