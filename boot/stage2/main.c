/*
 * Stage2: from the first sectors behind the boot sector to the kernel's first instruction.
 * Called once by entry.asm, in 32-bit protected mode, interrupts off, .bss cleared.
 */
#include "boot/stage2/a20.h"
#include "boot/stage2/acpi.h"
#include "boot/stage2/boot_options.h"
#include "boot/stage2/config.h"
#include "boot/stage2/console.h"
#include "boot/stage2/cpu.h"
#include "boot/stage2/disk.h"
#include "boot/stage2/exceptions.h"
#include "boot/stage2/explain.h"
#include "boot/stage2/handoff.h"
#include "boot/stage2/io.h"
#include "boot/stage2/kernel_load.h"
#include "boot/stage2/main.h"
#include "boot/stage2/memory.h"
#include "boot/stage2/menu.h"
#include "boot/stage2/paging.h"
#include "boot/stage2/ramfs.h"
#include "boot/stage2/state.h"
#include "boot/stage2/trace.h"
#include "boot/stage2/video.h"
#include "boot/stage2/volume.h"
#include "boot/stage2_header.h"
#include "lib/string.h"
#include "lib/version.h"

_Static_assert(S2_LBA == STAGE2_LBA && S2_SECTORS == STAGE2_MAX_SECTORS, "one place on disk");
_Static_assert(S2_HEADER_MAGIC == offsetof(struct stage2_header, magic) &&
                   S2_HEADER_TOTAL == offsetof(struct stage2_header, total_bytes) &&
                   S2_HEADER_CRC == offsetof(struct stage2_header, crc32),
               "for stage1 and self_check.asm");

/* The kernel that was chosen; another one if that fails and a person says so. */
static const struct loaded_kernel *load_kernel(const struct bootcfg *config) {
    const struct loaded_kernel *kernel;

    while (!(kernel = kernel_load(boot_options()->previous_kernel ? config->kernel_old
                                                                  : config->kernel)))
        menu_after_failure(config);
    return kernel;
}

void stage2_main(uint32_t drive, uint64_t entry_tsc) {
    const struct stage2_header *header = (const struct stage2_header *)LAYOUT_STAGE2;

    memset(boot_info(), 0, sizeof(struct boot_info));
    trace_init(cpu_has_tsc(), entry_tsc, (uint8_t)drive);
    exceptions_init();
    trace_step(BOOT_STEP_CONSOLE);
    console_init();
    console_printf(" %s\n", astra_version); /* stage1 has printed the name */
    trace_step_done(BOOT_STEP_CONSOLE, 0);
    trace_event(BOOT_EVENT_STAGE2_ENTRY, header->total_bytes, header->crc32);

    cpu_check();     /* is it a 64-bit CPU? */
    a20_enable();    /* before anything goes above 1 MiB */
    memory_detect(); /* before anything is placed */
    disk_open((uint8_t)drive);
    volume_open();
    const struct bootcfg *config = config_read();

    menu_offer(config); /* after everything that it shows is known */
    explain(EXPLAIN_CONFIG);
    video_choose(config->video_width, config->video_height, config->video_bits);
    explain(EXPLAIN_VIDEO);
    const struct loaded_kernel *kernel = load_kernel(config);

    explain(EXPLAIN_KERNEL);
    ramfs_load(config->ramfs); /* after the kernel, whose address is fixed */
    explain(EXPLAIN_RAMFS);
    acpi_find();
    explain(EXPLAIN_ACPI);
    paging_build(kernel);
    explain(EXPLAIN_PAGING);
    handoff();
}
