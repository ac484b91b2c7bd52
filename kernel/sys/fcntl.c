/* fcntl and flock. */
#include "kernel/sys/sys_file.h"

#include "fs/vfs/async.h"
#include "fs/vfs/file_lock.h"
#include "fs/vfs/file_table.h"
#include "fs/vfs/seal.h"
#include "kernel/ipc/pipe.h"
#include "kernel/task/task.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"

/* asm-generic/fcntl.h, linux/fcntl.h */
enum {
    F_DUPFD = 0, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_SETOWN, F_GETOWN,
    F_SETSIG, F_GETSIG, F_SETOWN_EX = 15, F_GETOWN_EX = 16, F_GETOWNER_UIDS = 17, F_OFD_GETLK = 36, F_OFD_SETLK, F_OFD_SETLKW,
    F_SETLEASE = 1024, F_GETLEASE = 1025, F_DUPFD_CLOEXEC = 1030, F_SETPIPE_SZ = 1031,
    F_GETPIPE_SZ = 1032, F_ADD_SEALS = 1033, F_GET_SEALS = 1034,
};
#define FD_CLOEXEC 1u
#define SETFL_CHANGES (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME) /* and O_ASYNC, where a file has it */

/* struct flock, x86-64 */
struct user_flock {
    int16_t type, whence;
    int32_t padding;
    int64_t start, length;
    int32_t pid, padding2;
};

/* struct f_owner_ex; type: enum owner_type */
struct user_owner {
    int32_t type, pid;
};

/* ---- record locks ---- */

/* From l_whence, l_start, l_len to an inclusive range. -EINVAL, -EOVERFLOW. */
static int lock_range(struct file *file, const struct user_flock *flock, struct file_lock_request *request) {
    int64_t base, start, end;
    switch (flock->whence) {
    case 0:
        base = 0;
        break;
    case 1:
        base = (int64_t)file->position;
        break;
    case 2:
        base = (int64_t)file->inode->size;
        break;
    default:
        return -EINVAL;
    }
    if (__builtin_add_overflow(base, flock->start, &start) ||
        __builtin_add_overflow(start, flock->length, &end))
        return -EOVERFLOW;
    if (flock->length < 0) { /* the bytes before the start */
        int64_t below = start;
        start = end;
        end = below;
    }
    if (start < 0)
        return -EINVAL;
    request->start = (uint64_t)start;
    request->end = flock->length == 0 ? UINT64_MAX : (uint64_t)end - 1;
    return 0;
}

static int get_request(struct file *file, const struct user_flock *flock, enum file_lock_kind kind,
                       struct file_lock_request *request) {
    if (flock->type != F_RDLCK && flock->type != F_WRLCK && flock->type != F_UNLCK)
        return -EINVAL;
    if (kind == LOCK_KIND_OFD && flock->pid != 0)
        return -EINVAL;
    *request = (struct file_lock_request){
        .kind = kind,
        .type = (enum file_lock_type)flock->type,
        .pid = kind == LOCK_KIND_OFD ? -1 : current_process()->pid->number,
    };
    return lock_range(file, flock, request);
}

static int64_t lock_test(struct file *file, void *user, enum file_lock_kind kind) {
    struct user_flock flock;
    struct file_lock_request request;
    if (copy_from_user(&flock, user, sizeof flock))
        return -EFAULT;
    if (flock.type == F_UNLCK)
        return -EINVAL;
    int error = get_request(file, &flock, kind, &request);
    if (error)
        return error;
    file_lock_test(file, &request);
    flock.type = (int16_t)request.type;
    if (request.type != F_UNLCK) {
        flock.whence = 0;
        flock.start = (int64_t)request.start;
        flock.length = request.end == UINT64_MAX ? 0 : (int64_t)(request.end - request.start + 1);
        flock.pid = request.pid;
    }
    return copy_to_user(user, &flock, sizeof flock);
}

static int64_t lock_set(struct file *file, const void *user, enum file_lock_kind kind, bool wait) {
    struct user_flock flock;
    struct file_lock_request request;
    if (copy_from_user(&flock, user, sizeof flock))
        return -EFAULT;
    int error = get_request(file, &flock, kind, &request);
    if (error)
        return error;
    if ((request.type == F_RDLCK && !(file->abilities & FILE_CAN_READ)) ||
        (request.type == F_WRLCK && !(file->abilities & FILE_CAN_WRITE)))
        return -EBADF;
    return file_lock_set(file, &request, wait);
}

int64_t sys_flock(int descriptor, unsigned operation) {
    enum { LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8, LOCK_MAND = 32 }; /* linux/fcntl.h */
    struct file_lock_request request = {.kind = LOCK_KIND_FLOCK,
                                        .end = UINT64_MAX,
                                        .pid = current_process()->pid->number};
    if (operation & LOCK_MAND)
        return 0; /* as Linux answers since 5.16, whatever the rest says */
    switch (operation & ~(unsigned)LOCK_NB) {
    case LOCK_SH:
        request.type = F_RDLCK;
        break;
    case LOCK_EX:
        request.type = F_WRLCK;
        break;
    case LOCK_UN:
        request.type = F_UNLCK;
        break;
    default:
        return -EINVAL;
    }
    struct file_use use = file_use(descriptor);
    if (!use.file)
        return -EBADF;
    bool is_open = request.type == F_UNLCK || (use.file->abilities & (FILE_CAN_READ | FILE_CAN_WRITE));
    int64_t result = is_open ? file_lock_set(use.file, &request, !(operation & LOCK_NB)) : -EBADF;
    file_use_end(use);
    return result;
}

/* ---- flags and owner ---- */

