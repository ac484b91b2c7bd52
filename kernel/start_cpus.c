/*
 * Starting CPUs (SDM 3A §8.4.4): all are reset at once, then each is sent to the trampoline with its
 * own stack and per-CPU data. CPU 0 is the one the loader ran on; the others are numbered as they come
 * in the MADT. One that does not answer gets no number: it is left out.
 */
#define LOG_TAG "cpu"
#include "kernel/start_cpus.h"

#include "boot/bootinfo.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/fpu.h"
#include "kernel/arch/image.h"
#include "kernel/arch/percpu.h"
#include "kernel/arch/segments.h"
#include "kernel/arch/trampoline.h"
#include "kernel/firmware/acpi.h"
#include "kernel/irq/irq.h"
#include "kernel/irq/local_apic.h"
#include "kernel/log/cmdline.h"
#include "kernel/log/log.h"
#include "kernel/log/panic.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/mm/page.h"
#include "kernel/mm/page_table.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/wait.h"
#include "kernel/time/clock.h"
#include "kernel/time/event.h"
#include "kernel/time/timer.h"
#include "kernel/time/tsc_sync.h"
#include "kernel/trap/trap.h"
#include "lib/parse.h"
#include "lib/string.h"

#define RESET_NS (10 * NS_PER_MS)      /* SDM 3A §8.4.4.1: from the reset to the first start */
#define SECOND_START_NS (200 * NS_PER_US)
#define TRAMPOLINE_NS (2 * NS_PER_SEC)  /* for its few instructions: one that is listed but missing delays the start so long */
#define ARRIVAL_NS (10 * NS_PER_SEC)    /* a loaded host may run the CPU late, */
#define ANSWER_POLLS 1000u              /* or none of them for a while, which is no wait */
#define POLL_NS (100 * NS_PER_US)
#define CACHE_LINE 64u                  /* SDM 3A §11.1 */

/* What a CPU needs before its first instruction in the kernel. */
struct cpu_memory {
    void *per_cpu;
    void *stack;
    void *interrupt_stacks;
};

static DEFINE_PER_CPU(void *, interrupt_stacks);
static DEFINE_PER_CPU(bool, cpu_arrived);

void cpu_main(void) {
    cpu_init_registers();
    segments_init(this_cpu(interrupt_stacks));
    idt_load();
    if (!tsc_sync_answer())
        cpu_halt_forever();
    syscall_init_cpu();
    arch_fpu_init_cpu();
    irq_init_cpu();
    timer_init_cpu();
    clock_event_init_cpu();
    sched_init_cpu();
    atomic_store(this_cpu_ptr(cpu_arrived), true); /* the boot CPU counts it now */
    sched_idle();
}

/* The kernel's tables, and low memory at its own address for the trampoline's first half. */
struct low_tables {
    struct page *root, *upper, *middle;
};

static void low_tables_free(const struct low_tables *tables) {
    struct page *const pages[] = {tables->root, tables->upper, tables->middle};

    for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
        if (pages[i] != NULL)
            page_free(pages[i], 0);
}

static bool low_tables_make(struct low_tables *tables) {
    const unsigned flags = PAGE_ALLOC_ZERO | PAGE_ALLOC_LOW;
    const pte_t table = PTE_PRESENT | PTE_WRITE;

    *tables = (struct low_tables){page_alloc(0, flags), page_alloc(0, flags), page_alloc(0, flags)};
    if (tables->root == NULL || tables->upper == NULL || tables->middle == NULL) {
        low_tables_free(tables);
        return false;
    }
    page_table_copy_kernel(page_to_virt(tables->root));
    *(pte_t *)page_to_virt(tables->root) = page_to_phys(tables->upper) | table;
    *(pte_t *)page_to_virt(tables->upper) = page_to_phys(tables->middle) | table;
    *(pte_t *)page_to_virt(tables->middle) = table | PTE_LARGE; /* 2 MiB from physical address 0 */
    return true;
}

static size_t per_cpu_size(void) {
    return (size_t)(percpu_end - percpu_start);
}

static unsigned order_of(size_t size) {
    return size <= PAGE_SIZE ? 0 : log2_floor(size - 1) + 1 - PAGE_SHIFT;
}

static void memory_free(const struct cpu_memory *memory) {
    if (memory->per_cpu != NULL)
        page_free(virt_to_page(memory->per_cpu), order_of(per_cpu_size()));
    if (memory->stack != NULL)
        kernel_stack_free(memory->stack);
    if (memory->interrupt_stacks != NULL)
        page_free(virt_to_page(memory->interrupt_stacks), order_of(IST_STACKS_SIZE));
}

static void *pages_alloc(size_t size) {
    struct page *page = page_alloc(order_of(size), PAGE_ALLOC_ZERO);
    return page != NULL ? page_to_virt(page) : NULL;
}

/* Its per-CPU data start as zero; what must be there before its first instruction is filled in. */
static bool memory_prepare(uint32_t cpu, struct cpu_memory *memory) {
    *memory = (struct cpu_memory){pages_alloc(per_cpu_size()), kernel_stack_alloc(), pages_alloc(IST_STACKS_SIZE)};
    if (memory->per_cpu == NULL || memory->stack == NULL || memory->interrupt_stacks == NULL) {
        memory_free(memory);
        return false;
    }
    per_cpu_offset[cpu] = (uintptr_t)memory->per_cpu - (uintptr_t)percpu_start;
    *per_cpu_ptr(cpu_offset, cpu) = per_cpu_offset[cpu];
    *per_cpu_ptr(cpu_number, cpu) = cpu;
    *per_cpu_ptr(stack_guard, cpu) = this_cpu(stack_guard); /* the same: threads move between CPUs */
    *per_cpu_ptr(interrupt_stacks, cpu) = memory->interrupt_stacks;
    slab_init_cpu(cpu);
    return true;
}

