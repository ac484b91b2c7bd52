/* Gathering what stat and statfs report. */
#include "fs/vfs/stat.h"

#include "fs/vfs/file.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/walk.h"
#include "kernel/vm/object.h"

#define SECTOR_SHIFT 9u /* st_blocks counts 512-byte units whatever the filesystem's blocks are */

/* linux/magic.h */
enum { ANON_INODE_FS = 0x09041934, PIPEFS = 0x50495045, SOCKFS = 0x534f434b, TMPFS = 0x01021994, MQUEUE = 0x19800202 };

uint32_t inode_filesystem_type(const struct inode *inode) {
    uint32_t magic = (uint32_t)inode->super->magic;
    if (magic != ANON_INODE_FS)
        return magic;
    switch (inode->mode & S_IFMT) {
    case S_IFIFO:
        return PIPEFS;
    case S_IFSOCK:
        return SOCKFS;
    case S_IFREG:
        return inode->object ? TMPFS : MQUEUE;
    default:
        return magic;
    }
}

void inode_stat(const struct inode *inode, struct stat_info *stat) {
    stat->device = inode->super->device;
    stat->inode_number = inode->number;
    stat->special_device = inode->device;
    stat->mode = inode->mode;
    stat->link_count = inode->link_count;
    stat->uid = inode->uid;
    stat->gid = inode->gid;
    stat->size = inode->size;
    stat->blocks = inode->object ? inode->object->page_count << (PAGE_SHIFT - SECTOR_SHIFT) : 0;
    stat->block_size = inode->super->block_size;
    stat->access_time = inode->access_time;
    stat->modify_time = inode->modify_time;
    stat->change_time = inode->change_time;
    stat->birth_time = inode->birth_time;
}

int path_stat(const struct path *path, struct stat_info *stat) {
    struct inode *inode = path->dentry->inode;
    inode_stat(inode, stat);
    stat->mount_id = path->mount->id;
    stat->is_mount_root = path->dentry == path->mount->root;
    return unlikely(inode->ops->get_attributes) ? inode->ops->get_attributes(inode, stat) : 0;
}

/* Without taking references: what was read counts if nothing moved meanwhile. */
static bool stat_unreferenced(const struct path *start, const char *name, unsigned flags, struct stat_info *stat) {
    struct walk walk;
    rcu_read_lock();
    bool done = walk_unreferenced(&walk, start, name, flags) == 0 && !walk.at.inode->ops->get_attributes;
    if (done) {
        path_stat(&walk.at.path, stat);
        done = walk_still_valid(&walk);
    }
    rcu_read_unlock();
    return done;
}

int name_stat(const struct path *start, const char *name, unsigned flags, struct stat_info *stat) {
    struct path path;
    if (likely(stat_unreferenced(start, name, flags, stat)))
        return 0;
    int error = path_lookup(start, name, flags, &path);
    if (error)
        return error;
    error = path_stat(&path, stat);
    path_put(&path);
    return error;
}

int file_stat(const struct file *file, struct stat_info *stat) {
    return path_stat(&file->path, stat);
}
