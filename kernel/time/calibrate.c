/*
 * Calibration against the ACPI PM timer or the 8254. A sample is the reference's count and the TSC
 * around reading it; of several tries the one with the shortest read counts, which rides out
 * system management interrupts and a hypervisor's pauses. A pause between two samples can make the
 * count wrap unseen: of several windows the one of the middle rate counts, and a later measurement
 * that comes too late begins anew. All loops are bounded.
 * Spec: ACPI 6.4 §4.8.2.1 (PM timer); SDM 3B §18.7.3 (CPUID leaves 15H and 16H).
 */
#define LOG_TAG "time"
#include "kernel/time/calibrate.h"

#include "kernel/arch/boot.h"
#include "kernel/arch/cpu.h"
#include "kernel/arch/io.h"
#include "kernel/arch/irqflags.h"
#include "kernel/firmware/acpi.h"
#include "kernel/irq/local_apic.h"
#include "kernel/log/log.h"
#include "kernel/time/clock.h"
#include "kernel/time/pit.h"
#include "lib/div64.h"

#define PM_TIMER_HZ 3579545u
#define WINDOW_US 250u
#define WINDOWS 3u
#define SAMPLE_TRIES 5u
#define DEAD_READS 5000u /* a live reference moves within a few reads */
#define CPUID_TSC_RATIO 0x15u
#define FALLBACK_HZ NS_PER_SEC

struct reference {
    const char *name;
    uint32_t hz, mask; /* the count is taken modulo mask + 1 */
    void (*start)(void); /* NULL: it runs by itself */
    uint32_t (*read)(void);
};

struct sample {
    uint64_t tsc;
    uint32_t count, apic_count;
};

struct window {
    struct sample from, to;
    uint64_t tsc_hz;
};

static const struct reference *reference; /* the live one, NULL: none */
static struct sample first;
static uint16_t pm_timer_port;

static uint32_t pm_timer_read(void) {
    return io_in32(pm_timer_port);
}

static struct reference pm_timer = {"ACPI PM timer", PM_TIMER_HZ, 0xffffff, NULL, pm_timer_read};
static const struct reference pit = {"8254", PIT_HZ, UINT16_MAX, pit_reference_start, pit_reference_read};

static bool find_pm_timer(void) {
    const struct acpi_fadt *fadt = acpi_fadt();

    if (!fadt || fadt->pm_timer.space != ACPI_SPACE_IO || fadt->pm_timer.address == 0 ||
        fadt->pm_timer.address > UINT16_MAX)
        return false;
    pm_timer_port = (uint16_t)fadt->pm_timer.address;
    if (fadt->pm_timer_32bit)
        pm_timer.mask = UINT32_MAX;
    return true;
}

static struct sample take_sample(void) {
    struct sample best = {0};
    uint64_t shortest = UINT64_MAX;

    for (unsigned i = 0; i < SAMPLE_TRIES; i++) {
        uint64_t before = cpu_tsc();
        uint32_t count = reference->read();
        uint64_t took = cpu_tsc() - before;
        if (took >= shortest)
            continue;
        shortest = took;
        best.tsc = before + took / 2;
        best.count = count;
        best.apic_count = local_apic_in_use() ? local_apic_timer_count() : 0;
    }
    return best;
}

static uint32_t ticks_between(uint32_t from, uint32_t to) {
    return (to - from) & reference->mask;
}

/* Lets the reference run for the window. False when it stands still. */
static bool wait_window(uint32_t from) {
    uint32_t window = (uint32_t)((uint64_t)reference->hz * WINDOW_US / (NS_PER_SEC / NS_PER_US));
    unsigned idle_reads = 0;

    for (uint32_t last = from; idle_reads < DEAD_READS;) {
        uint32_t now = reference->read();
        if (ticks_between(from, now) >= window)
            return true;
        idle_reads = now == last ? idle_reads + 1 : 0;
        last = now;
    }
    return false;
}

/* Ticks that took as long as the reference's in the window, as a rate. */
static uint64_t rate_in(const struct window *window, uint64_t ticks) {
    return ticks * reference->hz / MAX(ticks_between(window->from.count, window->to.count), 1u);
}

