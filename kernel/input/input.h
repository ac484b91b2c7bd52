/*
 * Input devices: drivers report keys by code (lib/scancode.h), a handler makes something of them.
 * Reports come in any context, also interrupts.
 */
#pragma once

#include "lib/list.h"
#include "lib/scancode.h"

struct input_device {
    struct list_node node;
    const char *name;
    /* Sets the lights (enum keymap_led bits). May sleep. NULL: it has none. */
    void (*set_leds)(struct input_device *device, uint8_t leds);
    uint64_t pressed[KEY_CODE_MAX / 64]; /* keys down: tells repeats from presses */
};

struct input_handler {
    /* Any context. */
    void (*key)(uint8_t code, bool pressed, bool repeated);
};

void input_init(void);
/* May sleep. The device lives for ever. */
void input_register(struct input_device *device);
void input_set_handler(const struct input_handler *handler);

/* A key went down (again: it repeats) or up. Any context; one report at a time for a device. */
void input_report_key(struct input_device *device, uint8_t code, bool pressed);
/* Lights of all keyboards, soon. Any context. */
void input_set_leds(uint8_t leds);
