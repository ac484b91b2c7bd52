/*
 * Devices and drivers. A bus finds devices and names them {bus, id}; a driver is a record in the
 * `.drivers` section that says which ids it serves. Order comes from the bus, never from linking.
 */
#pragma once

#include "lib/bits.h"
#include "lib/list.h"

struct device {
    struct list_node node;
    const char *bus; /* "isa", "acpi", "pci" ... */
    char id[24];     /* in the bus's own terms: "PNP0501", "8086:100e" */
    char name[24];   /* unique: "com1" */
    const struct driver *driver; /* NULL: none serves it */
    void *driver_data;
    struct { uint16_t base, length; } io[4];
    struct { uint64_t base, length; } memory[6];
    int irq; /* ISA line or GSI by the bus; -1 none */
};

struct driver {
    const char *name;
    const char *bus;
    const char *const *ids; /* NULL-terminated */
    /* 0, -ENODEV when the device turns out not to be there, or another error (logged, the system goes on). May sleep. */
    int (*probe)(struct device *device);
};

#define DRIVER(identifier) \
    static const struct driver identifier __attribute__((used, section(".drivers"), aligned(8)))

/* The records, by the linker. */
extern const struct driver drivers_start[], drivers_end[];

void device_init(void);
/* Announces a device found on a bus and probes the matching driver. The device lives for ever. May sleep. */
void device_add(struct device *device);
/* Devices found, in the order their buses announced them; the ones no driver took included. May sleep. */
void device_each(void (*visit)(struct device *device, void *context), void *context);
