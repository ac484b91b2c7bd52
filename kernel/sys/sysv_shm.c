/* shmget, shmat, shmdt, shmctl: shared memory of System V. linux/shm.h. */
#include "kernel/sys/sys_ipc.h"

#include "kernel/ipc/sysv_shm.h"
#include "kernel/task/task.h"
#include "lib/errptr.h"

enum { SHM_LOCK = 11, SHM_UNLOCK = 12, SHM_STAT = 13, SHM_INFO = 14, SHM_STAT_ANY = 15 };

struct shm_user { /* struct shmid64_ds */
    struct ipc_perm_user perm;
    uint64_t size;
    int64_t attach_time, detach_time, change_time;
    int32_t creator_pid, last_pid;
    uint64_t attached, unused[2];
};
_Static_assert(sizeof(struct shm_user) == 112, "shmid64_ds");

struct shminfo_user { /* struct shminfo64 */
    uint64_t bytes_max, bytes_min, count, per_process, pages_total, unused[4];
};

struct shm_info_user { /* struct shm_info */
    int32_t segments;
    uint64_t pages, resident_pages, swapped_pages, swap_attempts, swap_successes;
};

int64_t sys_shmget(int32_t key, uint64_t size, int flags) {
    struct ipc_request request = {key, flags, size};
    return ipc_get(&shm_family, &request);
}

int64_t sys_shmat(int id, uint64_t address, int flags) {
    return shm_attach(id, address, flags);
}

int64_t sys_shmdt(uint64_t address) {
    return shm_detach(address);
}

static int64_t info(uint64_t argument) {
    struct shminfo_user copy = {
        .bytes_max = shm_limits.bytes_max,
        .bytes_min = 1,
        .count = shm_limits.count,
        .per_process = shm_limits.count,
        .pages_total = shm_limits.pages_total,
    };
    if (put_user(copy, (struct shminfo_user __user *)argument) < 0)
        return -EFAULT;
    return MAX(ipc_highest_index(&shm_family), 0);
}

static int64_t usage(uint64_t argument) {
    struct shm_usage used;
    shm_usage_read(&used);
    struct shm_info_user copy = {
        .segments = (int32_t)used.segments,
        .pages = used.pages,
        .resident_pages = used.resident_pages,
    };
    if (put_user(copy, (struct shm_info_user __user *)argument) < 0)
        return -EFAULT;
    return MAX(ipc_highest_index(&shm_family), 0);
}

/* By identifier, or by index and with the identifier as result. */
static int64_t stat(int id, int command, uint64_t argument) {
    struct ipc_object *object = command == IPC_STAT ? ipc_find(&shm_family, id) : ipc_find_index(&shm_family, id);
    struct shm_user copy = {0};

    if (IS_ERR(object))
        return PTR_ERR(object);
    const struct shm *shm = ipc_to_shm(object);
    int64_t result = command == SHM_STAT_ANY ? 0 : ipc_permit(object, IPC_READ);
    if (result == 0) {
        ipc_show_permissions(object, &copy.perm);
        copy.size = shm->size_bytes;
        copy.attach_time = shm->attach_time;
        copy.detach_time = shm->detach_time;
        copy.change_time = shm->change_time;
        copy.creator_pid = shm->creator_pid;
        copy.last_pid = shm->last_pid;
        copy.attached = shm->attached;
        result = command == IPC_STAT ? 0 : object->id;
    }
    ipc_release(object);
    if (result < 0)
        return result;
    return put_user(copy, (struct shm_user __user *)argument) < 0 ? -EFAULT : result;
}

static int64_t change(int id, int command, const struct ipc_perm_user *perm) {
    struct ipc_object *object = ipc_find(&shm_family, id);

    if (IS_ERR(object))
        return PTR_ERR(object);
    int error = ipc_permit_change(object);
    if (error == 0 && command == IPC_RMID) {
        shm_remove(ipc_to_shm(object));
    } else if (error == 0) {
        error = ipc_set_permissions(object, perm);
        if (error == 0)
            ipc_to_shm(object)->change_time = ipc_now();
    }
    ipc_release(object);
    return error;
}

/* SHM_LOCK and SHM_UNLOCK. */
static int64_t lock(int id, bool locks) {
    const struct cred *cred = current_cred();
    struct ipc_object *object = ipc_find(&shm_family, id);

    if (IS_ERR(object))
        return PTR_ERR(object);
    bool owner = cred->euid == object->uid || cred->euid == object->creator_uid;
    bool privileged = cred_has(cred, CAP_IPC_LOCK);
    int error = 0;
    if (!privileged && (!owner || (locks && rlimit_current(RLIMIT_MEMLOCK) == 0)))
        error = -EPERM;
    else if (locks)
        error = shm_lock(ipc_to_shm(object));
    else
        shm_unlock(ipc_to_shm(object));
    ipc_release(object);
    return error;
}

int64_t sys_shmctl(int id, int command, uint64_t argument) {
    struct shm_user copy = {0};

    if (id < 0 || command < 0)
        return -EINVAL;
    switch (command) {
    case IPC_INFO:
        return info(argument);
    case SHM_INFO:
        return usage(argument);
    case IPC_STAT:
    case SHM_STAT:
    case SHM_STAT_ANY:
        return stat(id, command, argument);
    case IPC_SET:
        if (get_user(copy, (const struct shm_user __user *)argument) < 0)
            return -EFAULT;
        return change(id, command, &copy.perm);
    case IPC_RMID:
        return change(id, command, NULL);
    case SHM_LOCK:
    case SHM_UNLOCK:
        return lock(id, command == SHM_LOCK);
    default:
        return -EINVAL;
    }
}
