/* The time from the boot sector to the prompt, cut into phases. */
#pragma once

#include "user/boottrace/table.h"

enum owner { OWNER_LOADER, OWNER_KERNEL, OWNER_PROGRAMS };

struct phase {
    const char *name;
    enum owner owner;
    uint64_t start_tsc, end_tsc;
    uint64_t bios_ticks;
    bool bios_known; /* stage1 has no room to time its calls */
    uint64_t bytes;  /* loaded in it; 0: it is not for loading */
};

#define PHASES_MAX 160u

struct timeline {
    const char *folder; /* where the files are */
    struct phase phases[PHASES_MAX];
    size_t count;
    uint64_t start_tsc, end_tsc;
    uint64_t tsc_hz;       /* 0: the stamps mean nothing */
    uint64_t lost_events;  /* the ring held no more: older than the first phase */
    unsigned retries, warnings;
    bool reached_prompt;
};

/* Reads events and info of `folder`; the events' words stay in `events`. False, with a message: it cannot. */
bool timeline_read(struct timeline *timeline, const char *folder, struct table *events);
