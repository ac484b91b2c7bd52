/* /kernel/hw/boot/events and bios_calls: what happened on the way to the prompt, and what the BIOS was asked. */
#include "kernel/arch/boot.h"
#include "kernel/runtime/boot_bios_log.h"
#include "kernel/runtime/runtime.h"
#include "kernel/time/clock.h"
#include "lib/div64.h"

#define ULL(x) ((unsigned long long)(x))

struct name {
    uint32_t id;
    const char *name;
};

static const struct name event_names[] = {
    {BOOT_EVENT_STAGE1_ENTRY, "stage1_entry"},   {BOOT_EVENT_STAGE1_READ, "stage1_read"},
    {BOOT_EVENT_STAGE2_ENTRY, "stage2_entry"},   {BOOT_EVENT_STEP, "step"},
    {BOOT_EVENT_STEP_DONE, "step_done"},         {BOOT_EVENT_WARNING, "warning"},
    {BOOT_EVENT_DISK_RETRY, "disk_retry"},       {BOOT_EVENT_DISK_FALLBACK, "disk_fallback"},
    {BOOT_EVENT_JUMP, "jump"},                   {BOOT_EVENT_KERNEL_ENTRY, "kernel_entry"},
    {BOOT_EVENT_FIRST_PROGRAM, "first_program"}, {BOOT_EVENT_KERNEL_MEMORY, "kernel_memory"},
    {BOOT_EVENT_KERNEL_CLOCK, "kernel_clock"},   {BOOT_EVENT_KERNEL_THREADS, "kernel_threads"},
    {BOOT_EVENT_FILESYSTEMS, "filesystems"},     {BOOT_EVENT_DRIVERS, "drivers"},
    {BOOT_EVENT_PROMPT, "prompt"},
};

static const struct name step_names[] = {
    {0, "-"},
    {BOOT_STEP_CONSOLE, "console"}, {BOOT_STEP_CPU, "cpu"},       {BOOT_STEP_A20, "a20"},
    {BOOT_STEP_MEMORY, "memory"},   {BOOT_STEP_DISK, "disk"},     {BOOT_STEP_VOLUME, "volume"},
    {BOOT_STEP_CONFIG, "config"},   {BOOT_STEP_MENU, "menu"},     {BOOT_STEP_VIDEO, "video"},
    {BOOT_STEP_KERNEL, "kernel"},   {BOOT_STEP_RAMFS, "ramfs"},   {BOOT_STEP_ACPI, "acpi"},
    {BOOT_STEP_PAGING, "paging"},   {BOOT_STEP_HANDOFF, "handoff"},
};

static const char *find_name(const struct name *names, size_t count, uint64_t id) {
    for (size_t i = 0; i < count; i++)
        if (names[i].id == id)
            return names[i].name;
    return "unknown";
}

static const char *step_of(const struct boot_trace_event *event) {
    bool is_step = event->id == BOOT_EVENT_STEP || event->id == BOOT_EVENT_STEP_DONE;
    return find_name(step_names, ARRAY_SIZE(step_names), is_step ? event->a : 0);
}

/* Nanoseconds of so many TSC ticks; 0 when the clock's rate is not known. */
static uint64_t ticks_to_ns(uint64_t ticks) {
    uint64_t hz = clock_tsc_hz();
    return hz ? mul_div_u64(ticks, NS_PER_SEC, hz) : 0;
}

static uint64_t oldest_kept(uint64_t count) {
    return count - MIN(count, (uint64_t)BOOT_TRACE_EVENTS);
}

static uint64_t first_tsc(void) {
    return boot_trace.events[oldest_kept(boot_trace.count) % BOOT_TRACE_EVENTS].tsc;
}

static void show_events(struct view_buffer *buffer, void *context) {
    uint64_t count = boot_trace.count, start = first_tsc();
    (void)context;
    view_printf(buffer, "number tsc time_ns bios_ticks event step a b\n");
    for (uint64_t n = oldest_kept(count); n < count; n++) {
        const struct boot_trace_event *event = &boot_trace.events[n % BOOT_TRACE_EVENTS];
        view_printf(buffer, "%llu %llu %llu %llu %s %s 0x%llx 0x%llx\n", ULL(n), ULL(event->tsc),
                    ULL(ticks_to_ns(event->tsc - start)), ULL(event->bios_ticks),
                    find_name(event_names, ARRAY_SIZE(event_names), event->id), step_of(event), ULL(event->a),
                    ULL(event->b));
    }
}

static void show_registers(struct view_buffer *buffer, const struct boot_bios_regs *regs) {
    view_printf(buffer, " %08x %08x %08x %08x %08x %08x %08x %04x %04x", regs->eax, regs->ebx, regs->ecx, regs->edx,
                regs->esi, regs->edi, regs->ebp, regs->ds, regs->es);
}

static void show_bios_calls(struct view_buffer *buffer, void *context) {
    uint64_t start = first_tsc();
    (void)context;
    view_printf(buffer, "number tsc time_ns ticks duration_ns calls step vector lba sectors"
                        " eax ebx ecx edx esi edi ebp ds es"
                        " out_eax out_ebx out_ecx out_edx out_esi out_edi out_ebp out_ds out_es out_flags\n");
    for (uint32_t i = 0; i < boot_bios_call_count; i++) {
        const struct boot_bios_call *call = &boot_bios_calls[i];
        view_printf(buffer, "%u %llu %llu %llu %llu %u %s %02x %llu %u", i, ULL(call->tsc),
                    ULL(ticks_to_ns(call->tsc - start)), ULL(call->ticks), ULL(ticks_to_ns(call->ticks)), call->count,
                    find_name(step_names, ARRAY_SIZE(step_names), call->step), call->vector, ULL(call->lba),
                    call->sectors);
        show_registers(buffer, &call->in);
        show_registers(buffer, &call->out);
        view_printf(buffer, " %08x\n", call->out_flags);
    }
}

static struct view views[] = {
    {.path = "hw/boot/events", .help = "events from the boot sector to the prompt: TSC, time since the first, ticks in the BIOS",
     .show = show_events},
    {.path = "hw/boot/bios_calls", .help = "the loader's BIOS calls: when, how long, step, vector, disk read, registers in and out",
     .show = show_bios_calls},
};

void runtime_boot_trace_init(void) {
    runtime_register(views, ARRAY_SIZE(views));
}
