/* A terminal's modes as programs read and set them: ioctl_tty(2), asm-generic/termbits.h and termios.h. */
#pragma once

#include "kernel/tty/tty.h"

/* How they lie in the program's memory: struct termios; the same and the speeds in baud; System V's struct termio. */
enum modes_form { MODES_PLAIN, MODES_WITH_SPEEDS, MODES_OLD };
/* At once; after the output has left; and unread input is dropped, too. */
enum modes_time { MODES_NOW, MODES_DRAIN, MODES_FLUSH };

/* All may sleep. 0, -EFAULT; setting also -ERESTARTSYS. */
int64_t tty_get_modes(struct tty *tty, uint64_t address, enum modes_form form);
int64_t tty_set_modes(struct tty *tty, uint64_t address, enum modes_form form, enum modes_time time);

/* The bits, and with any bit set the characters, that keep their values whoever sets modes. Setting: -EPERM. */
int64_t tty_get_locked_modes(struct tty *tty, uint64_t address);
int64_t tty_set_locked_modes(struct tty *tty, uint64_t address);

/* Input that nobody has read. tty->lock held. */
void tty_drop_input(struct tty *tty);
/* Waits until the output has left: 0 or -ERESTARTSYS. */
int tty_drain_restartable(struct tty *tty);
