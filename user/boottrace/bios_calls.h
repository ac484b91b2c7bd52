/* Lists the loader's BIOS calls. */
#pragma once

#include "user/boottrace/table.h"

struct bios_listing {
    const char *folder; /* where the files are */
    bool in_order;  /* otherwise the slowest first */
    bool registers; /* with the registers that went in and came out */
    size_t limit;   /* lines at most */
    uint64_t tsc_hz; /* 0: no times */
};

/* False, with a message, if the log cannot be read. */
bool bios_calls_print(const struct bios_listing *listing);
