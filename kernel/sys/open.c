/* open, openat, creat, openat2, memfd_create. */
#include "kernel/sys/sys_file.h"

#include "fs/ramfs/ramfs.h"
#include "fs/vfs/file_table.h"
#include "fs/vfs/user_name.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/format.h"
#include "lib/string.h"

/* Flags that open(2) knows; others are ignored by open and refused by openat2. */
#define OPEN_KNOWN_FLAGS \
    (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | O_ASYNC | \
     O_DIRECT | O_LARGEFILE | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE)

/* struct open_how, linux/openat2.h */
struct open_how {
    uint64_t flags, mode, resolve;
};

/* Gives an open file a descriptor; the file is put on failure. */
static int64_t install(int descriptor, struct file *file) {
    if (IS_ERR(file)) {
        descriptor_cancel(descriptor);
        return PTR_ERR(file);
    }
    descriptor_install(descriptor, file);
    return descriptor;
}

/* Where an absolute name begins if the directory is to be the root: there. */
static int root_of_scope(int directory, struct user_name *name) {
    if (name->start || directory == AT_FDCWD)
        return 0;
    name->use = file_use_path(directory);
    if (!name->use.file)
        return -EBADF;
    name->start = &name->use.file->path;
    return 0;
}

static int64_t open_restricted(int directory, const char *user_name, uint32_t flags, uint32_t mode, unsigned restrictions) {
    struct user_name name;
    int error = user_name_get(&name, directory, user_name, false);
    if (error)
        return error;
    int64_t descriptor = (restrictions & LOOKUP_IN_ROOT) ? root_of_scope(directory, &name) : 0;
    if (!descriptor)
        descriptor = descriptor_reserve(0, flags & O_CLOEXEC);
    if (descriptor >= 0)
        descriptor = install((int)descriptor,
                             file_open_restricted(name.start, name.text, (flags & OPEN_KNOWN_FLAGS) | O_LARGEFILE, mode,
                                                  restrictions));
    user_name_end(&name);
    return descriptor;
}

int64_t sys_openat(int directory, const char *user_name, uint32_t flags, uint32_t mode) {
    return open_restricted(directory, user_name, flags, mode, 0);
}

int64_t sys_open(const char *name, uint32_t flags, uint32_t mode) {
    return sys_openat(AT_FDCWD, name, flags, mode);
}

int64_t sys_creat(const char *name, uint32_t mode) {
    return sys_openat(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* Where open(2) overlooks what makes no sense, openat2(2) does not. */
static bool open_how_valid(const struct open_how *how) {
    bool unnamed = how->flags & (O_TMPFILE & ~O_DIRECTORY), makes = unnamed || (how->flags & O_CREAT);
    const uint64_t with_path = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

    if ((how->flags & ~(uint64_t)OPEN_KNOWN_FLAGS) || (how->mode & ~07777ull) || (how->mode && !makes))
        return false;
    if ((how->flags & O_PATH) && (how->flags & ~with_path))
        return false;
    return !unnamed || (how->flags & (O_TMPFILE | O_CREAT)) == O_TMPFILE;
}

/* linux/openat2.h */
enum resolve_flag {
    RESOLVE_NO_XDEV = 1, RESOLVE_NO_MAGICLINKS = 2, RESOLVE_NO_SYMLINKS = 4, RESOLVE_BENEATH = 8, RESOLVE_IN_ROOT = 16,
    RESOLVE_CACHED = 32, RESOLVE_ALL = 63,
};

static unsigned restrictions_of(uint64_t resolve) {
    static const struct { uint32_t resolve, lookup; } table[] = {
        {RESOLVE_NO_XDEV, LOOKUP_NO_MOUNTS}, {RESOLVE_NO_MAGICLINKS, LOOKUP_NO_MAGIC},
        {RESOLVE_NO_SYMLINKS, LOOKUP_NO_LINKS | LOOKUP_NO_MAGIC}, {RESOLVE_BENEATH, LOOKUP_BENEATH},
        {RESOLVE_IN_ROOT, LOOKUP_IN_ROOT}, {RESOLVE_CACHED, LOOKUP_CACHED},
    };
    unsigned restrictions = 0;
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        restrictions |= (resolve & table[i].resolve) ? table[i].lookup : 0;
    return restrictions;
}

int64_t sys_openat2(int directory, const char *name, const void *user_how, size_t size) {
    struct open_how how;
    if (size < sizeof how)
        return -EINVAL;
    int error = copy_struct_from_user(&how, sizeof how, user_how, size);
    if (error < 0)
        return error;
    const uint64_t scopes = RESOLVE_BENEATH | RESOLVE_IN_ROOT;
    if (!open_how_valid(&how) || (how.resolve & ~(uint64_t)RESOLVE_ALL) || (how.resolve & scopes) == scopes)
        return -EINVAL;
    if ((how.resolve & RESOLVE_CACHED) && (how.flags & (O_TRUNC | O_CREAT | (O_TMPFILE & ~O_DIRECTORY))))
        return -EAGAIN;
    return open_restricted(directory, name, (uint32_t)how.flags, (uint32_t)how.mode, restrictions_of(how.resolve));
}

/* ---- memfd_create ---- */

enum { MFD_CLOEXEC = 1, MFD_ALLOW_SEALING = 2, MFD_HUGETLB = 4 }; /* linux/memfd.h */
#define MFD_HUGE_SIZE_BITS 0xfc000000u /* the logarithm of a huge page's size */
#define MEMFD_NAME_MAX 249u /* NAME_MAX less "memfd:" */

int64_t sys_memfd_create(const char *user_name, uint32_t flags) {
    char name[MEMFD_NAME_MAX + 1], shown[NAME_MAX + 1];
    if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB | (flags & MFD_HUGETLB ? MFD_HUGE_SIZE_BITS : 0)))
        return -EINVAL;
    int64_t length = copy_string_from_user(name, user_name, sizeof name);
    if (length < 0)
        return length == -ENAMETOOLONG ? -EINVAL : length;
    if (flags & MFD_HUGETLB)
        return -ENOSYS; /* as a kernel without hugetlbfs has it */
    format_snprintf(shown, sizeof shown, "/memfd:%s (deleted)", name);
    int64_t descriptor = descriptor_reserve(0, flags & MFD_CLOEXEC);
    if (descriptor < 0)
        return descriptor;
    return install((int)descriptor, ramfs_create_unlinked(shown, flags & MFD_ALLOW_SEALING));
}
