#include "kernel/vm/counts.h"

#include "lib/atomic.h"
#include "lib/bits.h"

DEFINE_PER_CPU(struct vm_counts, vm_counts);

#define TOTAL(field, cpu) total->field += atomic_load_relaxed(&per_cpu_ptr(vm_counts, cpu)->field)

void vm_counts_read(struct vm_counts *total) {
    *total = (struct vm_counts){0};
    for (uint32_t cpu = 0; cpu < cpu_count; cpu++) {
        TOTAL(objects, cpu);
        TOTAL(file_pages, cpu);
        TOTAL(shared_pages, cpu);
        TOTAL(dirty_pages, cpu);
        TOTAL(promised_pages, cpu);
        TOTAL(file_mappings, cpu);
        TOTAL(faults, cpu);
    }
}
