/*
 * The list of devices and the match with drivers.
 * Locks: `list_mutex` guards `devices`; it is not held while a driver probes.
 */
#define LOG_TAG "device"
#include "kernel/device/device.h"

#include "kernel/device/power.h"
#include "kernel/log/log.h"
#include "kernel/sched/mutex.h"
#include "kernel/view/view.h"
#include "lib/errno.h"
#include "lib/string.h"

DEFINE_LOCK_CLASS(list_class, "devices");
static struct mutex list_mutex;
static struct list_node devices = LIST_INIT(devices);

static bool serves(const struct driver *driver, const struct device *device) {
    if (strcmp(driver->bus, device->bus) != 0)
        return false;
    for (const char *const *id = driver->ids; *id; id++) {
        if (strcmp(*id, device->id) == 0)
            return true;
    }
    return false;
}

/* Tries every driver that serves the id until one takes the device. False: there is no such device. */
static bool probe(struct device *device) {
    for (const struct driver *driver = drivers_start; driver < drivers_end; driver++) {
        if (!serves(driver, device))
            continue;
        int error = driver->probe(device);
        if (error == 0) {
            device->driver = driver;
            return true;
        }
        if (error == -ENODEV)
            return false;
        log_warn("%s: driver %s failed (%d)", device->name, driver->name, error);
    }
    return true;
}

void device_add(struct device *device) {
    device->driver = NULL;
    if (!probe(device))
        return;
    mutex_lock(&list_mutex);
    list_add_tail(&device->node, &devices);
    mutex_unlock(&list_mutex);
}

void device_each(void (*visit)(struct device *device, void *context), void *context) {
    struct device *device;

    mutex_lock(&list_mutex);
    list_for_each_entry(device, &devices, node)
        visit(device, context);
    mutex_unlock(&list_mutex);
}

static void show_device(struct device *device, void *context) {
    view_printf(context, "%s %s %s %s", device->name, device->bus, device->id,
                device->driver ? device->driver->name : "-");
    for (unsigned i = 0; i < ARRAY_SIZE(device->io) && device->io[i].length; i++)
        view_printf(context, " io=0x%x+%u", device->io[i].base, device->io[i].length);
    for (unsigned i = 0; i < ARRAY_SIZE(device->memory) && device->memory[i].length; i++)
        view_printf(context, " mem=0x%llx+%llu", (unsigned long long)device->memory[i].base,
                    (unsigned long long)device->memory[i].length);
    if (device->irq >= 0)
        view_printf(context, " irq=%d", device->irq);
    view_printf(context, "\n");
}

static void show_devices(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "name bus id driver resources\n");
    device_each(show_device, buffer);
}

static struct view devices_view = {
    .tree = VIEW_KERNEL,
    .path = "hw/devices",
    .help = "devices found: name, bus, id, driver (- none), I/O ports, memory, interrupt",
    .show = show_devices,
};

void device_init(void) {
    mutex_init(&list_mutex, list_class);
    view_register(&devices_view);
    power_init();
}