static void sleep_until(uint64_t deadline_ns) {
    atomic_store(&current_thread()->state, (uint32_t)THREAD_BLOCKED);
    while (schedule_until(deadline_ns) == 0)
        atomic_store(&current_thread()->state, (uint32_t)THREAD_BLOCKED);
}

/* Polls until `done`, or the time is over and `polls` were in vain. May sleep. */
static bool wait_until(bool (*done)(const void *argument), const void *argument, uint64_t timeout_ns, unsigned polls) {
    uint64_t end_ns = clock_monotonic_ns() + timeout_ns;

    for (unsigned polled = 0; !done(argument); polled++) {
        if (polled >= polls && clock_monotonic_ns() >= end_ns)
            return false;
        sleep_until(clock_monotonic_ns() + POLL_NS);
    }
    return true;
}

static bool has_arrived(const void *cpu_arrived_flag) {
    return atomic_load((const bool *)cpu_arrived_flag);
}

/* Sends a CPU, which has been reset, through the trampoline. */
static bool launch(uint32_t apic_id, uint32_t cpu, const struct cpu_memory *memory, const struct low_tables *tables) {
    void *page = phys_to_virt(BOOT_AP_PAGE);
    const struct trampoline_target target = {
        .low_tables_phys = page_to_phys(tables->root),
        .kernel_tables_phys = kernel_page_table(),
        .stack_top = (uintptr_t)memory->stack + KERNEL_STACK_SIZE,
        .gs_base = per_cpu_offset[cpu],
    };

    trampoline_aim(page, &target);
    local_apic_send_startup(apic_id, BOOT_AP_PAGE);
    if (!wait_until(trampoline_taken, page, SECOND_START_NS, 1))
        local_apic_send_startup(apic_id, BOOT_AP_PAGE);
    return wait_until(trampoline_taken, page, TRAMPOLINE_NS, ANSWER_POLLS) && tsc_sync_admit(cpu) &&
           wait_until(has_arrived, per_cpu_ptr(cpu_arrived, cpu), ARRIVAL_NS, ANSWER_POLLS);
}

static uintptr_t own_data(uint32_t cpu) {
    return (uintptr_t)percpu_start + per_cpu_offset[cpu];
}

static void start_one(uint32_t apic_id, const struct low_tables *tables) {
    struct cpu_memory memory;
    uint32_t cpu = cpu_count;

    if (!memory_prepare(cpu, &memory)) {
        log_error("no memory for the CPU with APIC %u", apic_id);
        return;
    }
    if (launch(apic_id, cpu, &memory, tables)) {
        atomic_store(&cpu_count, cpu + 1);
        log_info("CPU %u (APIC %u) online, its own data at %#lx", cpu, apic_id, (unsigned long)own_data(cpu));
    } else {
        log_error("the CPU with APIC %u is not used", apic_id); /* it may yet: its memory stays its own */
    }
}

/* How many CPUs the command line allows. */
static uint32_t cpus_allowed(void) {
    const char *value = cmdline_value("cpus");
    uint64_t allowed = CPU_MAX;

    if (value != NULL && (parse_u64(value, &allowed) != 0 || allowed == 0))
        log_warn("cpus=%s is not a number of CPUs", value);
    return (uint32_t)MIN(MAX(allowed, 1u), CPU_MAX);
}

/* Whether the CPU of this entry is to be started: not the running one, and within reach. */
static bool is_startable(uint32_t apic_id) {
    if (apic_id == local_apic_id())
        return false;
    if (!local_apic_can_reach(apic_id))
        log_warn("APIC %u cannot be reached in xAPIC mode", apic_id);
    return local_apic_can_reach(apic_id);
}

static void start_others(void) {
    const struct acpi_madt *madt = acpi_madt();
    uint32_t allowed = cpus_allowed();
    struct low_tables tables;

    if (madt == NULL || !local_apic_in_use() || madt->cpu_count < 2 || allowed < 2)
        return;
    if (!low_tables_make(&tables)) {
        log_error("no memory to start CPUs");
        return;
    }
    trampoline_install(phys_to_virt(BOOT_AP_PAGE));
    for (unsigned i = 0; i < madt->cpu_count; i++)
        if (is_startable(madt->cpus[i].apic_id))
            local_apic_send_init(madt->cpus[i].apic_id);
    sleep_until(clock_monotonic_ns() + RESET_NS);
    for (unsigned i = 0; i < madt->cpu_count && cpu_count < allowed; i++)
        if (is_startable(madt->cpus[i].apic_id))
            start_one(madt->cpus[i].apic_id, &tables);
    low_tables_free(&tables);
}

static unsigned cache_lines(size_t bytes) {
    return (unsigned)((bytes + CACHE_LINE - 1) / CACHE_LINE);
}

/* What a CPU touches at every switch, wake-up and allocation is its own: no other takes these cache lines from it. */
static void show_hot_data(void) {
    const struct acpi_madt *madt = acpi_madt();
    uint32_t present = madt == NULL ? 1 : MAX(madt->cpu_count, 1u);

    log_info("%u of %u CPUs online; hot data of each: run queue %u cache lines, free pages %u, slab magazines %u", cpu_count,
             present, cache_lines(sched_cpu_bytes()), cache_lines(page_cpu_bytes()), cache_lines(slab_cpu_bytes()));
}

void cpus_start(void) {
    panic_set_stop(irq_stop_others);
    log_info("CPU 0 online, its own data at %#lx, %zu bytes", (unsigned long)own_data(0), per_cpu_size());
    start_others();
    show_hot_data();
}
