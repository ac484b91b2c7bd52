#include "lib/bios_log.h"

#include "lib/string.h"

/* How far back a run is looked for: loops that wait for a key make two or three calls in turn. */
#define RUNS_OPEN 6u

enum { INT_VIDEO = 0x10, INT_DISK = 0x13, INT_SYSTEM = 0x15 };
enum { VIDEO_WRITE_WITH_ATTRIBUTE = 0x09, VIDEO_WRITE = 0x0a, VIDEO_TELETYPE = 0x0e };
enum { SYSTEM_WAIT = 0x86 };

static uint8_t function(const struct boot_bios_call *call) {
    return (uint8_t)(call->in.eax >> 8);
}

static bool stands_alone(const struct boot_bios_call *call) {
    return call->vector == INT_DISK ||
           (call->vector == INT_SYSTEM && function(call) != SYSTEM_WAIT);
}

/* AX names the function; but AL is the character where one is written. */
static uint16_t kind(const struct boot_bios_call *call) {
    uint8_t ah = function(call);
    bool writes = call->vector == INT_VIDEO &&
                  (ah == VIDEO_WRITE_WITH_ATTRIBUTE || ah == VIDEO_WRITE || ah == VIDEO_TELETYPE);

    return (uint16_t)(writes ? call->in.eax & 0xff00 : call->in.eax);
}

static bool same_run(const struct boot_bios_call *a, const struct boot_bios_call *b) {
    return a->vector == b->vector && a->step == b->step && kind(a) == kind(b);
}

/* The record that `call` joins, or NULL. A call that stands alone ends all runs before it. */
static struct boot_bios_call *find_run(struct boot_bios_call *records, uint32_t count,
                                       const struct boot_bios_call *call) {
    if (stands_alone(call))
        return NULL;
    for (uint32_t back = 1; back <= MIN(count, RUNS_OPEN); back++) {
        struct boot_bios_call *record = &records[count - back];

        if (stands_alone(record))
            return NULL;
        if (same_run(record, call))
            return record;
    }
    return NULL;
}

static void join(struct boot_bios_call *run, const struct boot_bios_call *call) {
    run->count += call->count;
    run->ticks += call->ticks;
    run->in = call->in;
    run->out = call->out;
    run->out_flags = call->out_flags;
}

void bios_log_add(struct boot_bios_log *log, struct boot_bios_call *records, uint32_t capacity,
                  const struct boot_bios_call *call) {
    struct boot_bios_call *run = find_run(records, log->record_count, call);

    log->calls += call->count;
    log->ticks += call->ticks;
    if (run) {
        join(run, call);
    } else if (log->record_count < capacity) {
        records[log->record_count++] = *call;
    } else {
        log->dropped_calls += call->count;
        log->dropped_ticks += call->ticks;
    }
}

uint32_t bios_log_bytes(const struct boot_bios_log *log, uint32_t max_bytes) {
    uint32_t bytes = sizeof(struct boot_bios_call);

    if (log->record_bytes != bytes || log->record_count > max_bytes / bytes)
        return 0;
    return log->record_count * bytes;
}
