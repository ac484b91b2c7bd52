/*
 * The last step. Facts: "8259A data sheet"; PC/AT real-time clock port 70h, bit 7 (NMI mask).
 */
#include "boot/stage2/handoff.h"

#include "boot/stage2/a20.h"
#include "boot/stage2/console.h"
#include "boot/stage2/exceptions.h"
#include "boot/stage2/explain.h"
#include "boot/stage2/facts.h"
#include "boot/stage2/handoff_jump.h"
#include "boot/stage2/io.h"
#include "boot/stage2/state.h"
#include "boot/stage2/trace.h"
#include "boot/stage2/video.h"
#include "lib/crc32.h"

enum { PIC1_DATA = 0x21, PIC2_DATA = 0xa1, PIC_ALL = 0xff, RTC_INDEX = 0x70, RTC_DATA = 0x71 };

#define RTC_NMI_OFF 0x80u
#define RTC_STATUS_D 0x0du /* a register that is safe to leave selected */

static void silence_interrupts(void) {
    outb(PIC1_DATA, PIC_ALL);
    outb(PIC2_DATA, PIC_ALL);
    outb(RTC_INDEX, RTC_NMI_OFF | RTC_STATUS_D);
    (void)inb(RTC_DATA); /* a write to the index wants an access to the data */
}

static void seal(struct boot_info *info) {
    info->magic = BOOT_INFO_MAGIC;
    info->version = BOOT_INFO_VERSION;
    info->size = sizeof(*info);
    info->trace_phys = LAYOUT_TRACE;
    info->stack_phys = LAYOUT_KERNEL_STACK;
    info->crc32 = 0;
    info->crc32 = crc32_update(0, info, sizeof(*info));
}

void handoff(void) {
    struct boot_info *info = boot_info();
    struct handoff_target target = {
        .entry = info->kernel_entry_virt,
        .info = BOOT_OFFSET_MAP + LAYOUT_BOOT_INFO,
        .stack_top = BOOT_OFFSET_MAP + LAYOUT_KERNEL_STACK + BOOT_STACK_SIZE,
        .page_tables = (uint32_t)info->page_table_phys,
        .use_nx = info->cpu.features & BOOT_CPU_NX,
    };

    trace_step(BOOT_STEP_HANDOFF);
    boot_facts.target = &target;
    explain(EXPLAIN_HANDOFF);
    console_step("start");
    console_printf("kernel at %#llx\n\n", (unsigned long long)target.entry);
    video_activate();
    a20_keep();
    exceptions_prepare64(&target.idt);
    silence_interrupts();
    seal(info);
    trace_event(BOOT_EVENT_JUMP, target.entry, 0);
    handoff_jump(&target);
}
