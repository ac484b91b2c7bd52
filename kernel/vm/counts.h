/*
 * How many pages serve what: per-CPU sums, each changed with one instruction where the pages change hands. A CPU's
 * own figure means nothing (and may be negative); only the total does. Any context.
 */
#pragma once

#include "kernel/arch/percpu.h"

struct vm_counts {
    int64_t objects;       /* memory objects */
    int64_t file_pages;    /* in objects that have a store to be read from again */
    int64_t shared_pages;  /* in objects that are themselves the only store: ramfs, shared memory */
    int64_t dirty_pages;   /* newer than their store */
    int64_t file_mappings; /* page-table entries that show pages of objects */
    int64_t promised_pages; /* commit.h */
    int64_t faults;        /* page faults of programs since boot */
};
DECLARE_PER_CPU(struct vm_counts, vm_counts);

#define vm_count(field, n) this_cpu_add(vm_counts.field, n)

/* The totals of all CPUs. */
void vm_counts_read(struct vm_counts *total);