static int64_t set_flags(struct file *file, int descriptor, uint64_t flags) {
    if ((flags & O_NOATIME) && !(file->flags & O_NOATIME) && !inode_is_owner(file->inode))
        return -EPERM;
    if ((flags & O_DIRECT) && !S_IS(file->inode->mode, S_IFBLK) && !file_is_pipe(file))
        return -EINVAL;
    if (((flags ^ file->flags) & O_ASYNC) && file->ops->set_async) {
        int error = file->ops->set_async(file, descriptor, flags & O_ASYNC);
        if (error)
            return error;
    }
    file_change_flags(file, SETFL_CHANGES, (uint32_t)flags & SETFL_CHANGES);
    return 0;
}

static int64_t set_owner(struct file *file, const void *user) {
    struct user_owner owner;
    if (copy_from_user(&owner, user, sizeof owner))
        return -EFAULT;
    if (owner.type < OWNER_THREAD || owner.type > OWNER_GROUP)
        return -EINVAL;
    return file_set_owner(file, (enum owner_type)owner.type, owner.pid);
}

static int64_t get_owner(const struct file *file, void *user) {
    enum owner_type type;
    struct user_owner owner = {.pid = file_owner(file, &type)};
    owner.type = (int32_t)type;
    return copy_to_user(user, &owner, sizeof owner);
}

static int64_t get_owner_users(const struct file *file, void *user) {
    uint32_t users[2];
    file_owner_users(file, users);
    return copy_to_user(user, users, sizeof users);
}

/* ---- leases: nobody gets one ---- */

static int64_t set_lease(const struct file *file, uint64_t type) {
    if (current_cred()->fsuid != file->inode->uid && !cred_has(current_cred(), CAP_LEASE))
        return -EACCES;
    return S_IS(file->inode->mode, S_IFREG) && type <= F_UNLCK ? -EAGAIN : -EINVAL;
}

/* ---- fcntl ---- */

static int64_t duplicate(struct file *file, uint32_t minimum, bool close_on_exec) {
    if (minimum > INT32_MAX || minimum >= rlimit_current(RLIMIT_NOFILE))
        return -EINVAL;
    int descriptor = descriptor_reserve((int)minimum, close_on_exec);
    if (descriptor >= 0) {
        file_get(file);
        descriptor_install(descriptor, file);
    }
    return descriptor;
}

static int64_t pipe_size(struct file *file, unsigned command, uint64_t argument) {
    if (!file_is_pipe(file))
        return -EBADF;
    return command == F_GETPIPE_SZ ? (int64_t)pipe_capacity(file) : pipe_set_capacity(file, argument);
}

/* Commands that files opened with O_PATH understand too. -ENOSYS: none of them. */
static int64_t fcntl_descriptor(int descriptor, struct file *file, unsigned command, uint64_t argument) {
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return duplicate(file, (uint32_t)argument, command == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return descriptor_close_on_exec(descriptor) ? FD_CLOEXEC : 0;
    case F_SETFD:
        return descriptor_set_close_on_exec(descriptor, argument & FD_CLOEXEC);
    case F_GETFL:
        return file->flags;
    default:
        return -ENOSYS;
    }
}

static int64_t fcntl_file(struct file *file, int descriptor, unsigned command, uint64_t argument) {
    void *user = (void *)argument;
    switch (command) {
    case F_SETFL:
        return set_flags(file, descriptor, argument);
    case F_GETLK:
        return lock_test(file, user, LOCK_KIND_POSIX);
    case F_SETLK:
    case F_SETLKW:
        return lock_set(file, user, LOCK_KIND_POSIX, command == F_SETLKW);
    case F_OFD_GETLK:
        return lock_test(file, user, LOCK_KIND_OFD);
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
        return lock_set(file, user, LOCK_KIND_OFD, command == F_OFD_SETLKW);
    case F_SETOWN:
        return file_set_owner_number(file, (int64_t)argument);
    case F_GETOWN:
        return file_owner_number(file);
    case F_SETOWN_EX:
        return set_owner(file, user);
    case F_GETOWN_EX:
        return get_owner(file, user);
    case F_SETSIG:
        return file_set_owner_signal(file, argument);
    case F_GETSIG:
        return file_owner_signal(file);
    case F_GETOWNER_UIDS:
        return get_owner_users(file, user);
    case F_SETPIPE_SZ:
    case F_GETPIPE_SZ:
        return pipe_size(file, command, argument);
    case F_SETLEASE:
        return set_lease(file, argument);
    case F_ADD_SEALS:
        return seal_add(file, argument);
    case F_GET_SEALS:
        return seal_get(file);
    case F_GETLEASE:
        return F_UNLCK; /* nobody has a lease: F_SETLEASE is refused */
    default:
        return -EINVAL;
    }
}

/* A thread beside us may have closed the descriptor before the lock was set: then nothing would release it. */
static int64_t recheck_locked(int descriptor, struct file *file) {
    struct file_table *table = current_task()->files;
    struct file *now = file_table_file(table, descriptor);
    bool same = now == file;
    if (now)
        file_put(now);
    if (same)
        return 0;
    file_locks_release_posix(file, table);
    return -EBADF;
}

int64_t sys_fcntl(int descriptor, unsigned command, uint64_t argument) {
    struct file_use use = file_use_path(descriptor);
    if (!use.file)
        return -EBADF;
    int64_t result = fcntl_descriptor(descriptor, use.file, command, argument);
    if (result == -ENOSYS)
        result = (use.file->abilities & FILE_IS_PATH) ? -EBADF : fcntl_file(use.file, descriptor, command, argument);
    if (result == 0 && (command == F_SETLK || command == F_SETLKW))
        result = recheck_locked(descriptor, use.file);
    file_use_end(use);
    return result;
}
