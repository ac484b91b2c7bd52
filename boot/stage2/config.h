/*
 * boot/astra.cfg.
 */
#pragma once

#include "lib/bootcfg.h"

/*
 * Step: reads the file and puts the kernel's arguments into boot_info. Whatever is wrong with the
 * file is a warning: defaults hold instead.
 */
const struct bootcfg *config_read(void);
