/*
 * Switching the machine off and starting it again. Drivers offer methods; the best that works is
 * used. The caller has stopped programs and written back files.
 */
#pragma once

#include "lib/bits.h"
#include "lib/list.h"

struct power_method {
    struct list_node node;
    const char *name;
    /* Each returns if it did not work. NULL: cannot. Interrupts off. */
    void (*off)(void);
    void (*reset)(void);
};

void power_init(void); /* registers the view */
/* Methods are tried in the order of registration. */
void power_register(struct power_method *method);

/* Waits for terminals to send what was written, then does it. May sleep. */
noreturn_fn void power_off(void);
noreturn_fn void power_reboot(void);
/* Stops here for ever. */
noreturn_fn void power_halt(void);
