/* Calls that look into another process: process_vm_readv, process_vm_writev, process_madvise, process_mrelease, kcmp. */
#include "fs/vfs/file_table.h"
#include "kernel/ipc/epoll.h"
#include "kernel/ipc/pidfd.h"
#include "kernel/mm/page.h"
#include "kernel/random/random.h"
#include "kernel/sys/sys_process.h"
#include "kernel/sys/vector.h"
#include "kernel/task/inspect.h"
#include "kernel/task/task.h"
#include "kernel/vm/space.h"
#include "lib/errno.h"

/* ---- memory ---- */

/* The thread's, referenced. NULL: -ESRCH, -EPERM, or -EINVAL where it has none. */
static struct space *foreign_space(int tid, int *error) {
    struct space *space = NULL;

    rcu_read_lock();
    const struct pid *pid = pid_find(tid);
    const struct task *task = pid != NULL ? rcu_dereference(pid->task) : NULL;
    *error = task != NULL ? task_may_inspect(task) : -ESRCH;
    if (*error == 0) {
        space = rcu_dereference(task->space);
        if (space != NULL && !refcount_get_not_zero(&space->refcount))
            space = NULL;
        *error = space != NULL ? 0 : -EINVAL;
    }
    rcu_read_unlock();
    return space;
}

/* One piece through a page of the kernel's. Bytes, which are fewer where one side cannot be reached. */
static size_t move_piece(struct space *space, uint64_t foreign, struct io_buffer *own, void *page, size_t size, bool write) {
    if (write) {
        size = io_copy_from(own, page, size);
        return (size_t)space_write(space, foreign, page, size);
    }
    size_t got = (size_t)space_read(space, foreign, page, size);
    return io_copy_to(own, page, got);
}

/* Everything up to the first byte that cannot be moved; -EFAULT if that is the first of all. */
static int64_t move_all(struct space *space, const struct vector *foreign, struct io_buffer *own, void *page, bool write) {
    int64_t total = 0;

    for (unsigned i = 0; i < foreign->count; i++) {
        uint64_t at = (uintptr_t)foreign->segments[i].base;
        size_t left = foreign->segments[i].length;
        while (left > 0 && own->remaining > 0) {
            size_t size = MIN(left, own->remaining);
            size = MIN(size, PAGE_SIZE - (at & (PAGE_SIZE - 1)));
            size_t moved = move_piece(space, at, own, page, size, write);
            total += (int64_t)moved;
            at += moved;
            left -= moved;
            if (moved < size)
                return total > 0 ? total : -EFAULT;
        }
    }
    return total;
}

static int64_t move_between(int tid, struct vector *own, const struct vector *foreign, bool write) {
    struct io_buffer buffer;
    int error;

    io_buffer_init(&buffer, own->segments, own->count, false);
    if (buffer.remaining == 0 || foreign->count == 0)
        return 0;
    struct space *space = foreign_space(tid, &error);
    if (space == NULL)
        return error;
    struct page *page = page_alloc(0, 0);
    int64_t result = page != NULL ? move_all(space, foreign, &buffer, page_to_virt(page), write) : -ENOMEM;
    if (page != NULL)
        page_put(page);
    space_put(space);
    return result;
}

static int64_t process_vm(int tid, const void *own_vector, uint64_t own_count, const void *foreign_vector,
                          uint64_t foreign_count, uint64_t flags, bool write) {
    struct vector own, foreign;

    if (flags != 0)
        return -EINVAL;
    int error = vector_get(&own, own_vector, own_count);
    if (error < 0)
        return error;
    int64_t result = vector_get_foreign(&foreign, foreign_vector, foreign_count);
    if (result == 0) {
        result = move_between(tid, &own, &foreign, write);
        vector_end(&foreign);
    }
    vector_end(&own);
    return result;
}

int64_t sys_process_vm_readv(int tid, const void *own, uint64_t own_count, const void *foreign, uint64_t foreign_count,
                             uint64_t flags) {
    return process_vm(tid, own, own_count, foreign, foreign_count, flags, false);
}

int64_t sys_process_vm_writev(int tid, const void *own, uint64_t own_count, const void *foreign, uint64_t foreign_count,
                              uint64_t flags) {
    return process_vm(tid, own, own_count, foreign, foreign_count, flags, true);
}

/* ---- advice ---- */

