/*
 * The log: a ring of bytes holding records back to back, oldest overwritten first.
 *
 * `ring.lock` guards the ring and is held only to copy a record in or out. Sinks are called without
 * it, by whoever owns `output_busy`; a record that arrives meanwhile (from an interrupt, another
 * CPU, or a sink itself) is shown by that owner before it lets go. In a panic nothing is waited for.
 */
#define LOG_TAG "log"
#include "kernel/log/log.h"

#include <stdarg.h>

#include "kernel/arch/cpu.h"
#include "kernel/arch/irqflags.h"
#include "kernel/arch/percpu.h"
#include "kernel/log/panic.h"
#include "kernel/sync/spinlock.h"
#include "lib/format.h"
#include "lib/string.h"

#define RING_SIZE 65536u /* bytes, a power of two */
#define TEXT_MAX 256u    /* bytes of a record's text, NUL included */
#define LINE_MAX (TEXT_MAX + 32u)
#define NS_PER_US 1000u
#define US_PER_SEC 1000000u

/* Precedes each record's text in the ring. Records are aligned to its size. */
struct record {
    uint64_t time_ns;
    uint16_t size; /* of the record, this header and padding included */
    uint16_t length;
    uint8_t level;
    uint8_t reserved[3];
};

DEFINE_LOCK_CLASS(ring_class, "log ring");

static struct {
    struct spinlock lock;
    uint8_t bytes[RING_SIZE] __attribute__((aligned(16)));
    uint64_t head, tail;           /* bytes ever written; oldest byte still held [lock] */
    uint64_t head_seq, tail_seq;   /* the same in records [lock] */
} ring = {.lock = SPINLOCK_INIT(ring_class)};

static struct list_node sinks = LIST_INIT(sinks); /* [output_busy] */
static uint32_t output_busy;
static uint64_t output_sequence; /* next record to show [output_busy] */
static uint64_t output_position; /* its place in bytes, as a hint [output_busy] */
static uint64_t (*clock_ns)(void);
static void (*notify)(void);

static DEFINE_PER_CPU(bool, holds_ring); /* or waits for it */
static DEFINE_PER_CPU(bool, in_nmi);

static uint64_t ring_lock(void) {
    uint64_t flags = irq_save();
    this_cpu(holds_ring) = true;
    while (!spin_trylock(&ring.lock) && !panic_in_progress())
        cpu_pause();
    return flags;
}

static void ring_unlock(uint64_t flags) {
    spin_unlock(&ring.lock);
    this_cpu(holds_ring) = false;
    irq_restore(flags);
}

static struct record *record_at(uint64_t position) {
    return (struct record *)(void *)&ring.bytes[position % RING_SIZE];
}

static void ring_copy_in(uint64_t position, const char *text, size_t length) {
    size_t start = position % RING_SIZE;
    size_t first = MIN(length, RING_SIZE - start);
    memcpy(&ring.bytes[start], text, first);
    memcpy(&ring.bytes[0], text + first, length - first);
}

static void ring_copy_out(uint64_t position, char *text, size_t length) {
    size_t start = position % RING_SIZE;
    size_t first = MIN(length, RING_SIZE - start);
    memcpy(text, &ring.bytes[start], first);
    memcpy(text + first, &ring.bytes[0], length - first);
}

static void ring_append(enum log_level level, const char *text, size_t length) {
    size_t size = ALIGN_UP(sizeof(struct record) + length, sizeof(struct record));
    uint64_t time_ns = clock_ns ? clock_ns() : 0;
    uint64_t flags = ring_lock();
    while (ring.head + size - ring.tail > RING_SIZE) {
        ring.tail += record_at(ring.tail)->size;
        ring.tail_seq++;
    }
    *record_at(ring.head) = (struct record){
        .time_ns = time_ns, .size = (uint16_t)size, .length = (uint16_t)length, .level = (uint8_t)level};
    ring_copy_in(ring.head + sizeof(struct record), text, length);
    ring.head += size;
    ring.head_seq++;
    ring_unlock(flags);
}

/* As log_read; *position caches where *sequence lies (any value is allowed). */
static size_t ring_read(uint64_t *sequence, uint64_t *position, struct log_record_info *info, char *text,
                        size_t size) {
    uint64_t flags = ring_lock();
    size_t length = 0;
    if (*sequence < ring.tail_seq || *position < ring.tail || *position > ring.head) {
        uint64_t at = ring.tail, seq = ring.tail_seq;
        for (; seq < *sequence && seq < ring.head_seq; seq++)
            at += record_at(at)->size;
        *position = at;
        *sequence = MAX(*sequence, ring.tail_seq);
    }
    if (*sequence < ring.head_seq) {
        const struct record *record = record_at(*position);
        length = MIN((size_t)record->length, size - 1);
        *info = (struct log_record_info){*sequence, record->time_ns, record->level};
        ring_copy_out(*position + sizeof *record, text, length);
        *position += record->size;
        ++*sequence;
    }
    ring_unlock(flags);
    text[length] = 0;
    return length;
}

size_t log_read(uint64_t *sequence, struct log_record_info *info, char *text, size_t size) {
    uint64_t position = UINT64_MAX; /* not known: search */
    return ring_read(sequence, &position, info, text, size);
}

