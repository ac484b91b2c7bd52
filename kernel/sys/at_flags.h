/* Flags of the *at calls, linux/fcntl.h. */
#pragma once

#include <stdint.h>

#include "fs/vfs/path.h"

enum at_flag {
    AT_SYMLINK_NOFOLLOW = 0x100, AT_REMOVEDIR = 0x200, AT_EACCESS = 0x200, AT_SYMLINK_FOLLOW = 0x400,
    AT_NO_AUTOMOUNT = 0x800, AT_EMPTY_PATH = 0x1000, AT_STATX_SYNC_TYPE = 0x6000,
};

static inline unsigned at_lookup_flags(uint32_t flags) {
    return ((flags & AT_SYMLINK_NOFOLLOW) ? (unsigned)LOOKUP_NO_FOLLOW : 0u) |
           ((flags & AT_EMPTY_PATH) ? (unsigned)LOOKUP_EMPTY : 0u);
}
