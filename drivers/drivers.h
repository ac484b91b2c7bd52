/* Everything under drivers/ that is not found by a bus, and the buses. */
#pragma once

/* Registers devices without hardware, joins keyboard and screen into a terminal, then lets the buses announce what is there. May sleep. */
void drivers_init(void);