uint64_t log_sequence_end(void) {
    uint64_t flags = ring_lock();
    uint64_t end = ring.head_seq;
    ring_unlock(flags);
    return end;
}

void log_stats_read(struct log_stats *stats) {
    uint64_t flags = ring_lock();
    *stats = (struct log_stats){ring.tail_seq, ring.head_seq, ring.head - ring.tail, RING_SIZE};
    ring_unlock(flags);
}

static size_t format_line(char *line, const struct log_record_info *info, const char *text) {
    uint64_t us = info->time_ns / NS_PER_US;
    int length = format_snprintf(line, LINE_MAX, "[%5llu.%06llu] %s\n", (unsigned long long)(us / US_PER_SEC),
                                 (unsigned long long)(us % US_PER_SEC), text);
    return (size_t)length;
}

static void sink_show(struct log_sink *sink, const struct log_record_info *info, const char *line, size_t length) {
    if (info->level <= sink->level)
        sink->write(sink, line, length);
}

/* Shows what has not been shown. The caller owns output_busy. */
static void output_pending(void) {
    char text[TEXT_MAX], line[LINE_MAX];
    struct log_record_info info;
    struct log_sink *sink;
    while (ring_read(&output_sequence, &output_position, &info, text, sizeof text)) {
        size_t length = format_line(line, &info, text);
        list_for_each_entry(sink, &sinks, node)
            sink_show(sink, &info, line, length);
    }
}

static bool output_try_begin(void) {
    return !atomic_exchange(&output_busy, 1u) || panic_in_progress();
}

static void log_output(void) {
    /* Look again after letting go: a record may have come in after the last read, and its
     * writer found us busy. */
    while (atomic_load(&output_sequence) < log_sequence_end()) {
        if (!output_try_begin())
            return;
        output_pending();
        atomic_store(&output_busy, 0u);
    }
}

void log_write(enum log_level level, const char *tag, const char *fmt, ...) {
    char text[TEXT_MAX];
    /* Only an NMI can find its own CPU at the ring: its record is lost. */
    if (this_cpu(holds_ring) && !panic_in_progress())
        return;
    va_list arguments;
    int used = format_snprintf(text, sizeof text, "%s: ", tag);
    va_start(arguments, fmt);
    int wanted = format_vsnprintf(text + used, sizeof text - (size_t)used, fmt, arguments);
    va_end(arguments);
    if (wanted < 0)
        return;
    ring_append(level, text, MIN((size_t)(used + wanted), sizeof text - 1));
    if (this_cpu(in_nmi) && !panic_in_progress())
        return; /* shown with the next record */
    log_output();
    if (notify && !panic_in_progress())
        notify();
}

static void output_begin(void) {
    while (!output_try_begin())
        cpu_pause();
}

/* As Linux's printk_ratelimit: so many lines in each window. A race lets one more through. */
#define LIMIT_WINDOW_NS (5 * 1000000000ull)
#define LIMIT_LINES 10u

bool log_may_repeat(void) {
    static uint64_t window_start_ns;
    static uint32_t lines;
    uint64_t now_ns = clock_ns ? clock_ns() : 0;

    if (now_ns - atomic_load_relaxed(&window_start_ns) >= LIMIT_WINDOW_NS) {
        atomic_store_relaxed(&window_start_ns, now_ns);
        atomic_store_relaxed(&lines, 0u);
    }
    uint32_t count = atomic_fetch_add(&lines, 1u);
    if (count == LIMIT_LINES)
        log_write(LOG_INFO, "log", "more lines about programs are left out for some seconds");
    return count < LIMIT_LINES;
}

void log_sink_add(struct log_sink *sink) {
    char text[TEXT_MAX], line[LINE_MAX];
    struct log_record_info info;
    uint64_t sequence = 0, position = UINT64_MAX;
    uint64_t flags = irq_save();
    output_begin();
    output_pending();
    while (!sink->skip_history && sequence < output_sequence &&
           ring_read(&sequence, &position, &info, text, sizeof text))
        sink_show(sink, &info, line, format_line(line, &info, text));
    list_add_tail(&sink->node, &sinks);
    atomic_store(&output_busy, 0u);
    irq_restore(flags);
}

void log_sink_remove(struct log_sink *sink) {
    uint64_t flags = irq_save();
    output_begin();
    list_remove(&sink->node);
    atomic_store(&output_busy, 0u);
    irq_restore(flags);
}

void log_sink_each(void (*visit)(const struct log_sink *sink, void *context), void *context) {
    const struct log_sink *sink;
    uint64_t flags = irq_save();
    output_begin();
    list_for_each_entry(sink, &sinks, node)
        visit(sink, context);
    output_pending(); /* what came meanwhile */
    atomic_store(&output_busy, 0u);
    irq_restore(flags);
}

void log_set_clock(uint64_t (*clock)(void)) {
    clock_ns = clock;
}

void log_set_notify(void (*hook)(void)) {
    notify = hook;
}

void log_set_nmi(bool active) {
    this_cpu(in_nmi) = active;
}
