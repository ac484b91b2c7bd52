/*
 * The pages of explain mode and what they print with.
 *
 * A page that may need more room than there is comes in parts: show(part) prints one and returns
 * how many there are. Pages only look: they may be shown again later, when the reader goes back.
 */
#pragma once

#include "boot/stage2/flag_names.h"
#include "boot/stage2/page.h"
#include "lib/bits.h"

/* On the smallest screen that page.h promises nothing is lost but the ends of long lines. */
#define EXPLAIN_MARGIN    1u
#define EXPLAIN_COLUMNS   78u
#define EXPLAIN_FIRST_ROW 2u
#define EXPLAIN_FOOT_ROWS 2u

static inline unsigned explain_rows_end(void) {
    return page_rows() - EXPLAIN_FOOT_ROWS;
}

typedef unsigned explain_show_fn(unsigned part);

explain_show_fn explain_boot_sector, explain_segments, explain_protected_mode, explain_cpu,
    explain_a20, explain_raw_map, explain_clean_map, explain_disk, explain_config, explain_video,
    explain_kernel_before, explain_kernel_header, explain_kernel_segments, explain_ramfs,
    explain_acpi, explain_paging_before, explain_page_walk, explain_low_maps, explain_long_mode,
    explain_jump;

/* Puts the pen where a page begins. */
void explain_begin(void);

/*
 * As printf. '\n' begins a new line. What stands between VALUE and PLAIN, or the end of the line,
 * is bright: what was found on this machine. What is too much for the page is left out.
 */
printf_like(1, 2) void explain_print(const char *format, ...);

#define VALUE "\1"
#define PLAIN "\2"

/* Prints words in lines of at most EXPLAIN_COLUMNS, and an empty line behind them. */
void explain_text(const char *text);

/*
 * Prints a register or table entry: label, `digits` hexadecimal digits of the value, and all flags
 * by name, set ones in capitals (bright), clear ones in small letters (dim).
 */
void explain_flags(const char *label, uint64_t value, unsigned digits, const char *names);

/* Prints `count` bytes of memory in hexadecimal, separated by spaces. */
void explain_bytes(const void *bytes, unsigned count);
