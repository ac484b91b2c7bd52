/* /proc/sysrq-trigger: what root asks of the kernel by one letter, for when nothing better works. */
#pragma once

void sysrq_init(void);
