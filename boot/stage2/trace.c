/*
 * The boot trace, and the log of BIOS calls.
 */
#include "boot/stage2/trace.h"

#include "boot/layout.h"
#include "boot/stage2/bios.h"
#include "boot/stage2/io.h"
#include "boot/stage2/state.h"
#include "lib/bios_log.h"
#include "lib/string.h"

static bool tsc_usable;
static uint8_t current_step;   /* enum boot_step; 0 between two */
static uint32_t log_capacity;  /* records; 0 where the memory for it is not ours */

/* The read that the next call is about. */
static struct {
    uint64_t lba;
    uint16_t sectors;
} read;

static void append(enum boot_event id, uint64_t tsc, uint64_t a, uint64_t b) {
    struct boot_trace *trace = boot_trace();

    trace->events[(uint32_t)trace->count % BOOT_TRACE_EVENTS] =
        (struct boot_trace_event){.id = id, .tsc = tsc,
                                    .bios_ticks = boot_info()->bios_log.ticks, .a = a, .b = b};
    trace->count++;
}

/* Before anything has been checked: would the BIOS lose something where the log is to be? */
static bool log_memory_is_free(void) {
    uint32_t ebda = (uint32_t)bios_word(BDA_EBDA_SEGMENT) << 4;

    return bios_word(BDA_MEMORY_KIB) * 1024u >= LAYOUT_BIOS_LOG_END &&
           (ebda < LAYOUT_BIOS_LOG || ebda >= LAYOUT_BIOS_LOG_END);
}

void trace_init(bool has_tsc, uint64_t stage2_tsc, uint8_t drive) {
    const volatile uint32_t *stamp = (const volatile uint32_t *)STATE_TSC_ENTRY;
    const volatile uint8_t *passed = (const volatile uint8_t *)STATE_DRIVE_PASSED;
    const volatile uint8_t *mbr = (const volatile uint8_t *)LAYOUT_BOOT_SECTOR;
    uint64_t entry_tsc = stamp[0] | (uint64_t)stamp[1] << 32;
    bool one_call = mbr[MBR_READ_COUNT] == mbr[MBR_PACKET + 2];

    tsc_usable = has_tsc;
    if (has_tsc)
        bios_use_tsc();
    log_capacity = log_memory_is_free() ? BIOS_LOG_CAPACITY : 0;
    boot_info()->bios_log = (struct boot_bios_log){
        .records_phys = LAYOUT_BIOS_LOG, .record_bytes = sizeof(struct boot_bios_call)};
    memset(boot_trace(), 0, sizeof(struct boot_trace));
    append(BOOT_EVENT_STAGE1_ENTRY, has_tsc ? entry_tsc : 0, *passed, 0);
    append(BOOT_EVENT_STAGE1_READ, stage2_tsc, drive, one_call);
}

void trace_event(enum boot_event id, uint64_t a, uint64_t b) {
    append(id, tsc_usable ? read_tsc() : 0, a, b);
}

void trace_step(enum boot_step step) {
    trace_event(BOOT_EVENT_STEP, step, 0);
    current_step = step;
}

void trace_step_done(enum boot_step step, uint64_t figure) {
    trace_event(BOOT_EVENT_STEP_DONE, step, figure);
    current_step = 0;
}

void trace_disk_read(uint64_t lba, uint32_t count) {
    read.lba = lba;
    read.sectors = (uint16_t)count;
}

static struct boot_bios_regs plain(const struct bios_regs *regs) {
    return (struct boot_bios_regs){regs->eax, regs->ebx, regs->ecx, regs->edx, regs->esi,
                                   regs->edi, regs->ebp, regs->ds,  regs->es};
}

void bios_call(uint8_t vector, struct bios_regs *regs) {
    struct boot_bios_call call = {.count = 1, .vector = vector, .step = current_step,
                                  .lba = read.lba, .sectors = read.sectors, .in = plain(regs)};

    read.lba = read.sectors = 0;
    regs->start_tsc = regs->end_tsc = 0;
    bios_interrupt(vector, regs);
    call.tsc = regs->start_tsc;
    call.ticks = regs->end_tsc - regs->start_tsc;
    call.out = plain(regs);
    call.out_flags = regs->flags;
    bios_log_add(&boot_info()->bios_log, bios_log_records(), log_capacity, &call);
}