enum { MADV_WILLNEED = 3, MADV_COLD = 20, MADV_PAGEOUT = 21 }; /* asm-generic/mman-common.h */

/* The number behind a pidfd, for a process that lives; -EBADF, -ESRCH. */
static int pidfd_number(int descriptor) {
    struct file_use use = file_use(descriptor);
    const struct pid *pid = use.file != NULL ? pidfd_pid(use.file) : NULL;
    int number = -EBADF;

    if (pid != NULL) {
        rcu_read_lock();
        const struct process *process = rcu_dereference(pid->process);
        number = process != NULL && process->state == PROCESS_ALIVE ? pid->number : -ESRCH;
        rcu_read_unlock();
    }
    file_use_end(use);
    return number;
}

/* Bytes of the pieces up to the first that is refused, or why the first was. */
static int64_t advise_all(struct space *space, const struct vector *pieces, int advice) {
    int64_t total = 0;

    for (unsigned i = 0; i < pieces->count; i++) {
        const struct io_segment *piece = &pieces->segments[i];
        int error = space_advise(space, (uintptr_t)piece->base, piece->length, advice);
        if (error < 0)
            return total > 0 ? total : error;
        total += (int64_t)piece->length;
    }
    return total;
}

static int64_t advise_process(int pidfd, const struct vector *pieces, int advice) {
    int number = pidfd_number(pidfd), error;

    if (number < 0)
        return number;
    if (advice != MADV_WILLNEED && advice != MADV_COLD && advice != MADV_PAGEOUT)
        return -EINVAL;
    struct space *space = foreign_space(number, &error);
    if (space == NULL)
        return error == -EPERM ? -EACCES : -ESRCH;
    int64_t result = cred_has(current_cred(), CAP_SYS_NICE) ? advise_all(space, pieces, advice) : -EPERM;
    space_put(space);
    return result;
}

int64_t sys_process_madvise(int pidfd, const void *user_vector, uint64_t count, int advice, unsigned flags) {
    struct vector pieces;

    if (flags != 0)
        return -EINVAL;
    int error = vector_get(&pieces, user_vector, count);
    if (error < 0)
        return error;
    int64_t result = advise_process(pidfd, &pieces, advice);
    vector_end(&pieces);
    return result;
}

static bool cannot_but_end(const struct process *process) {
    return process->exiting || (atomic_load_relaxed(&process->shared_pending.set) & signal_bit(SIGKILL));
}

struct space_search {
    const struct space *space;
    bool needed; /* by a process that goes on */
};

/* task_list_lock held. */
static bool visit_user(struct process *process, void *context) {
    struct space_search *search = context;
    const struct task *task;

    list_for_each_entry(task, &process->threads, process_node)
        if (rcu_dereference(task->space) == search->space && !cannot_but_end(process))
            search->needed = true;
    return !search->needed;
}

/* Only a process that cannot but end loses its memory early. Its space, or NULL and -EINVAL, -ESRCH. */
static struct space *dying_space(int number, int *error) {
    struct space *space = NULL;

    rcu_read_lock();
    const struct pid *pid = pid_find(number);
    const struct task *task = pid != NULL ? rcu_dereference(pid->task) : NULL;
    *error = -ESRCH;
    if (task != NULL) {
        bool killed = cannot_but_end(task->process);
        space = killed ? rcu_dereference(task->space) : NULL;
        *error = killed ? -ESRCH : -EINVAL;
        if (space != NULL && !refcount_get_not_zero(&space->refcount))
            space = NULL;
    }
    rcu_read_unlock();
    return space;
}

int64_t sys_process_mrelease(int pidfd, unsigned flags) {
    int error;

    if (flags != 0)
        return -EINVAL;
    int number = pidfd_number(pidfd);
    if (number < 0)
        return number;
    struct space *space = dying_space(number, &error);
    if (space == NULL)
        return error;
    struct space_search search = {.space = space};
    process_each(visit_user, &search); /* after vfork, say, others have the same memory */
    if (!search.needed)
        space_reap(space);
    space_put(space);
    return search.needed ? -EINVAL : 0;
}

/* ---- kcmp ---- */

/* linux/kcmp.h */
enum kcmp_type { KCMP_FILE, KCMP_VM, KCMP_FILES, KCMP_FS, KCMP_SIGHAND, KCMP_IO, KCMP_SYSVSEM, KCMP_EPOLL_TFD };
struct kcmp_epoll_slot {
    uint32_t epoll, descriptor, skip;
};

