/*
 * Address line 20: while it is forced to 0, memory above 1 MiB is a mirror of that below.
 */
#pragma once

/* Step: switches the line on by every known method in turn; does not return if none works. */
void a20_enable(void);

/* After BIOS calls that may have switched it off: looks, and switches it on again. */
void a20_keep(void);
