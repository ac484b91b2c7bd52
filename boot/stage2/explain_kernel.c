/*
 * Pages: the kernel, the ramfs, ACPI.
 */
#include "boot/stage2/acpi.h"
#include "boot/stage2/explain_pages.h"
#include "boot/stage2/facts.h"
#include "boot/stage2/kernel_load.h"
#include "boot/stage2/state.h"
#include "lib/bootcfg.h"

#define SAMPLE_BYTES   16u
#define SEGMENTS_SHOWN 12u

static void print_sample(const char *label, uint32_t address) {
    explain_print("%s" VALUE "%8x: ", label, address);
    explain_bytes((const void *)(uintptr_t)address, SAMPLE_BYTES);
    explain_print("\n");
}

unsigned explain_kernel_before(unsigned part) {
    (void)part;
    explain_text("Stage2 finds the file in the FAT32 volume and reads it whole to the top of "
                 "memory. Only if its ELF headers and its checksum are right, its segments go "
                 "to the addresses that the program headers name.");
    explain_print("File         " VALUE "%.60s\n2 MiB, now   ", boot_facts.config->kernel);
    print_sample("", (uint32_t)BOOT_KERNEL_PHYS_BASE);
    return 1;
}

static void print_checksums(const struct loaded_file *file) {
    if (file->stored == 0 && file->computed == 0)
        explain_print("Checksum     it carries none\n");
    else
        explain_print("Checksum     " VALUE "CRC-32 %08x expected, %08x computed: %s\n",
                      file->stored, file->computed,
                      file->stored == file->computed ? "right" : "WRONG");
}

unsigned explain_kernel_header(unsigned part) {
    const struct elf_header *header = &boot_facts.kernel->header;
    const struct loaded_file *file = &boot_facts.kernel_file;

    (void)part;
    explain_text("An ELF file begins with a header: what it is, and where the rest stands. The "
                 "expected checksum is a note in the file itself (lib/elf.h).");
    explain_print("File         " VALUE "%.60s, %u bytes, read to %x\n", file->path, file->size,
                  file->address);
    explain_print("Identity     ");
    explain_bytes(header->ident, SAMPLE_BYTES);
    explain_print("\n             7f \"ELF\", 2: 64-bit, 1: low byte first\n");
    explain_print("Type         " VALUE "%u: executable; machine %u: x86-64\n", header->type,
                  header->machine);
    explain_print("Entry point  " VALUE "%016llx\n", (unsigned long long)header->entry);
    explain_print("Headers      " VALUE "%u program headers of %u bytes, from %llu on\n",
                  header->segment_count, header->segment_entry_size,
                  (unsigned long long)header->segments_offset);
    print_checksums(file);
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
    explain_print(VALUE "  %-5s %c%c%c %7llx  %016llx  %8llx  %8llx  %8llx\n",
                  segment_type(s->type),
                  s->flags & ELF_FLAG_READ ? 'R' : '-', s->flags & ELF_FLAG_WRITE ? 'W' : '-',
                  s->flags & ELF_FLAG_EXECUTE ? 'X' : '-', (unsigned long long)s->offset,
                  (unsigned long long)s->vaddr, (unsigned long long)s->paddr,
                  (unsigned long long)s->file_size, (unsigned long long)s->memory_size);
}

unsigned explain_kernel_segments(unsigned part) {
    const struct loaded_kernel *kernel = boot_facts.kernel;
    const struct boot_info *info = boot_info();

    (void)part;
    explain_text("LOAD segments are copied to their physical addresses; what memory has beyond "
                 "the file's bytes is zero. None is both W and X.");
    explain_print("  type  RWX  offset  virtual address   physical   in file  in memory\n");
    for (unsigned i = 0; i < MIN(kernel->header.segment_count, SEGMENTS_SHOWN); i++)
        print_segment(&kernel->segments[i]);
    explain_print("\nIn memory    " VALUE "%llx to %llx\nNow there    ",
                  (unsigned long long)info->kernel_phys_start,
                  (unsigned long long)info->kernel_phys_end - 1);
    print_sample("", (uint32_t)info->kernel_phys_start);
    return 1;
}

unsigned explain_ramfs(unsigned part) {
    const struct boot_info *info = boot_info();

    (void)part;
    explain_text("The first file system is an archive (cpio, format newc) that lies in memory, "
                 "as high as it fits. The kernel uses its pages where they are.");
    if (info->ramfs_size == 0) {
        explain_print("None is loaded.\n");
        return 1;
    }
    explain_print("File         " VALUE "%.60s, %u bytes\n", boot_facts.config->ramfs,
                  (uint32_t)info->ramfs_size);
    explain_print("In memory    " VALUE "%x to %x\n", (uint32_t)info->ramfs_phys,
                  (uint32_t)(info->ramfs_phys + info->ramfs_size - 1));
    print_checksums(&boot_facts.ramfs_file);
    print_sample("First bytes  ", (uint32_t)info->ramfs_phys);
    return 1;
}

unsigned explain_acpi(unsigned part) {
    const struct acpi_rsdp *rsdp = (const struct acpi_rsdp *)(uintptr_t)boot_info()->rsdp_phys;

    (void)part;
    explain_text("ACPI's tables tell what the BIOS knows of the machine: processors, interrupt "
                 "controllers, power. The root pointer leads to them. It is found by its "
                 "signature \"RSD PTR \" at a multiple of 16 in the extended BIOS data area or "
                 "e0000 to fffff, and by the sum of its bytes, which is 0 modulo 256.");
    if (!rsdp) {
        explain_print("Not found.\n");
        return 1;
    }
    print_sample("  ", (uint32_t)(uintptr_t)rsdp);
    print_sample("  ", (uint32_t)(uintptr_t)rsdp + SAMPLE_BYTES);
    explain_print("\nRoot pointer " VALUE "OEM \"%.6s\", revision %u, RSDT at %x", rsdp->oem,
                  rsdp->revision, rsdp->rsdt);
    if (rsdp->revision >= ACPI_RSDP_REVISION_2)
        explain_print(", XSDT at %llx", (unsigned long long)rsdp->xsdt);
    explain_print("\n");
    return 1;
}
