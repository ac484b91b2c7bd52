/*
 * What can go wrong, each with a number, a sentence and a remedy. The numbers are listed in
 * boot/README.md and never change their meaning.
 */
#pragma once

#include <stdint.h>

#include "lib/bits.h"

#define ERROR_DETAIL_MAX 200u

enum error_code {
    ERROR_STAGE2_DAMAGED = 10, /* self_check.asm */
    ERROR_CPU_NO_CPUID = 11,
    ERROR_CPU_NO_LONG_MODE = 12,
    ERROR_CPU_FEATURE = 13,
    ERROR_A20 = 20,
    ERROR_MEMORY_MAP = 30,
    ERROR_MEMORY_TOO_LITTLE = 31,
    ERROR_MEMORY_LOW = 32,
    ERROR_DRIVE_NOT_FOUND = 40,
    ERROR_PARTITION = 41,
    ERROR_VOLUME = 42,
    ERROR_DISK_READ = 43,
    ERROR_CONFIG_MISSING = 50, /* warning */
    ERROR_CONFIG_LINE = 51,    /* warning */
    ERROR_CONFIG_SIZE = 52,    /* warning */
    ERROR_KERNEL_MISSING = 60,
    ERROR_KERNEL_READ = 61,
    ERROR_KERNEL_FORMAT = 62,
    ERROR_KERNEL_ADDRESS = 63,
    ERROR_KERNEL_MEMORY = 64,
    ERROR_KERNEL_CHECKSUM = 65,
    ERROR_KERNEL_UNSEALED = 66, /* warning */
    ERROR_RAMFS_MISSING = 70,   /* warning */
    ERROR_RAMFS_READ = 71,
    ERROR_RAMFS_MEMORY = 72,
    ERROR_RAMFS_CHECKSUM = 73,
    ERROR_RAMFS_UNSEALED = 74, /* warning */
    ERROR_RAMFS_FORMAT = 75,
    ERROR_VIDEO_MODE = 80, /* warning */
    ERROR_NO_ACPI = 85,    /* warning */
    ERROR_PAGE_TABLES = 90,
    ERROR_EXCEPTION = 99
};

/* Reports the error with `detail`. Returns false, so that a check can end with it. */
printf_like(2, 3) bool error_report(enum error_code code, const char *detail, ...);

/* The last error reported. */
struct error_message {
    enum error_code code;
    const char *sentence;
    char detail[ERROR_DETAIL_MAX];
};
const struct error_message *error_last(void);

/* Hands the machine back to the BIOS, which tries its next boot device. */
noreturn_fn void error_next_device(void);

/*
 * Waits for a key (or a byte on COM1, or 30 seconds); then error_next_device.
 */
noreturn_fn void error_give_up(void);

/* Reports and gives up. */
noreturn_fn printf_like(2, 3) void error_fatal(enum error_code code, const char *detail, ...);

/* Reports and goes on. `number` goes to the trace. */
printf_like(3, 4) void error_warn(enum error_code code, uint64_t number, const char *detail, ...);
