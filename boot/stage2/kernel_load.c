/*
 * Loading the kernel. The file is read to the top of memory and checked as a whole before one byte
 * goes to its final place. Facts: System V ABI, chapter 5.
 */
#include "boot/stage2/kernel_load.h"

#include "boot/stage2/console.h"
#include "boot/stage2/disk.h"
#include "boot/stage2/error.h"
#include "boot/stage2/facts.h"
#include "boot/stage2/io.h"
#include "boot/stage2/memory.h"
#include "boot/stage2/progress.h"
#include "boot/stage2/state.h"
#include "boot/stage2/trace.h"
#include "boot/stage2/volume.h"
#include "lib/errno.h"
#include "lib/string.h"

#define KERNEL_FILE_MAX (256u << 20) /* bytes: anything larger is not a kernel */
#define VIRT_END        0xfffffffffffff000ull /* the last page is not used: no address wraps */

static struct loaded_kernel kernel;

static bool find_file(const char *path, struct fat_entry *entry) {
    int error = volume_find(path, entry);

    if (error == -EIO || error == -EUCLEAN)
        return error_report(ERROR_KERNEL_READ, "%s: directory damaged or unreadable, status %02xh",
                            path, disk_last_status());
    if (error)
        return error_report(ERROR_KERNEL_MISSING, "%s", path);
    if (entry->size == 0 || entry->size > KERNEL_FILE_MAX)
        return error_report(ERROR_KERNEL_FORMAT, "%s: %u bytes", path, entry->size);
    return true;
}

/* The whole file, at the top of memory; NULL if that fails. */
static void *read_file(const char *path, const struct fat_entry *entry) {
    uint32_t address = memory_find_top(ALIGN_UP(entry->size, DISK_UNIT), 0, 0);

    if (address == 0) {
        (void)error_report(ERROR_KERNEL_MEMORY, "%s: %u KiB to be read", path, entry->size >> 10);
        return NULL;
    }
    void *file = (void *)(uintptr_t)address;
    int error = volume_load(entry, file, "kernel");

    if (error == 0)
        return file;
    (void)error_report(ERROR_KERNEL_READ, "%s: %s, status %02xh", path,
                       error == -EUCLEAN ? "its cluster chain is damaged" : "read error",
                       disk_last_status());
    return NULL;
}

static bool check_format(const char *path, const uint8_t *file, uint32_t size) {
    struct elf_header *header = &kernel.header;

    if (elf_read_header(file, size, size, header) != 0 || header->type != ELF_TYPE_EXEC)
        return error_report(ERROR_KERNEL_FORMAT, "%s: bad ELF header", path);
    memcpy(kernel.segments, file + header->segments_offset,
           header->segment_count * sizeof(struct elf_segment));
    if (elf_check_segments(kernel.segments, header->segment_count, size) != 0)
        return error_report(ERROR_KERNEL_FORMAT, "%s: bad program headers", path);
    if (!elf_entry_is_executable(header, kernel.segments))
        return error_report(ERROR_KERNEL_FORMAT, "%s: its entry point is not in executable memory",
                            path);
    return true;
}

static bool check_checksum(const char *path, const void *file, uint32_t size) {
    struct elf_checksum checksum;

    if (elf_checksum(file, size, &checksum) == 1 && checksum.stored != 0) {
        if (checksum.stored != checksum.computed)
            return error_report(ERROR_KERNEL_CHECKSUM, "%s: %08x stored, %08x computed", path,
                                checksum.stored, checksum.computed);
        boot_facts.kernel_file.stored = checksum.stored;
        boot_facts.kernel_file.computed = checksum.computed;
        boot_info()->flags |= BOOT_INFO_KERNEL_CHECKED;
    }
    return true;
}

/* One LOAD segment lies where the contract wants it, and continues the ones before. */
static bool check_segment(const char *path, const struct elf_segment *s, uint64_t offset) {
    const char *problem = NULL;

    if (s->vaddr < BOOT_KERNEL_VIRT_BASE)
        problem = "virtual address too low";
    else if (s->vaddr + s->memory_size > VIRT_END)
        problem = "virtual address too high";
    else if (s->paddr < BOOT_KERNEL_PHYS_BASE || s->paddr + s->memory_size > UINT32_MAX)
        problem = "physical address outside 2 MiB to 4 GiB";
    else if (s->vaddr - s->paddr != offset)
        problem = "the distance from virtual to physical addresses changes";
    return !problem ||
           error_report(ERROR_KERNEL_ADDRESS, "%s: %s (virtual %#llx, physical %#llx)", path, problem,
                        (unsigned long long)s->vaddr, (unsigned long long)s->paddr);
}

