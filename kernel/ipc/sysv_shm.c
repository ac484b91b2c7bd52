/*
 * Shared memory of System V. Each attachment is a mapping of a file of its own that shows the segment's object; the
 * file tells of every mapping that comes and goes, by fork and partial unmapping too.
 */
#include "kernel/ipc/sysv_shm.h"

#include "fs/vfs/file.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "kernel/task/user.h"
#include "kernel/view/view.h"
#include "kernel/vm/commit.h"
#include "kernel/vm/object.h"
#include "kernel/vm/space.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/format.h"

#define NAME_MAX_BYTES 32u
#define ULL(x) ((unsigned long long)(x))

struct shm_limits shm_limits = {.bytes_max = SHM_PAGES_MAX, .pages_total = SHM_PAGES_MAX, .count = 4096};
static uint64_t pages_in_use; /* atomic */

static uint64_t pages_of(uint64_t bytes) {
    return DIV_ROUND_UP(bytes, PAGE_SIZE);
}

/* The last reference on a space may be a kernel thread's. */
static int32_t own_pid(void) {
    return thread_is_user(current_thread()) ? current_process()->pid->number : 0;
}

/* ---- segments ---- */

static struct ipc_object *create(const struct ipc_request *request) {
    uint64_t pages = pages_of(request->size), used = atomic_load_relaxed(&pages_in_use);
    bool reserved = !(request->flags & SHM_NORESERVE);

    if (request->size < 1 || request->size > shm_limits.bytes_max || (request->flags & SHM_HUGETLB))
        return ERR_PTR(-EINVAL);
    if (used + pages < used || used + pages > shm_limits.pages_total)
        return ERR_PTR(-ENOSPC);
    if (request->size > INT64_MAX) /* more than a file can have, which it is on Linux */
        return ERR_PTR(-EINVAL);
    if (reserved && !commit_allows(current_task()->space, pages))
        return ERR_PTR(-ENOMEM);
    struct shm *shm = kzalloc(sizeof *shm);
    struct vm_object *object = shm == NULL ? NULL : object_create_anonymous(pages * PAGE_SIZE, reserved ? pages : 0);
    if (object == NULL) {
        kfree(shm);
        return ERR_PTR(-ENOMEM);
    }
    ipc_object_init(&shm->ipc, request);
    shm->object = object;
    shm->size_bytes = request->size;
    shm->change_time = ipc_now();
    shm->creator_pid = own_pid();
    atomic_fetch_add(&pages_in_use, pages);
    return &shm->ipc;
}

static int check(const struct ipc_object *object, const struct ipc_request *request) {
    return container_of(object, const struct shm, ipc)->size_bytes < request->size ? -EINVAL : 0;
}

static void release(struct ipc_object *object) {
    struct shm *shm = ipc_to_shm(object);
    atomic_fetch_sub(&pages_in_use, pages_of(shm->size_bytes));
    object_put(shm->object);
    kfree(shm);
}

struct ipc_family shm_family = {.create = create, .check = check, .release = release, .count_max = &shm_limits.count};

