/*
 * The pages of explain mode and what they print with. A page has EXPLAIN_ROWS rows of up to
 * EXPLAIN_COLUMNS characters.
 *
 * A page that may need more room comes in parts: show(part) prints one and returns how many there
 * are. Pages only look: they may be shown again later, when the reader goes back.
 */
#pragma once

#include "boot/stage2/flag_names.h"
#include "lib/bits.h"

#define EXPLAIN_COLUMNS 79u
#define EXPLAIN_ROWS    21u

typedef unsigned explain_show_fn(unsigned part);

explain_show_fn explain_boot_sector, explain_segments, explain_protected_mode, explain_cpu,
    explain_a20, explain_raw_map, explain_clean_map, explain_disk, explain_config, explain_video,
    explain_kernel_before, explain_kernel_header, explain_kernel_segments, explain_ramfs,
    explain_acpi, explain_paging_before, explain_page_walk, explain_low_maps, explain_long_mode,
    explain_jump;

/*
 * Prints a register or table entry: label, `digits` hexadecimal digits of the value, and all flags
 * by name, set ones in capitals (bright on the screen), clear ones in small letters (dark).
 */
void explain_flags(const char *label, uint64_t value, unsigned digits, const char *names);

/* Prints words, broken into lines of at most EXPLAIN_COLUMNS, and an empty line behind them. */
void explain_text(const char *text);

/* Prints `count` bytes of memory in hexadecimal, separated by spaces. */
void explain_bytes(const void *bytes, unsigned count);

/* Prints "right" or "WRONG". */
const char *explain_verdict(bool right);

/* The name of a memory type, the loader's own types included. */
const char *explain_memory_type(uint32_t type);
