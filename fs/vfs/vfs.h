/* Start-up of the virtual file system. */
#pragma once

/* Caches, registries and the root mount (an empty ramfs). After memory, clocks and the scheduler. */
void vfs_init(void);
