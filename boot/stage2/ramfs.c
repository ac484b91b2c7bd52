/*
 * Loading the ramfs archive.
 */
#include "boot/stage2/ramfs.h"

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
#include "lib/cpio.h"
#include "lib/e820.h"
#include "lib/errno.h"
#include "lib/string.h"

/* Page-aligned place above the kernel if there is one. */
static void *find_place(const char *path, uint64_t room) {
    const struct boot_info *info = boot_info();
    uint32_t address =
        memory_find_top(room, info->kernel_phys_start, info->kernel_phys_end);

    if (address == 0)
        error_fatal(ERROR_RAMFS_MEMORY, "%s: %u KiB", path, (uint32_t)(room >> 10));
    return (void *)(uintptr_t)address;
}

static void check_archive(const char *path, const void *archive, uint32_t size) {
    struct cpio_checksum checksum;
    int found = cpio_checksum(archive, size, &checksum);

    if (found < 0)
        error_fatal(ERROR_RAMFS_FORMAT, "%s: %u bytes", path, size);
    if (found == 0)
        return;
    if (checksum.stored != checksum.computed)
        error_fatal(ERROR_RAMFS_CHECKSUM, "%s: %08x stored, %08x computed", path, checksum.stored,
                    checksum.computed);
    boot_facts.ramfs_file.stored = checksum.stored;
    boot_facts.ramfs_file.computed = checksum.computed;
    boot_info()->flags |= BOOT_INFO_RAMFS_CHECKED;
}

static void load(const char *path, const struct fat_entry *entry) {
    struct boot_info *info = boot_info();
    uint64_t room = ALIGN_UP((uint64_t)entry->size, E820_PAGE);
    uint8_t *archive = find_place(path, room);
    uint64_t start_tsc = read_tsc();
    int error = volume_load(entry, archive, "ramfs");

    if (error)
        error_fatal(ERROR_RAMFS_READ, "%s: %s, status %02xh", path,
                    error == -EUCLEAN ? "its cluster chain is damaged" : "read error",
                    disk_last_status());
    console_printf("%s, %u KiB", path, entry->size >> 10);
    progress_print_rate(start_tsc, entry->size);
    check_archive(path, archive, entry->size);
    memset(archive + entry->size, 0, (size_t)room - entry->size);
    info->ramfs_phys = (uintptr_t)archive;
    info->ramfs_size = entry->size;
    memory_claim(info->ramfs_phys, room, BOOT_MEM_RAMFS);
    console_printf(", at %#x%s\n", (uint32_t)info->ramfs_phys,
                   info->flags & BOOT_INFO_RAMFS_CHECKED ? ", checksum right" : "");
    if (!(info->flags & BOOT_INFO_RAMFS_CHECKED))
        error_warn(ERROR_RAMFS_UNSEALED, 0, "%s", path);
}

void ramfs_load(const char *path) {
    static struct fat_entry entry;
    int error;

    trace_step(BOOT_STEP_RAMFS);
    console_step("ramfs");
    if (path[0] == '\0') {
        console_printf("none\n");
    } else if ((error = volume_find(path, &entry)) == -EIO || error == -EUCLEAN) {
        error_fatal(ERROR_RAMFS_READ, "%s: directory damaged or unreadable, status %02xh", path,
                    disk_last_status());
    } else if (error) {
        error_warn(ERROR_RAMFS_MISSING, (uint64_t)-error, "%s", path);
    } else if (entry.size == 0) {
        error_fatal(ERROR_RAMFS_FORMAT, "%s is empty", path);
    } else {
        load(path, &entry);
    }
    trace_step_done(BOOT_STEP_RAMFS, boot_info()->ramfs_size);
}
