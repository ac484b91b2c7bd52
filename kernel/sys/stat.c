/* The stat and statfs families. */
#include "kernel/sys/sys_file.h"

#include "fs/vfs/file_table.h"
#include "fs/vfs/mount.h"
#include "fs/vfs/stat.h"
#include "fs/vfs/user_name.h"
#include "kernel/sys/at_flags.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"

#define MINOR_LOW_BITS 8u

/* struct stat, asm/stat.h of x86-64 */
struct user_stat {
    uint64_t dev, ino, nlink;
    uint32_t mode, uid, gid, padding;
    uint64_t rdev;
    int64_t size, blksize, blocks;
    struct { int64_t seconds; uint64_t nanoseconds; } atime, mtime, ctime;
    int64_t unused[3];
};
_Static_assert(sizeof(struct user_stat) == 144, "struct stat");

/* struct statx, linux/stat.h */
struct user_statx_time {
    int64_t seconds;
    uint32_t nanoseconds;
    int32_t reserved;
};
struct user_statx {
    uint32_t mask, blksize;
    uint64_t attributes;
    uint32_t nlink, uid, gid;
    uint16_t mode, spare0;
    uint64_t ino, size, blocks, attributes_mask;
    struct user_statx_time atime, btime, ctime, mtime;
    uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
    uint64_t mount_id, spare[13];
};
_Static_assert(sizeof(struct user_statx) == 256, "struct statx");

enum {
    STATX_BASIC_STATS = 0x7ff, STATX_BTIME = 0x800, STATX_MNT_ID = 0x1000,
    STATX_RESERVED = (int)0x80000000,
    STATX_ATTR_MOUNT_ROOT = 0x2000, /* in `attributes` */
};

/* struct statfs, asm-generic/statfs.h */
struct user_statfs {
    int64_t type, block_size;
    uint64_t blocks, blocks_free, blocks_available, files, files_free;
    int32_t id[2];
    int64_t name_length, fragment_size, flags, spare[4];
};
_Static_assert(sizeof(struct user_statfs) == 120, "struct statfs");

static int64_t put_stat(const struct stat_info *info, void *to) {
    struct user_stat stat = {
        .dev = info->device,
        .ino = info->inode_number,
        .nlink = info->link_count,
        .mode = info->mode,
        .uid = info->uid,
        .gid = info->gid,
        .padding = 0,
        .rdev = info->special_device,
        .size = (int64_t)info->size,
        .blksize = info->block_size,
        .blocks = (int64_t)info->blocks,
        .atime = {info->access_time.seconds, info->access_time.nanoseconds},
        .mtime = {info->modify_time.seconds, info->modify_time.nanoseconds},
        .ctime = {info->change_time.seconds, info->change_time.nanoseconds},
        .unused = {0, 0, 0},
    };
    return copy_to_user(to, &stat, sizeof stat);
}

/* `flags` are AT_ ones, checked. */
static int64_t stat_at(int directory, const char *name, uint32_t flags, struct stat_info *info) {
    struct user_name user_name;
    int error = user_name_get(&user_name, directory, name, flags & AT_EMPTY_PATH);
    if (error)
        return error;
    error = name_stat(user_name.start, user_name.text, at_lookup_flags(flags), info);
    user_name_end(&user_name);
    return error;
}

int64_t sys_newfstatat(int directory, const char *name, void *stat, uint32_t flags) {
    struct stat_info info;
    if (flags & ~(uint32_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_SYNC_TYPE))
        return -EINVAL;
    int64_t error = stat_at(directory, name, flags, &info);
    return error ? error : put_stat(&info, stat);
}

int64_t sys_stat(const char *name, void *stat) {
    return sys_newfstatat(AT_FDCWD, name, stat, 0);
}

int64_t sys_lstat(const char *name, void *stat) {
    return sys_newfstatat(AT_FDCWD, name, stat, AT_SYMLINK_NOFOLLOW);
}

