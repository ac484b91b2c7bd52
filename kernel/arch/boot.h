/* The kernel's own copy of what the loader handed over; valid for ever, read-only after boot. */
#pragma once

#include "boot/bootinfo.h"

extern struct boot_info boot_info;
extern struct boot_trace boot_trace;

/* Checks and copies both out of the loader's memory. Returns NULL, or what is wrong with them. */
const char *boot_info_adopt(const struct boot_info *from);
