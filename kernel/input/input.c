/*
 * The input class: one handler, any number of devices.
 * `devices` grows at boot only and is read under RCU; the lights wanted are one atomic byte.
 */
#include "kernel/input/input.h"

#include "kernel/sched/work.h"
#include "lib/bitmap.h"

static struct list_node devices = LIST_INIT(devices);
static const struct input_handler *handler;
static uint8_t wanted_leds;
static struct work led_work;

static void set_leds(struct work *work) {
    struct input_device *device;
    uint8_t leds = atomic_load(&wanted_leds);
    (void)work;

    list_for_each_entry_rcu(device, &devices, node) {
        if (device->set_leds)
            device->set_leds(device, leds);
    }
}

void input_init(void) {
    work_init(&led_work, set_leds);
}

void input_register(struct input_device *device) {
    list_add_tail_rcu(&device->node, &devices);
}

void input_set_handler(const struct input_handler *new_handler) {
    atomic_store(&handler, new_handler);
}

void input_report_key(struct input_device *device, uint8_t code, bool pressed) {
    const struct input_handler *current = atomic_load(&handler);

    if (code == KEY_NONE || code >= KEY_CODE_MAX)
        return;
    bool was_pressed = bitmap_test(device->pressed, code);
    if (pressed)
        bitmap_set(device->pressed, code);
    else
        bitmap_clear(device->pressed, code);
    if (current)
        current->key(code, pressed, pressed && was_pressed);
}

void input_set_leds(uint8_t leds) {
    atomic_store(&wanted_leds, leds);
    work_queue(&led_work);
}
