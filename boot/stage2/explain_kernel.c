/*
 * Pages: the kernel, the ramfs, ACPI.
 */
#include "boot/stage2/acpi.h"
#include "boot/stage2/console.h"
#include "boot/stage2/explain_pages.h"
#include "boot/stage2/facts.h"
#include "boot/stage2/kernel_load.h"
#include "boot/stage2/state.h"
#include "lib/bootcfg.h"

#define SAMPLE_BYTES   16u
#define SEGMENTS_SHOWN 12u

static void print_sample(const char *label, uint32_t address) {
    console_printf("%s%8x: ", label, address);
    explain_bytes((const void *)(uintptr_t)address, SAMPLE_BYTES);
    console_printf("\n");
}

unsigned explain_kernel_before(unsigned part) {
    (void)part;
    console_printf(
        "Stage2 looks up %.200s in the FAT32 volume and reads the\n"
        "whole file to the top of memory. Only when its ELF headers and its checksum are\n"
        "right, the segments go to the addresses that the program headers name.\n\n"
        "The lowest address that a kernel may ask for, 2 MiB, before any of it:\n",
        boot_facts.config->kernel);
    print_sample("  ", (uint32_t)BOOT_KERNEL_PHYS_BASE);
    return 1;
}

static void print_checksums(const struct loaded_file *file) {
    if (file->stored == 0 && file->computed == 0)
        console_printf("Checksum     it carries none\n");
    else
        console_printf("Checksum     CRC-32 %08x expected, %08x computed: %s\n", file->stored,
                       file->computed, explain_verdict(file->stored == file->computed));
}

unsigned explain_kernel_header(unsigned part) {
    const struct elf_header *header = &boot_facts.kernel->header;
    const struct loaded_file *file = &boot_facts.kernel_file;

    (void)part;
    console_printf("An ELF file begins with a header that says what it is and where to find the rest.\n\n");
    console_printf("File         %.60s, %u bytes, read to %x\n", file->path, file->size,
                   file->address);
    console_printf("Identity     ");
    explain_bytes(header->ident, SAMPLE_BYTES);
    console_printf("\n             7f \"ELF\", class 2: 64-bit, data 1: low byte first\n");
    console_printf("Type         %u: executable     Machine  %u: x86-64\n", header->type,
                   header->machine);
    console_printf("Entry point  %016llx\n", (unsigned long long)header->entry);
    console_printf("Program headers: %u of %u bytes at offset %llu; section headers: %u\n",
                   header->segment_count, header->segment_entry_size,
                   (unsigned long long)header->segments_offset, header->section_count);
    print_checksums(file);
    console_printf("\nThe expected checksum stands in a note in the file itself (lib/elf.h).\n");
    return 1;
}

static const char *segment_type(uint32_t type) {
    switch (type) {
    case ELF_SEGMENT_LOAD:
        return "LOAD";
    case ELF_SEGMENT_NOTE:
        return "NOTE";
    case ELF_SEGMENT_GNU_STACK:
        return "STACK";
    default:
        return "other";
    }
}

static void print_segment(const struct elf_segment *s) {
    console_printf("  %-5s %c%c%c %7llx  %016llx  %8llx  %8llx  %8llx\n", segment_type(s->type),
                   s->flags & ELF_FLAG_READ ? 'R' : '-', s->flags & ELF_FLAG_WRITE ? 'W' : '-',
                   s->flags & ELF_FLAG_EXECUTE ? 'X' : '-', (unsigned long long)s->offset,
                   (unsigned long long)s->vaddr, (unsigned long long)s->paddr,
                   (unsigned long long)s->file_size, (unsigned long long)s->memory_size);
}

unsigned explain_kernel_segments(unsigned part) {
    const struct loaded_kernel *kernel = boot_facts.kernel;
    const struct boot_info *info = boot_info();

    (void)part;
    console_printf(
        "LOAD segments are copied to their physical addresses; what memory has beyond the\n"
        "file's bytes is zero. No segment is both W and X. All numbers hexadecimal.\n\n"
        "  type  RWX  offset  virtual address   physical   in file  in memory\n");
    for (unsigned i = 0; i < MIN(kernel->header.segment_count, SEGMENTS_SHOWN); i++)
        print_segment(&kernel->segments[i]);
    console_printf("\nThe kernel now fills %llx to %llx. Its first bytes:\n",
                   (unsigned long long)info->kernel_phys_start,
                   (unsigned long long)info->kernel_phys_end - 1);
    print_sample("  ", (uint32_t)info->kernel_phys_start);
    return 1;
}

unsigned explain_ramfs(unsigned part) {
    const struct boot_info *info = boot_info();

    (void)part;
    console_printf(
        "The first file system is an archive (cpio, format newc) that lies in memory. The\n"
        "loader reads it as high as it can; the kernel uses its pages where they are.\n\n");
    if (info->ramfs_size == 0) {
        console_printf("None is loaded.\n");
        return 1;
    }
    console_printf("File         %.60s, %u bytes\n", boot_facts.config->ramfs,
                   (uint32_t)info->ramfs_size);
    console_printf("In memory    %x to %x\n", (uint32_t)info->ramfs_phys,
                   (uint32_t)(info->ramfs_phys + info->ramfs_size - 1));
    print_checksums(&boot_facts.ramfs_file);
    console_printf("\nIts first bytes, \"070701\": the magic number of a newc member\n");
    print_sample("  ", (uint32_t)info->ramfs_phys);
    return 1;
}

unsigned explain_acpi(unsigned part) {
    const struct acpi_rsdp *rsdp = (const struct acpi_rsdp *)(uintptr_t)boot_info()->rsdp_phys;

    (void)part;
    console_printf(
        "ACPI's tables describe what the BIOS knows of the machine: processors, interrupt\n"
        "controllers, power. They hang on the root pointer, which is found by its signature\n"
        "\"RSD PTR \" at a multiple of 16 in the extended BIOS data area or e0000 to fffff.\n\n");
    if (!rsdp) {
        console_printf("Not found.\n");
        return 1;
    }
    print_sample("  ", (uint32_t)(uintptr_t)rsdp);
    print_sample("  ", (uint32_t)(uintptr_t)rsdp + SAMPLE_BYTES);
    console_printf("\n  OEM \"%.6s\", revision %u, RSDT at %x", rsdp->oem, rsdp->revision,
                   rsdp->rsdt);
    if (rsdp->revision >= ACPI_RSDP_REVISION_2)
        console_printf(", XSDT at %llx", (unsigned long long)rsdp->xsdt);
    console_printf("\n  The sum of its bytes, modulo 256, is 0: it is no accident.\n");
    return 1;
}