/* False if the reference is dead. */
static bool measure_window(struct window *window) {
    if (local_apic_in_use())
        local_apic_timer_start(UINT32_MAX); /* each time: a pause may let it run out */
    window->from = take_sample();
    if (!wait_window(window->from.count))
        return false;
    window->to = take_sample();
    window->tsc_hz = rate_in(window, window->to.tsc - window->from.tsc);
    return true;
}

static void swap_if_faster(struct window *a, struct window *b) {
    struct window kept = *a;

    if (a->tsc_hz > b->tsc_hz) {
        *a = *b;
        *b = kept;
    }
}

static void sort_windows(struct window windows[WINDOWS]) {
    for (unsigned last = WINDOWS - 1; last > 0; last--)
        for (unsigned i = 0; i < last; i++)
            swap_if_faster(&windows[i], &windows[i + 1]);
}

/* Starts the reference, takes the first sample and a rough rate; false if it is dead. */
static bool measure(const struct reference *candidate, struct calibration *calibration) {
    struct window windows[WINDOWS];
    unsigned measured = 0;

    reference = candidate;
    if (reference->start)
        reference->start();
    while (measured < WINDOWS && measure_window(&windows[measured]))
        measured++;
    if (local_apic_in_use())
        local_apic_timer_start(0);
    if (measured < WINDOWS)
        return false;
    sort_windows(windows);
    const struct window *middle = &windows[WINDOWS / 2];
    first = middle->from;
    calibration->tsc_hz = middle->tsc_hz;
    calibration->apic_timer_hz = rate_in(middle, middle->from.apic_count - middle->to.apic_count);
    calibration->source = reference->name;
    return calibration->tsc_hz != 0;
}

/* CPUID.15H: TSC = crystal * EBX / EAX. The crystal's rate is often left out; then it is no help. */
static uint64_t tsc_hz_from_cpuid(void) {
    struct cpuid_regs ratio = cpuid_checked(CPUID_TSC_RATIO, 0);

    if (ratio.eax == 0 || ratio.ebx == 0 || ratio.ecx == 0)
        return 0;
    return (uint64_t)ratio.ecx * ratio.ebx / ratio.eax;
}

void calibrate_start(struct calibration *calibration) {
    *calibration = (struct calibration){0};
    if (!(find_pm_timer() && measure(&pm_timer, calibration)) && !measure(&pit, calibration)) {
        reference = NULL;
        calibration->tsc_hz = boot_info.cpu.tsc_khz ? boot_info.cpu.tsc_khz * 1000ull : FALLBACK_HZ;
        calibration->apic_timer_hz = local_apic_in_use() ? calibration->tsc_hz : 0;
        calibration->source = "a guess";
        log_warn("neither PM timer nor 8254 runs: clocks may be wrong");
    }
    uint64_t told_hz = tsc_hz_from_cpuid();
    if (told_hz) {
        calibration->tsc_hz = told_hz;
        calibration->source = "CPUID";
        calibration->exact = true;
    }
}

/* The count may have wrapped many times: the rate known so far says how often. */
static uint64_t ticks_until(const struct sample *now, uint64_t known_tsc_hz) {
    uint64_t period = (uint64_t)reference->mask + 1, ticks = ticks_between(first.count, now->count);
    uint64_t expected = mul_div_u64(now->tsc - first.tsc, reference->hz, known_tsc_hz);

    if (expected > ticks)
        ticks += (expected - ticks + period / 2) / period * period;
    return ticks;
}

bool calibrate_refine(uint64_t known_tsc_hz, uint64_t longest_ns, uint64_t *tsc_hz) {
    *tsc_hz = 0;
    if (!reference)
        return true;
    uint64_t flags = irq_save();
    struct sample now = take_sample();
    irq_restore(flags);

    uint64_t elapsed_tsc = now.tsc - first.tsc;
    if (mul_div_u64(elapsed_tsc, NS_PER_SEC, known_tsc_hz) > longest_ns) {
        first = now;
        return false;
    }
    uint64_t ticks = ticks_until(&now, known_tsc_hz);
    if (ticks == 0)
        return true;
    uint64_t measured_hz = mul_div_u64(elapsed_tsc, reference->hz, ticks);
    uint64_t change = measured_hz > known_tsc_hz ? measured_hz - known_tsc_hz : known_tsc_hz - measured_hz;
    if (change < known_tsc_hz / 32)
        *tsc_hz = measured_hz;
    return true;
}