/* Checks all addresses and notes the ranges that the kernel takes. */
static bool place(const char *path) {
    struct boot_info *info = boot_info();
    unsigned count = kernel.header.segment_count;
    const struct elf_segment *first = elf_find_segment(kernel.segments, count, ELF_SEGMENT_LOAD);
    uint64_t start, end, offset = first->vaddr - first->paddr;

    for (unsigned i = 0; i < count; i++) {
        if (kernel.segments[i].type == ELF_SEGMENT_LOAD &&
            !check_segment(path, &kernel.segments[i], offset))
            return false;
    }
    elf_memory_range(kernel.segments, count, &start, &end);
    info->kernel_virt_start = ALIGN_DOWN(start, ELF_PAGE);
    info->kernel_virt_end = ALIGN_UP(end, ELF_PAGE);
    info->kernel_phys_start = info->kernel_virt_start - offset;
    info->kernel_phys_end = info->kernel_virt_end - offset;
    info->kernel_entry_virt = kernel.header.entry;
    return offset % ELF_PAGE == 0 ||
           error_report(ERROR_KERNEL_ADDRESS, "%s: physical addresses do not fit pages", path);
}

static bool copy_segments(const char *path, const uint8_t *file, uint32_t size) {
    struct boot_info *info = boot_info();
    uint64_t bytes = info->kernel_phys_end - info->kernel_phys_start;
    uint64_t file_at = (uintptr_t)file;

    if (!memory_is_free(info->kernel_phys_start, bytes) ||
        (file_at < info->kernel_phys_end && file_at + size > info->kernel_phys_start))
        return error_report(ERROR_KERNEL_MEMORY, "%s: %#llx to %#llx", path,
                            (unsigned long long)info->kernel_phys_start,
                            (unsigned long long)info->kernel_phys_end);
    memset((void *)(uintptr_t)info->kernel_phys_start, 0, (size_t)bytes);
    for (unsigned i = 0; i < kernel.header.segment_count; i++) {
        const struct elf_segment *s = &kernel.segments[i];

        if (s->type == ELF_SEGMENT_LOAD)
            memcpy((void *)(uintptr_t)s->paddr, file + s->offset, (size_t)s->file_size);
    }
    memory_claim(info->kernel_phys_start, bytes, BOOT_MEM_KERNEL);
    return true;
}

const struct loaded_kernel *kernel_load(const char *path) {
    static struct fat_entry entry;
    struct boot_info *info = boot_info();

    trace_step(BOOT_STEP_KERNEL);
    console_step("kernel");
    info->flags &= ~BOOT_INFO_KERNEL_CHECKED; /* what is left of an attempt that failed */
    if (!find_file(path, &entry))
        return NULL;
    uint64_t start_tsc = read_tsc();
    const uint8_t *file = read_file(path, &entry);

    if (!file)
        return NULL;
    boot_facts.kernel = &kernel;
    boot_facts.kernel_file =
        (struct loaded_file){.path = path, .address = (uint32_t)(uintptr_t)file, .size = entry.size};
    console_printf("%s, %u KiB", path, entry.size >> 10);
    progress_print_rate(start_tsc, entry.size);
    if (!check_format(path, file, entry.size) || !check_checksum(path, file, entry.size) ||
        !place(path) || !copy_segments(path, file, entry.size))
        return NULL;
    console_printf(", at %#x to %#x%s\n", (uint32_t)info->kernel_phys_start,
                   (uint32_t)info->kernel_phys_end,
                   info->flags & BOOT_INFO_KERNEL_CHECKED ? ", checksum right" : "");
    if (!(info->flags & BOOT_INFO_KERNEL_CHECKED))
        error_warn(ERROR_KERNEL_UNSEALED, 0, "%s", path);
    trace_step_done(BOOT_STEP_KERNEL, entry.size);
    return &kernel;
}
