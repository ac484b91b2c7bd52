/* What the stat and statfs families report, before it takes the shape of one call's structure. */
#pragma once

#include "fs/vfs/inode.h"

struct stat_info {
    uint64_t device, inode_number, special_device;
    uint32_t mode, link_count, uid, gid;
    uint64_t size, blocks; /* bytes; units of 512 bytes */
    uint32_t block_size;
    uint32_t mount_id;
    bool is_mount_root;
    struct timestamp access_time, modify_time, change_time, birth_time;
};

struct statfs_info {
    uint64_t type, block_size, blocks, blocks_free, blocks_available, files, files_free;
    uint64_t name_length, flags;
};

/* From the inode's own fields. */
/* The filesystem's number, linux/magic.h: for what has no name, that of the filesystem Linux keeps it in. */
uint32_t inode_filesystem_type(const struct inode *inode);
void inode_stat(const struct inode *inode, struct stat_info *stat);
/* What the filesystem says. 0 or -errno. May sleep. */
int path_stat(const struct path *path, struct stat_info *stat);
/* By name, following links as the LOOKUP_ flags say. */
int name_stat(const struct path *start, const char *name, unsigned flags, struct stat_info *stat);
int file_stat(const struct file *file, struct stat_info *stat);
int super_statfs(struct super_block *super, struct statfs_info *info);
