/*
 * The names of a register's bits. Pure; usable in any context.
 *
 * `names` lists bits in the order of printing, each as number and name, separated by one space:
 * "31PG 16WP 0PE". A name begins with a letter and is written in capitals.
 */
#pragma once

#include "lib/bits.h"

/*
 * Writes the names to `out`, NUL-terminated and separated by spaces: those of bits that are set
 * as they stand, those of clear bits in small letters. What does not fit in `size` is left out.
 * Returns the length of the text.
 */
size_t flag_names(char *out, size_t size, const char *names, uint64_t value);

/* Control registers (SDM 3A §2.5), EFER (§2.2.1), page-table entries (tables 4-15 to 4-20). */
#define FLAGS_CR0 "31PG 30CD 29NW 18AM 16WP 5NE 4ET 3TS 2EM 1MP 0PE"
#define FLAGS_CR4 \
    "21SMAP 20SMEP 18OSXSAVE 17PCIDE 16FSGSBASE 14SMXE 13VMXE 12LA57 11UMIP 10OSXMMEXCPT " \
    "9OSFXSR 8PCE 7PGE 6MCE 5PAE 4PSE 3DE 2TSD 1PVI 0VME"
#define FLAGS_EFER "11NXE 10LMA 8LME 0SCE"
#define FLAGS_TABLE "63NX 7PS 5A 4PCD 3PWT 2US 1RW 0P"
#define FLAGS_LARGE_PAGE "63NX 8G 7PS 6D 5A 4PCD 3PWT 2US 1RW 0P"
#define FLAGS_PAGE "63NX 8G 7PAT 6D 5A 4PCD 3PWT 2US 1RW 0P"
