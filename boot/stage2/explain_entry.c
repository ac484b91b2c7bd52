/*
 * Pages: the boot sector; real mode to protected mode.
 */
#include "boot/stage2/bios.h"
#include "boot/stage2/descriptor.h"
#include "boot/stage2/explain_pages.h"
#include "boot/stage2/facts.h"
#include "boot/stage2/registers.h"
#include "boot/stage2/state.h"
#include "boot/stage2_header.h"
#include "lib/string.h"

#define ENTRY_BYTES 16u /* of the partition table (UEFI 2.10 table 5-2) */
#define ENTRY_TYPE  4u
#define ENTRY_LBA   8u
#define ENTRY_SIZE  12u
#define ENTRIES     4u
#define ACTIVE      0x80u
#define SIGNATURE   510u

static uint32_t word32(const uint8_t *bytes) {
    uint32_t word;

    memcpy(&word, bytes, sizeof(word));
    return word;
}

static void print_partition(const uint8_t *entry) {
    explain_print("  ");
    explain_bytes(entry, ENTRY_BYTES);
    if (entry[ENTRY_TYPE] == 0)
        explain_print("  empty\n");
    else
        explain_print("  type %02x%s\n    from sector " VALUE "%u" PLAIN ", " VALUE "%u" PLAIN
                      " sectors\n", entry[ENTRY_TYPE], entry[0] == ACTIVE ? ", active" : "",
                      word32(entry + ENTRY_LBA), word32(entry + ENTRY_SIZE));
}

static void print_read(const uint8_t *mbr) {
    const struct stage2_header *header = (const struct stage2_header *)LAYOUT_STAGE2;
    bool one_call = mbr[MBR_READ_COUNT] == mbr[MBR_PACKET + 2];

    explain_print("Read         " VALUE "%s\n             ",
                  one_call ? "one call of INT 13h AH=42h with this packet:"
                           : "sector by sector: the one large read failed. The last packet:");
    explain_bytes(mbr + MBR_PACKET, ENTRY_BYTES);
    explain_print("\n             " VALUE "%u sectors from %u on, to %04x:0000\n",
                  mbr[MBR_READ_COUNT], word32(mbr + MBR_READ_LBA), LAYOUT_STAGE2_SEGMENT);
    explain_print("Result       " VALUE "stage2 at %x, %u bytes; its CRC-32 %08x is right\n\n",
                  LAYOUT_STAGE2, header->total_bytes, header->crc32);
}

unsigned explain_boot_sector(unsigned part) {
    const uint8_t *mbr = (const uint8_t *)LAYOUT_BOOT_SECTOR;

    (void)part;
    explain_text("The BIOS read sector 0 of a disk to 7c00, saw the signature 55 aa at its end "
                 "and jumped there in real mode: to 0000:7c00 or 07c0:0000, BIOSes differ. "
                 "Stage1, which is that sector, begins with a far jump that makes CS 0 in "
                 "either case.");
    explain_print("Signature    " VALUE "%02x %02x at %x\n", mbr[SIGNATURE], mbr[SIGNATURE + 1],
                  LAYOUT_BOOT_SECTOR + SIGNATURE);
    explain_print("DX as passed " VALUE "%04x: DL %02x is the drive%s\n",
                  bios_word(STATE_DRIVE_PASSED), bios_byte(STATE_DRIVE_PASSED),
                  boot_info()->disk.flags & BOOT_DISK_PROBED ? ", wrongly: found by disk id" : "");
    print_read(mbr);
    explain_print("Disk id      " VALUE "%08x at %x; partition table at %x:\n",
                  word32(mbr + MBR_DISK_ID), LAYOUT_BOOT_SECTOR + MBR_DISK_ID,
                  LAYOUT_BOOT_SECTOR + MBR_TABLE);
    for (unsigned i = 0; i < ENTRIES; i++)
        print_partition(mbr + MBR_TABLE + i * ENTRY_BYTES);
    return 1;
}

static const char *type_name(const struct descriptor *d) {
    if (!d->present || !d->code_or_data)
        return "-";
    return d->type & DESCRIPTOR_CODE ? "code" : "data";
}

static void print_descriptor(uint32_t selector, const uint8_t *raw) {
    struct descriptor d =
        descriptor_decode(word32(raw) | (uint64_t)word32(raw + sizeof(uint32_t)) << 32);

    explain_print("  %02x  ", selector);
    explain_bytes(raw, sizeof(uint64_t));
    explain_print(VALUE "  %08x  %08x  %-4s  %2u %2u %u %3u  %u %u %u\n", d.base, d.limit,
                  type_name(&d), d.type >> 2 & 1, d.type >> 1 & 1, d.type & 1, d.privilege,
                  d.size_32, d.long_mode, d.granular);
}

unsigned explain_segments(unsigned part) {
    struct table_register gdt = read_gdtr();

    (void)part;
    explain_text("In protected mode a segment register holds a selector: the offset of a "
                 "descriptor in a table. LGDT tells the processor where that is.");
    explain_print("GDTR base " VALUE "%08x" PLAIN ", limit " VALUE "%04x\n\n"
                  "  sel raw bytes                base      limit     type  EC RW A DPL D L G\n",
                  gdt.base, gdt.limit);
    for (uint32_t at = 0; at + sizeof(uint64_t) <= gdt.limit + 1u; at += sizeof(uint64_t))
        print_descriptor(at, (const uint8_t *)(uintptr_t)(gdt.base + at));
    explain_print("\nNow " VALUE "CS %02x  SS %02x  DS %02x  ES %02x  FS %02x  GS %02x\n\n",
                  read_segment(cs), read_segment(ss), read_segment(ds), read_segment(es),
                  read_segment(fs), read_segment(gs));
    explain_text("The limit is the last byte; G 1: it is stored in units of 4 KiB. DPL 0: most "
                 "privileged. D 1: 32-bit, L 1: 64-bit code. EC: grows down or conforming; RW: "
                 "writable or readable; A: accessed. 00 stays unused, 08 and 10 are flat, 18 "
                 "and 20 lead back to real mode for BIOS calls, 28 is for long mode.");
    return 1;
}

unsigned explain_protected_mode(unsigned part) {
    struct table_register idt = read_idtr();

    (void)part;
    explain_text("Stage2 starts in real mode: 16-bit code, addresses are segment * 16 + "
                 "offset. LGDT, bit PE of CR0 set, a far jump that loads CS with selector 08: "
                 "from there on the code is 32-bit. CAPITALS: the bit is set.");
    explain_flags("CR0 before ", boot_facts.entry_cr0, 8, FLAGS_CR0);
    explain_flags("CR0 now    ", read_cr0(), 8, FLAGS_CR0);
    explain_print("\nIDTR before  " VALUE "base %08x, limit %04x: real mode's 256 vectors of 4 "
                  "bytes\n", boot_facts.entry_idt.base, boot_facts.entry_idt.limit);
    explain_print("IDTR now     " VALUE "base %08x, limit %04x: %u gates of 8 bytes\n\n", idt.base,
                  idt.limit, (idt.limit + 1u) / 8);
    explain_text("PE: protected mode. PG: paging, for later. CD and NW: the cache is off. WP: "
                 "the kernel too obeys read-only pages. NE: FPU errors are exceptions. ET: "
                 "always 1.");
    explain_text("The BIOS is 16-bit code, so each call of it goes back: selector 18, PE "
                 "cleared, far jump, real mode's IDTR, INT, and in again (bios.asm). Each "
                 "character on this screen has made the trip.");
    return 1;
}
