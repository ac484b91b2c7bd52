/*
 * What the steps notice on their way and nothing else keeps: for explain mode, which may be chosen
 * only after they have happened. Noting is cheap and always done.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "boot/bootinfo.h"
#include "lib/bits.h"

struct bootcfg;
struct handoff_target;
struct loaded_kernel;

#define FACTS_A20_TRIES 4u

/* One test of the A20 line: the last pass of its loop. */
struct a20_test {
    uint32_t passes;
    uint32_t written;   /* to the low address */
    uint32_t low, high; /* read back */
};

/* A call that gave the raw map's entry of the same index. */
struct e820_call {
    uint32_t ebx_in, ebx_out;
    uint32_t nbytes; /* as the BIOS returned in cl */
};

/* A file on its way into memory. */
struct loaded_file {
    const char *path;
    uint32_t address; /* where it was read to */
    uint32_t size;    /* bytes */
    uint32_t stored, computed; /* checksums; both 0: it carries none */
};

struct disk_facts {
    uint16_t edd_version; /* AH of INT 13h AH=41h */
    uint16_t edd_support; /* its CX */
    uint32_t calls;       /* reads */
    uint32_t call_sectors; /* most that one call is asked for */
    uint64_t last_lba;    /* of the last read */
    uint32_t last_count;
    uint32_t heads, sectors_per_track;
};

struct boot_facts {
    uint32_t entry_cr0; /* in real mode, before stage2 changed it; written by entry.asm */
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) entry_idt; /* likewise */
    struct a20_test a20[FACTS_A20_TRIES]; /* by method; passes 0: not tried */
    struct e820_call e820[BOOT_MAX_RANGES];
    const char *map_source;
    struct disk_facts disk;
    uint32_t config_bytes;
    const struct bootcfg *config;
    const struct loaded_kernel *kernel;
    struct loaded_file kernel_file, ramfs_file;
    uint32_t table_pages; /* pages of page tables */
    const struct handoff_target *target;
};

_Static_assert(offsetof(struct boot_facts, entry_idt) == 4, "entry.asm");

extern struct boot_facts boot_facts;
