/*
 * The boot menu. It comes up when somebody wants it (keys.h), when a key is pressed in the time that
 * `menu =` allows for it, and when boot/astra.cfg has a line that cannot be used. It never traps a
 * machine without a person: it goes on by itself, and what is chosen holds for this boot only.
 */
#pragma once

#include "lib/bootcfg.h"

/* Step: shows the menu if there is a reason; the choice is in boot_options.h and boot_info. */
void menu_offer(const struct bootcfg *config);

/*
 * After loading a kernel has failed and been reported: returns when the person has chosen what to
 * try now. Where there is no person, or nothing else to try, the BIOS gets the machine back.
 */
void menu_after_failure(const struct bootcfg *config);
