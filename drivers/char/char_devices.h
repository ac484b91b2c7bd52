/* Devices without hardware: /dev/null and its like, random numbers, the log. */
#pragma once

#include "fs/devfs/devfs.h"

#define MEMORY_MAJOR 1u /* Linux admin-guide/devices.txt */

/* Registers all of them. May sleep. */
void char_devices_init(void);

extern struct devfs_node null_node, zero_node, full_node, random_node, urandom_node, kmsg_node;

/* The log tells /dev/kmsg's readers of new records. */
void kmsg_init(void);
