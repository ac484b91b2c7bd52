#include "kernel/arch/user_copy.h"

#include "kernel/arch/cpu.h"

uint8_t user_copy_smap; /* read by user_copy.asm */

void arch_user_copy_init(void) {
    user_copy_smap = cpu_has(CPU_SMAP);
}

uint64_t extable_find(uint64_t rip) {
    for (const struct extable_entry *e = extable_start; e < extable_end; e++)
        if (e->fault_rip == rip)
            return e->resume_rip;
    return 0;
}
