/* The table of devices without hardware. */
#define LOG_TAG "device"
#include "drivers/char/char_devices.h"

#include "kernel/log/log.h"

static struct devfs_node *const nodes[] = {
    &null_node, &zero_node, &full_node, &random_node, &urandom_node, &kmsg_node,
};

void char_devices_init(void) {
    for (unsigned i = 0; i < ARRAY_SIZE(nodes); i++) {
        int error = devfs_register(nodes[i]);
        if (error)
            log_error("/dev/%s: error %d", nodes[i]->name, error);
    }
    kmsg_init();
}
