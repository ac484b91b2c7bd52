/*
 * The kernel log: a ring of records with a level, a time and a subsystem, and sinks that show
 * them (serial console, screen). A file names its subsystem before including this header:
 *     #define LOG_TAG "mm"
 * Logging never sleeps and never allocates; it may be called anywhere, interrupt and panic included.
 */
#pragma once

#include "lib/bits.h"
#include "lib/list.h"

/* syslog severities, RFC 5424 §6.2.1 */
enum log_level {
    LOG_EMERGENCY = 0,
    LOG_ERROR = 3,
    LOG_WARNING = 4,
    LOG_NOTICE = 5,
    LOG_INFO = 6,
    LOG_DEBUG = 7,
};

/* A line goes to every sink whose `level` is at least the line's. */
struct log_sink {
    struct list_node node;
    const char *name;
    enum log_level level;
    bool skip_history; /* log_sink_add does not replay: somebody else has shown it at the same place */
    void (*write)(struct log_sink *sink, const char *text, size_t length);
};

void log_write(enum log_level level, const char *tag, const char *fmt, ...) printf_like(3, 4);

#define log_error(...) log_write(LOG_ERROR, LOG_TAG, __VA_ARGS__)
#define log_warn(...) log_write(LOG_WARNING, LOG_TAG, __VA_ARGS__)
#define log_notice(...) log_write(LOG_NOTICE, LOG_TAG, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, LOG_TAG, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, LOG_TAG, __VA_ARGS__)

/* For lines that programs can cause: false when there were too many of late, which is then said once. Any context. */
bool log_may_repeat(void);

/* Adds a sink and shows it what the ring already holds (unless it skips that). */
void log_sink_add(struct log_sink *sink);
void log_sink_remove(struct log_sink *sink);

/* The clock that stamps records (monotonic ns); before it is set, records carry 0. */
void log_set_clock(uint64_t (*clock_ns)(void));

/*
 * Reading the ring, for dmesg and /dev/kmsg: *sequence is the record wanted; the oldest still held
 * is returned if that one is gone, and *sequence becomes the next one. Returns the text's length
 * (without NUL), or 0 when there is none yet.
 */
struct log_record_info {
    uint64_t sequence, time_ns;
    enum log_level level;
};
size_t log_read(uint64_t *sequence, struct log_record_info *info, char *text, size_t size);
uint64_t log_sequence_end(void);

struct log_stats {
    uint64_t first_sequence, end_sequence; /* of the records held: [first, end) */
    uint64_t bytes_used, bytes_size;       /* of the ring */
};
void log_stats_read(struct log_stats *stats);
/* Visits the sinks; nothing is shown meanwhile, so the visitor must not sleep. */
void log_sink_each(void (*visit)(const struct log_sink *sink, void *context), void *context);

/* Called (in any context, no locks held) after a record was added; at most one hook: /dev/kmsg's wake-up. */
void log_set_notify(void (*notify)(void));

/* Around the handling of a non-maskable interrupt, which may have struck inside a sink: records made
 * meanwhile are kept, but shown only later. */
void log_set_nmi(bool active);
