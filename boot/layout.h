/*
 * Where things lie below 1 MiB while the loader runs, and what stage1 leaves for stage2.
 * Plain #defines of plain numbers only: the build turns this file into NASM's %define lines, so
 * that assembly and C read the same constants.
 */
#pragma once

/* What stage1 leaves on the stack that it shares with stage2, top down. */
#define STATE_DRIVE_PASSED 0x6ffe /* u16: DX as the BIOS passed it; the drive in use is in dl */
#define STATE_TSC_ENTRY    0x6ff6 /* u64: time stamp at stage1's first instructions */
#define STATE_BOTTOM       0x6ff6

/* Interrupt 13h's data goes here first; it must not cross a 64 KiB boundary. */
#define LAYOUT_BOUNCE       0x10000
#define LAYOUT_BOUNCE_BYTES 0x10000

#define LAYOUT_STACK_TOP    0x7000  /* grows down to LAYOUT_STACK_BOTTOM, shared by all modes */
#define LAYOUT_STACK_BOTTOM 0x1000
#define LAYOUT_BOOT_SECTOR  0x7c00
#define LAYOUT_AP_PAGE      0x8000  /* BOOT_AP_PAGE */
#define LAYOUT_BOOT_INFO    0x9000  /* struct boot_info */
#define LAYOUT_TRACE        0xc000  /* struct boot_trace */
#define LAYOUT_STAGE2       0x20000 /* as read from disk, .bss behind it */
#define LAYOUT_STAGE2_SEGMENT 0x2000
#define LAYOUT_STAGE2_END   0x3c000 /* .bss ends below this */
#define LAYOUT_KERNEL_STACK 0x3c000 /* BOOT_STACK_SIZE bytes, up to 0x40000 */
#define LAYOUT_PAGE_TABLES  0x40000 /* top-level table first */
#define LAYOUT_PAGE_TABLES_END 0x70000
#define LAYOUT_BIOS_LOG     0x70000 /* struct boot_bios_call, one after the other */
#define LAYOUT_BIOS_LOG_END 0x80000
#define LAYOUT_LOW_END      0x80000 /* the loader needs conventional memory up to here */

/* The boot sector (MBR). */
#define MBR_TIMESTAMP 218 /* six bytes that some systems write */
#define MBR_DISK_ID   440 /* u32 */
#define MBR_TABLE     446 /* four entries of 16 bytes */
/*
 * What stage1 reads, in the disk's own sectors. As assembled for sectors of 512 bytes; mkimage may
 * write other numbers for a disk with larger ones (4096: 15 sectors from LBA 1).
 */
#define MBR_READ_COUNT 423 /* u8 */
#define MBR_PACKET     424 /* disk address packet (EDD 3.0 table 1) */
#define MBR_READ_LBA   432 /* u64, in the packet */

/* Stage2's place on the disk and its header: boot/stage2_header.h. */
#define S2_LBA            8
#define S2_SECTORS        127
#define S2_HEADER_MAGIC   8
#define S2_HEADER_TOTAL   20
#define S2_HEADER_CRC     24

/* Sixteen-bit and flat selectors of stage2's GDT. */
#define SELECTOR_CODE32 0x08
#define SELECTOR_DATA32 0x10
#define SELECTOR_CODE16 0x18
#define SELECTOR_DATA16 0x20
#define SELECTOR_CODE64 0x28
