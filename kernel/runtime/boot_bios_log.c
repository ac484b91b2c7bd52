/* Keeping the log of BIOS calls beyond the memory that the loader wrote it to. */
#define LOG_TAG "boot"
#include "kernel/runtime/boot_bios_log.h"

#include "kernel/arch/boot.h"
#include "kernel/log/log.h"
#include "kernel/mm/boot_memory.h"
#include "lib/bios_log.h"
#include "lib/e820.h"
#include "lib/string.h"

#define LOG_BYTES_MAX 0x10000u /* more than any loader keeps */

const struct boot_bios_call *boot_bios_calls;
uint32_t boot_bios_call_count;

void boot_bios_log_keep(void) {
    const struct boot_bios_log *log = &boot_info.bios_log;
    uint32_t bytes = bios_log_bytes(log, LOG_BYTES_MAX);

    if (log->record_count == 0)
        return;
    if (bytes == 0 || log->records_phys >= BOOT_OFFSET_MAP_SIZE ||
        !e820_covers(boot_info.ranges, boot_info.range_count, log->records_phys, bytes,
                     BOOT_MEM_LOADER)) {
        log_warn("the loader's log of BIOS calls is not where it can be: dropped");
        return;
    }
    void *copy = phys_to_virt(boot_memory_take(bytes, PAGE_SIZE, 0, DIRECT_MAP_SIZE));
    memcpy(copy, phys_to_virt(log->records_phys), bytes);
    boot_bios_calls = copy;
    boot_bios_call_count = log->record_count;
}
