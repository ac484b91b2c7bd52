#include "kernel/arch/pte.h"

pte_t pte_nx;
pte_t pte_global;

void pte_init(void) {
    pte_nx = cpu_has(CPU_NX) ? PTE_NX : 0;
    pte_global = cpu_has(CPU_PGE) ? PTE_GLOBAL : 0;
}
