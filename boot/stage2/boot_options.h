/*
 * What the person at the machine chose for this boot. All false unless the menu came up; edited
 * kernel arguments go straight to boot_info.
 */
#pragma once

#include "lib/bits.h"

struct boot_options {
    bool explain;         /* pause at each step and show what happens */
    bool previous_kernel; /* load the file named by `kernel_old` */
};

struct boot_options *boot_options(void);
