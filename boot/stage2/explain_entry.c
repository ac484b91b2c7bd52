/*
 * Pages: the boot sector; real mode to protected mode.
 */
#include "boot/stage2/bios.h"
#include "boot/stage2/console.h"
#include "boot/stage2/descriptor.h"
#include "boot/stage2/explain_pages.h"
#include "boot/stage2/facts.h"
#include "boot/stage2/registers.h"
#include "boot/stage2/state.h"
#include "boot/stage2_header.h"

#define ENTRY_BYTES 16u
#define ENTRIES     4u
#define ACTIVE      0x80u
#define SIGNATURE   510u

static const uint8_t *boot_sector(void) {
    return (const uint8_t *)LAYOUT_BOOT_SECTOR;
}

static uint32_t word32(const uint8_t *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void print_partition(const uint8_t *entry) {
    console_printf("  ");
    explain_bytes(entry, ENTRY_BYTES);
    if (entry[4] == 0)
        console_printf("  empty\n");
    else
        console_printf("  %stype %02x\n", entry[0] == ACTIVE ? "active, " : "", entry[4]);
    if (entry[0] == ACTIVE)
        console_printf("    first sector %u, %u sectors; stage2 reads the files in it\n",
                       word32(entry + 8), word32(entry + 12));
}

static void print_read(void) {
    const uint8_t *mbr = boot_sector();
    const struct stage2_header *header = (const struct stage2_header *)LAYOUT_STAGE2;
    bool one_call = mbr[MBR_READ_COUNT] == mbr[MBR_PACKET + 2];

    console_printf("Read with    %s\n",
                   one_call ? "one call of INT 13h AH=42h, by this packet at 7c00h+424:"
                            : "many calls of a sector each (AH=42h, AH=02h): the one call failed");
    console_printf("  ");
    explain_bytes(mbr + MBR_PACKET, 16);
    console_printf("\n  size 16, %u sectors to %04x:0000, from sector %u on\n", mbr[MBR_READ_COUNT],
                   LAYOUT_STAGE2_SEGMENT, word32(mbr + MBR_READ_LBA));
    console_printf("Result       stage2 at %x: %u bytes, CRC-32 %08x, computed again: right\n\n",
                   LAYOUT_STAGE2, header->total_bytes, header->crc32);
}

unsigned explain_boot_sector(unsigned part) {
    const uint8_t *mbr = boot_sector();

    (void)part;
    console_printf(
        "The BIOS read sector 0 of a disk to 7c00, saw its last two bytes (%02x %02x) and jumped\n"
        "there in real mode: at 0000:7c00 or 07c0:0000, as BIOSes differ. Stage1 begins with\n"
        "a far jump, which makes CS 0 in either case.\n\n",
        mbr[SIGNATURE], mbr[SIGNATURE + 1]);
    console_printf("DX as passed %04x; DL %02x is the drive%s\n", bios_word(STATE_DRIVE_PASSED),
                   bios_byte(STATE_DRIVE_PASSED),
                   boot_info()->disk.flags & BOOT_DISK_PROBED
                       ? ", but not the right one: found by the disk id" : "");
    print_read();
    console_printf("Disk id %08x at byte 440; the partition table at 446, 16 bytes an entry:\n",
                   word32(mbr + MBR_DISK_ID));
    for (unsigned i = 0; i < ENTRIES; i++)
        print_partition(mbr + MBR_TABLE + i * ENTRY_BYTES);
    return 1;
}

static const char *type_name(const struct descriptor *d) {
    if (!d->present || !d->code_or_data)
        return "-";
    if (d->type & DESCRIPTOR_CODE)
        return d->type & DESCRIPTOR_READ_WRITE ? "code, readable" : "code";
    return d->type & DESCRIPTOR_READ_WRITE ? "data, writable" : "data";
}

static void print_descriptor(uint32_t selector, const uint8_t *raw) {
    uint64_t value = word32(raw) | (uint64_t)word32(raw + 4) << 32;
    struct descriptor d = descriptor_decode(value);

    console_printf("  %02x  ", selector);
    explain_bytes(raw, sizeof(value));
    console_printf("  %08x %08x  %-14s %3u %u %u %u\n", d.base, d.limit, type_name(&d), d.privilege,
                   d.size_32, d.long_mode, d.granular);
}

unsigned explain_segments(unsigned part) {
    struct table_register gdt = read_gdtr();

    (void)part;
    console_printf(
        "In protected mode a segment register holds a selector: the offset of a descriptor\n"
        "in a table whose place LGDT told the processor. GDTR: base %08x, limit %04x.\n\n"
        "  sel raw bytes                base     limit     type           DPL D L G\n",
        gdt.base, gdt.limit);
    for (uint32_t at = 0; at + 7 <= gdt.limit; at += 8)
        print_descriptor(at, (const uint8_t *)(uintptr_t)(gdt.base + at));
    console_printf(
        "\nThe limit is the segment's last byte. DPL 0: the most privileged level. D 1: 32-bit\n"
        "code or stack. L 1: 64-bit code. G 1: the limit in the raw bytes counts 4 KiB.\n"
        "00 may not be used. 08 and 10 are flat: addresses are as they stand. 18 and 20 serve\n"
        "the way back to real mode for each BIOS call. 28 serves long mode.\n\n"
        "Now: CS %02x  SS %02x  DS %02x  ES %02x  FS %02x  GS %02x\n",
        read_segment(cs), read_segment(ss), read_segment(ds), read_segment(es), read_segment(fs),
        read_segment(gs));
    return 1;
}

unsigned explain_protected_mode(unsigned part) {
    struct table_register idt = read_idtr();

    (void)part;
    console_printf(
        "Stage2 starts in real mode: 16-bit code, addresses segment * 16 + offset. LGDT, then\n"
        "bit PE of CR0 set, then a far jump that loads CS with selector 08: from there on\n"
        "the code is 32-bit. CAPITALS: the bit is set.\n\n");
    explain_flags("CR0 before ", boot_facts.entry_cr0, 8, FLAGS_CR0);
    explain_flags("CR0 now    ", read_cr0(), 8, FLAGS_CR0);
    console_printf(
        "\n  PE protected mode   PG paging, off until long mode   ET always 1\n"
        "  CD, NW cache off    WP, NE, MP: stage2 sets them for the kernel\n\n");
    console_printf("IDTR before: base %08x limit %04x, 256 vectors of 4 bytes: real mode's table\n",
                   boot_facts.entry_idt.base, boot_facts.entry_idt.limit);
    console_printf("IDTR now:    base %08x limit %04x, %u gates of 8 bytes\n", idt.base, idt.limit,
                   (idt.limit + 1u) / 8);
    console_printf(
        "\nThe BIOS is 16-bit code. Each of its calls goes back: selector 18, PE cleared, far\n"
        "jump, IDTR to real mode's table, INT, and all of it in reverse (bios.asm). Each\n"
        "character that you read here on the screen has made that trip.\n");
    return 1;
}
