/* The composer of the filesystems. */
#define LOG_TAG "vfs"

#include "fs/filesystems.h"

#include "fs/devfs/devfs.h"
#include "fs/devpts/devpts.h"
#include "fs/kernelfs/kernelfs.h"
#include "fs/procfs/procfs.h"
#include "fs/ramfs/ramfs.h"
#include "fs/vfs/vfs.h"
#include "kernel/log/log.h"

static void unpack(const void *archive, size_t size) {
    int64_t members = ramfs_unpack(&root_path, archive, size);
    if (members >= 0)
        log_info("%lld files from the archive of %zu KiB", (long long)members, size / 1024);
}

void filesystems_init(const void *archive, size_t archive_size) {
    ramfs_init(); /* files in memory: the root, tmpfs */
    int error = mount_at("ramfs", "ramfs", "/", 0, NULL);
    ASSERT(!error);
    if (archive)
        unpack(archive, archive_size);
    devfs_init();    /* nodes for drivers to come */
    devpts_init();   /* and for pseudo-terminals */
    kernelfs_init(); /* live state, typed */
    procfs_init();   /* the same for Linux programs */
}