/* There is no swap: locked is what it is anyway, but it counts, and the mode says so. */
int shm_lock(struct shm *shm) {
    struct user *user = current_cred()->user;
    bool privileged = cred_has(current_cred(), CAP_IPC_LOCK);
    uint64_t pages = pages_of(shm->size_bytes), limit = rlimit_current(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
    uint64_t old = atomic_load_relaxed(&user->locked_pages);

    if (shm->ipc.mode & SHM_LOCKED)
        return 0;
    do {
        if (old + pages > limit && !privileged)
            return -ENOMEM;
    } while (!atomic_compare_exchange(&user->locked_pages, &old, old + pages));
    user_get(user);
    shm->locker = user;
    shm->ipc.mode |= SHM_LOCKED;
    return 0;
}

void shm_unlock(struct shm *shm) {
    if (!(shm->ipc.mode & SHM_LOCKED))
        return;
    atomic_fetch_sub(&shm->locker->locked_pages, pages_of(shm->size_bytes));
    user_put(shm->locker);
    shm->locker = NULL;
    shm->ipc.mode &= ~(uint32_t)SHM_LOCKED;
}

static void remove_if_unused(struct shm *shm) {
    if (shm->attached != 0 || !(shm->ipc.mode & SHM_DEST) || shm->ipc.removed)
        return;
    shm_unlock(shm);
    ipc_remove(&shm->ipc);
}

void shm_remove(struct shm *shm) {
    shm->ipc.mode |= SHM_DEST;
    ipc_forget_key(&shm->ipc);
    remove_if_unused(shm);
}

/* ---- attaching ---- */

static int shm_map(struct file *file, struct vma *vma) {
    const struct shm *shm = file->private;
    object_get(shm->object);
    vma->object = shm->object;
    return 0;
}

static void shm_mapped(struct file *file, bool more) {
    struct shm *shm = file->private;

    spin_lock(&shm->ipc.lock);
    shm->last_pid = own_pid();
    if (more) {
        shm->attached++;
        shm->attach_time = ipc_now();
    } else {
        shm->attached--;
        shm->detach_time = ipc_now();
        remove_if_unused(shm);
    }
    spin_unlock(&shm->ipc.lock);
}

static void shm_file_release(struct file *file) {
    ipc_put(&((struct shm *)file->private)->ipc);
}

/* For madvise(MADV_REMOVE): the only way to the file is through a mapping. */
static int shm_allocate(struct file *file, enum allocate_mode mode, uint64_t offset, uint64_t length) {
    const struct shm *shm = file->private;
    if (mode != ALLOCATE_HOLE)
        return -EOPNOTSUPP;
    object_punch(shm->object, offset, offset + length);
    return 0;
}

static const struct file_ops shm_file_ops = {
    .release = shm_file_release, .map = shm_map, .mapped = shm_mapped, .allocate = shm_allocate,
};

static int place(uint64_t *address, int flags, uint32_t *map_flags) {
    *map_flags = MAP_SHARED;
    if (*address == 0)
        return flags & SHM_REMAP ? -EINVAL : 0;
    if (*address & (PAGE_SIZE - 1)) {
        if (!(flags & SHM_RND))
            return -EINVAL;
        *address &= ~(uint64_t)(PAGE_SIZE - 1);
        if (*address == 0 && (flags & SHM_REMAP))
            return -EINVAL;
    }
    *map_flags |= flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    return 0;
}

/* Finds the segment and keeps it from going: attached++. ERR_PTR. */
static struct shm *begin_attach(int id, int flags) {
    unsigned access = IPC_READ | (flags & SHM_RDONLY ? 0u : IPC_WRITE) | (flags & SHM_EXEC ? IPC_EXECUTE : 0u);
    struct ipc_object *object = ipc_find(&shm_family, id);

    if (IS_ERR(object))
        return (void *)object;
    int error = ipc_permit(object, access);
    if (error < 0) {
        ipc_release(object);
        return ERR_PTR(error);
    }
    ipc_to_shm(object)->attached++;
    spin_unlock(&object->lock);
    return ipc_to_shm(object);
}

static void end_attach(struct shm *shm) {
    spin_lock(&shm->ipc.lock);
    shm->attached--;
    remove_if_unused(shm);
    ipc_release(&shm->ipc);
}

/* With a reference on the segment of its own. ERR_PTR. */
static struct file *open_segment(struct shm *shm, int flags) {
    char name[NAME_MAX_BYTES];

    format_snprintf(name, sizeof name, "/SYSV%08x (deleted)", (unsigned)shm->ipc.key);
    ipc_hold(&shm->ipc);
    struct file *file = file_create_anonymous(name, &shm_file_ops, flags & SHM_RDONLY ? O_RDONLY : O_RDWR, shm);
    if (IS_ERR(file))
        ipc_put(&shm->ipc);
    return file;
}

int64_t shm_attach(int id, uint64_t address, int flags) {
    uint32_t map_flags, prot = PROT_READ | (flags & SHM_RDONLY ? 0u : PROT_WRITE) | (flags & SHM_EXEC ? PROT_EXEC : 0u);
    int64_t result = id < 0 ? -EINVAL : place(&address, flags, &map_flags);

    if (result < 0)
        return result;
    struct shm *shm = begin_attach(id, flags);
    if (IS_ERR(shm))
        return PTR_ERR(shm);
    struct file *file = open_segment(shm, flags);
    if (IS_ERR(file)) {
        result = PTR_ERR(file);
    } else {
        result = space_map(current_task()->space, address, shm->size_bytes, prot, map_flags, file, 0);
        file_put(file);
    }
    end_attach(shm);
    return result == -EEXIST ? -EINVAL : result;
}

/* The next part, at or above `from`, of what was attached at `base`. False: none. */
static bool find_part(struct space *space, uint64_t base, uint64_t from, struct file **file, uint64_t *start, uint64_t *end) {
    bool found = false;

    rwsem_read_lock(&space->lock);
    for (struct vma *vma = space_find(space, from); vma != NULL && !found; vma = vma_next(vma)) {
        if (vma->file == NULL || vma->file->ops != &shm_file_ops || vma->start < base ||
            vma->start - base != vma->object_offset << PAGE_SHIFT || (*file != NULL && vma->file != *file))
            continue;
        found = true;
        *file = vma->file; /* compared, never followed */
        *start = vma->start;
        *end = vma->end;
    }
    rwsem_read_unlock(&space->lock);
    return found;
}

int shm_detach(uint64_t address) {
    struct space *space = current_task()->space;
    struct file *file = NULL;
    uint64_t start, end = address;
    int error = 0;

    if (address & (PAGE_SIZE - 1))
        return -EINVAL;
    while (error == 0 && find_part(space, address, end, &file, &start, &end))
        error = space_unmap(space, start, end - start);
    return file == NULL ? -EINVAL : error;
}

/* ---- views ---- */

static void add_usage(struct ipc_object *object, void *context) {
    struct shm_usage *usage = context;
    usage->segments++;
    usage->pages += pages_of(ipc_to_shm(object)->size_bytes);
    usage->resident_pages += ipc_to_shm(object)->object->page_count;
}

void shm_usage_read(struct shm_usage *usage) {
    *usage = (struct shm_usage){0};
    ipc_each(&shm_family, add_usage, usage);
}

static void show_segment(struct ipc_object *object, void *context) {
    const struct shm *shm = ipc_to_shm(object);
    struct view_buffer *buffer = context;

    view_printf(buffer, "%10d %10d  %4o %21llu %5d %5d  %5llu ", object->key, object->id, object->mode, ULL(shm->size_bytes),
                shm->creator_pid, shm->last_pid, ULL(shm->attached));
    view_printf(buffer, "%5u %5u %5u %5u ", object->uid, object->gid, object->creator_uid, object->creator_gid);
    view_printf(buffer, "%10lld %10lld %10lld %21llu %21llu\n", (long long)shm->attach_time, (long long)shm->detach_time,
                (long long)shm->change_time, ULL(shm->object->page_count * PAGE_SIZE), 0ull);
}

static void show_segments(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      "
                        "atime      dtime      ctime                   rss                  swap\n");
    ipc_each(&shm_family, show_segment, buffer);
}

static struct view view = {.tree = VIEW_PROC, .path = "sysvipc/shm", .help = "shared memory segments", .show = show_segments};

void shm_init(void) {
    ipc_family_init(&shm_family);
    view_register(&view);
}
