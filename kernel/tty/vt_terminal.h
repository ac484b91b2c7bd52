/*
 * The virtual terminal /dev/tty1: keyboards on one side, a display on the other, the emulator
 * (lib/vt.h) between. The log is shown there too.
 */
#pragma once

/* Joins the input and display classes. Once, before displays and keyboards are found. May sleep. */
void vt_terminal_init(void);
