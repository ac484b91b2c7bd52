/* Starting the CPUs that the firmware lists. */
#pragma once

#include "lib/bits.h"

/* Starts all further CPUs, as far as `cpus=` on the command line allows. May sleep. */
void cpus_start(void);

/* Where a started CPU arrives: on its idle thread's stack, with its per-CPU data, interrupts off. */
noreturn_fn void cpu_main(void);