/* What a thread has of a kind. Nothing is done with it but comparing. RCU read lock held. */
static const void *resource_of(const struct task *task, int type) {
    switch (type) {
    case KCMP_VM:
        return rcu_dereference(task->space);
    case KCMP_FILES:
        return rcu_dereference(task->files);
    case KCMP_FS:
        return rcu_dereference(task->fs);
    case KCMP_SIGHAND:
        return task->process->handlers;
    case KCMP_SYSVSEM:
        return task->sem_undo;
    default: /* nobody has an I/O context */
        return NULL;
    }
}

/* A thread and, where files are compared, its table of descriptors (referenced), or -errno. */
static int resource_find(int tid, int type, const void **resource, struct file_table **files) {
    rcu_read_lock();
    const struct pid *pid = pid_find(tid);
    const struct task *task = pid != NULL ? rcu_dereference(pid->task) : NULL;
    int error = task != NULL ? task_may_inspect(task) : -ESRCH;
    bool of_files = type == KCMP_FILE || type == KCMP_EPOLL_TFD;
    if (error == 0 && !of_files)
        *resource = resource_of(task, type);
    if (error == 0 && of_files) {
        *files = rcu_dereference(task->files);
        if (*files == NULL || !file_table_get_not_zero(*files)) {
            *files = NULL;
            error = -EBADF;
        }
    }
    rcu_read_unlock();
    return error;
}

static struct file *file_of(struct file_table *files, uint32_t descriptor) {
    return descriptor <= INT32_MAX ? file_table_file(files, (int)descriptor) : NULL;
}

static int file_find(struct file_table *files, uint32_t descriptor, const void **resource) {
    struct file *file = file_of(files, descriptor);

    if (file == NULL)
        return -EBADF;
    *resource = file;
    file_put(file);
    return 0;
}

/* The file that an epoll of the other process watches: the program's struct kcmp_epoll_slot at `slot` says which. */
static int watched_find(struct file_table *files, const struct kcmp_epoll_slot *slot, const void **resource) {
    struct file *epoll = file_of(files, slot->epoll);
    const struct file *watched;

    if (epoll == NULL)
        return -EBADF;
    int error = epoll_find_watched(epoll, (int)slot->descriptor, slot->skip, &watched);
    file_put(epoll);
    if (error == 0)
        *resource = watched;
    return error;
}

/* 0: the same, 1 or 2: some order, which says nothing about addresses. */
static int compare(const void *a, const void *b) {
    static uint64_t factor; /* odd; drawn at first use */

    if (atomic_load_relaxed(&factor) == 0) {
        uint64_t drawn, none = 0;
        random_bytes(&drawn, sizeof drawn);
        (void)atomic_compare_exchange(&factor, &none, drawn | 1);
    }
    uint64_t x = (uintptr_t)a * factor, y = (uintptr_t)b * factor;
    return x == y ? 0 : x < y ? 1 : 2;
}

/* Both files of KCMP_FILE and KCMP_EPOLL_TFD. */
static int files_find(struct file_table *const files[2], int type, uint64_t index1, uint64_t index2, const void *found[2]) {
    struct kcmp_epoll_slot slot;

    if (type == KCMP_EPOLL_TFD && get_user(slot, (const struct kcmp_epoll_slot __user *)index2) < 0)
        return -EFAULT;
    int error = file_find(files[0], (uint32_t)index1, &found[0]);
    if (error < 0)
        return error;
    return type == KCMP_FILE ? file_find(files[1], (uint32_t)index2, &found[1]) : watched_find(files[1], &slot, &found[1]);
}

int64_t sys_kcmp(int tid1, int tid2, int type, uint64_t index1, uint64_t index2) {
    const void *found[2] = {NULL, NULL};
    struct file_table *files[2] = {NULL, NULL};

    if (type < KCMP_FILE || type > KCMP_EPOLL_TFD)
        return -EINVAL;
    int error = resource_find(tid1, type, &found[0], &files[0]);
    if (error == 0)
        error = resource_find(tid2, type, &found[1], &files[1]);
    if (error == 0 && files[0] != NULL)
        error = files_find(files, type, index1, index2, found);
    for (int i = 0; i < 2; i++)
        if (files[i] != NULL)
            file_table_put(files[i]);
    return error < 0 ? error : compare(found[0], found[1]);
}