int64_t sys_fstat(int descriptor, void *stat) {
    struct stat_info info;
    struct file_use use = file_use_path(descriptor);
    if (!use.file)
        return -EBADF;
    int64_t error = file_stat(use.file, &info);
    file_use_end(use);
    return error ? error : put_stat(&info, stat);
}

/* ---- statx ---- */

static struct user_statx_time statx_time(const struct timestamp *time) {
    return (struct user_statx_time){.seconds = time->seconds, .nanoseconds = time->nanoseconds};
}

static uint32_t device_major(uint64_t device) {
    return (uint32_t)(device >> MINOR_LOW_BITS) & 0xfff;
}

static uint32_t device_minor(uint64_t device) {
    return (uint32_t)(device & 0xff) | ((uint32_t)(device >> 12) & ~0xffu);
}

int64_t sys_statx(int directory, const char *name, uint32_t flags, uint32_t mask, void *user) {
    struct stat_info info;
    const uint32_t known = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_SYNC_TYPE;
    if ((mask & (uint32_t)STATX_RESERVED) || (flags & ~known) ||
        (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
        return -EINVAL;
    int64_t error = stat_at(directory, name, flags, &info);
    if (error)
        return error;
    struct user_statx statx = {
        .mask = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID,
        .blksize = info.block_size,
        .attributes = info.is_mount_root ? STATX_ATTR_MOUNT_ROOT : 0,
        .attributes_mask = STATX_ATTR_MOUNT_ROOT,
        .nlink = info.link_count,
        .uid = info.uid,
        .gid = info.gid,
        .mode = (uint16_t)info.mode,
        .ino = info.inode_number,
        .size = info.size,
        .blocks = info.blocks,
        .atime = statx_time(&info.access_time),
        .btime = statx_time(&info.birth_time),
        .ctime = statx_time(&info.change_time),
        .mtime = statx_time(&info.modify_time),
        .rdev_major = device_major(info.special_device),
        .rdev_minor = device_minor(info.special_device),
        .dev_major = device_major(info.device),
        .dev_minor = device_minor(info.device),
        .mount_id = info.mount_id,
    };
    return copy_to_user(user, &statx, sizeof statx);
}

/* ---- statfs ---- */

/* ST_ flags of statvfs.h: the first four have the values of the mount flags. */
enum { ST_VALID = 0x20, ST_NOATIME = 0x400, ST_NODIRATIME = 0x800, ST_RELATIME = 0x1000 };

static int64_t statfs_flags(const struct mount *mount) {
    int64_t flags = mount->flags & (MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME);
    flags |= mount_check_write(mount) ? MS_RDONLY : 0;
    return flags | ST_VALID | ((mount->flags & MS_RELATIME) ? ST_RELATIME : 0);
}

static int64_t put_statfs(const struct path *path, void *to) {
    struct statfs_info info;
    int error = super_statfs(path->mount->super, &info);
    if (error)
        return error;
    struct user_statfs statfs = {
        .type = (int64_t)inode_filesystem_type(path->dentry->inode),
        .block_size = (int64_t)info.block_size,
        .blocks = info.blocks,
        .blocks_free = info.blocks_free,
        .blocks_available = info.blocks_available,
        .files = info.files,
        .files_free = info.files_free,
        .id = {(int32_t)path->mount->super->device, 0},
        .name_length = (int64_t)info.name_length,
        .fragment_size = (int64_t)info.block_size,
        .flags = statfs_flags(path->mount),
    };
    return copy_to_user(to, &statfs, sizeof statfs);
}

int64_t sys_statfs(const char *name, void *statfs) {
    struct path path;
    int error = path_lookup_user(AT_FDCWD, name, 0, &path);
    if (error)
        return error;
    int64_t result = put_statfs(&path, statfs);
    path_put(&path);
    return result;
}

int64_t sys_fstatfs(int descriptor, void *statfs) {
    struct file_use use = file_use_path(descriptor);
    if (!use.file)
        return -EBADF;
    int64_t result = put_statfs(&use.file->path, statfs);
    file_use_end(use);
    return result;
}
