/* Which filesystems there are, and the first one. */
#pragma once

#include <stddef.h>

/*
 * Registers the types, mounts a ramfs as the root of all and fills it from the boot archive (may be NULL),
 * whose memory must stay. After vfs_init.
 */
void filesystems_init(const void *archive, size_t archive_size);
