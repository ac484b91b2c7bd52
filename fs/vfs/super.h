/* Filesystem types and super blocks, as the rest of the VFS sees them. */
#pragma once

#include "fs/vfs/mount.h"

struct filesystem_type *filesystem_find(const char *name); /* NULL: not registered */
void super_init(void);
