/*
 * /dev/pts, as type "devpts": a node for each pseudo-terminal, and `ptmx`, which makes them
 * (pts(4)). One tree, whatever number of mounts show it; the options of the last mount hold.
 */
#pragma once

#include "fs/devfs/devfs.h"

#define PTY_SLAVE_MAJOR 136u /* Linux admin-guide/devices.txt: Unix98 slaves */
#define PTMX_MAJOR 5u
#define PTMX_MINOR 2u

/* Makes or removes the node of pseudo-terminal `index`, owned by the running thread. May sleep. 0, -EEXIST, -ENOMEM. */
int devpts_add(unsigned index);
void devpts_remove(unsigned index);
void devpts_init(void);
