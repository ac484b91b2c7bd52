/* struct rusage of the ABI (linux/resource.h), shared by getrusage and wait4. */
#pragma once

#include "kernel/sys/user_time.h"

struct rusage_user {
    struct user_timeval user, system;
    int64_t max_resident_kib, ixrss, idrss, isrss, minor_faults, major_faults, swaps, blocks_in, blocks_out;
    int64_t messages_sent, messages_received, signals, voluntary_switches, involuntary_switches;
};

/* Fields that are not measured are 0. */
void rusage_fill(struct rusage_user *usage, uint64_t user_ns, uint64_t system_ns, uint64_t faults);
