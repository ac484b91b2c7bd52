/* Names and attributes of POSIX message queues: opening, making, unlinking. One lock guards the list of names. */
#include "kernel/ipc/mqueue_internal.h"

#include "fs/vfs/attributes.h"
#include "fs/vfs/fs_context.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"

/* Linux's hard limits, and what it counts for a message beside its bytes: ipc_namespace.h, mqueue.c. */
#define MESSAGES_HARD_MAX 65536
#define MESSAGE_BYTES_HARD_MAX (16 * 1024 * 1024)
#define MESSAGE_OVERHEAD 48u
#define PRIORITY_OVERHEAD 48u

struct mqueue_limits mqueue_limits = {
    .queues = 256, .messages = 10, .message_bytes = 8192, .messages_default = 10, .message_bytes_default = 8192,
};

DEFINE_LOCK_CLASS(names_class, "message queue names");
DEFINE_LOCK_CLASS(queue_class, "message queue");
static struct spinlock names_lock = SPINLOCK_INIT(names_class);
static struct list_node named = LIST_INIT(named);
static uint32_t queue_count; /* atomic; those without a name too */

/* ---- making ---- */

static int check_attributes(const struct mqueue_attributes *attributes) {
    bool privileged = cred_has(current_cred(), CAP_SYS_RESOURCE);
    int64_t messages = privileged ? MESSAGES_HARD_MAX : (int64_t)mqueue_limits.messages;
    int64_t bytes = privileged ? MESSAGE_BYTES_HARD_MAX : (int64_t)mqueue_limits.message_bytes;

    if (attributes->messages_max <= 0 || attributes->messages_max > messages)
        return -EINVAL;
    return attributes->bytes_max <= 0 || attributes->bytes_max > bytes ? -EINVAL : 0;
}

/* What a full queue takes counts from the start: RLIMIT_MSGQUEUE. */
static int charge(struct mqueue *queue) {
    struct user *user = current_cred()->user;
    uint64_t priorities = MIN(queue->messages_max, (uint64_t)MQUEUE_PRIORITY_MAX);
    uint64_t bytes = queue->messages_max * (queue->bytes_max + MESSAGE_OVERHEAD) + priorities * PRIORITY_OVERHEAD;
    uint64_t old = atomic_load_relaxed(&user->mqueue_bytes), limit = rlimit_current(RLIMIT_MSGQUEUE);

    do {
        if (old + bytes > limit)
            return -EMFILE;
    } while (!atomic_compare_exchange(&user->mqueue_bytes, &old, old + bytes));
    user_get(user);
    queue->user = user;
    queue->charged_bytes = bytes;
    return 0;
}

static void free_messages(struct mqueue *queue) {
    struct rb_node *node;

    while ((node = rb_first(&queue->messages)) != NULL) {
        rb_erase(&queue->messages, node);
        kfree(container_of(node, struct mqueue_message, node));
    }
}

void mqueue_put(struct mqueue *queue) {
    if (!refcount_put(&queue->refcount))
        return;
    free_messages(queue);
    spin_lock(&queue->lock);
    mqueue_forget_notify(queue);
    spin_unlock(&queue->lock);
    if (queue->user != NULL) {
        atomic_fetch_sub(&queue->user->mqueue_bytes, queue->charged_bytes);
        user_put(queue->user);
    }
    if (queue->inode != NULL)
        inode_put(queue->inode);
    atomic_fetch_sub(&queue_count, 1u);
    kfree(queue->name);
    kfree(queue);
}

/* With no messages and no name, counted already: reference 1. ERR_PTR(-EMFILE, -ENOMEM). */
static struct mqueue *create(uint32_t mode, const struct mqueue_attributes *attributes) {
    struct mqueue *queue = kzalloc(sizeof *queue);
    if (queue == NULL) {
        atomic_fetch_sub(&queue_count, 1u);
        return ERR_PTR(-ENOMEM);
    }
    refcount_init(&queue->refcount, 1);
    list_init(&queue->node);
    spin_init(&queue->lock, queue_class);
    wait_queue_init(&queue->senders);
    wait_queue_init(&queue->receivers);
    queue->messages_max = (uint64_t)attributes->messages_max;
    queue->bytes_max = (uint64_t)attributes->bytes_max;
    int error = charge(queue);
    if (error == 0)
        queue->inode = inode_alloc_anonymous(S_IFREG | mode);
    if (error == 0 && queue->inode == NULL)
        error = -ENOMEM;
    if (error == 0) {
        queue->inode->size = MQUEUE_FILE_BYTES;
        return queue;
    }
    mqueue_put(queue);
    return ERR_PTR(error);
}

/* ---- names ---- */

/* With a reference; NULL: none. */
static struct mqueue *find(const char *name) {
    struct mqueue *queue, *found = NULL;

    spin_lock(&names_lock);
    list_for_each_entry(queue, &named, node) {
        if (strcmp(queue->name, name) != 0)
            continue;
        refcount_get(&queue->refcount);
        found = queue;
        break;
    }
    spin_unlock(&names_lock);
    return found;
}

/* Enters it with a reference of its own, unless the name has been taken meanwhile: -EEXIST then. */
static int enter(struct mqueue *queue) {
    struct mqueue *other;
    int error = 0;

    spin_lock(&names_lock);
    list_for_each_entry(other, &named, node)
        if (strcmp(other->name, queue->name) == 0)
            error = -EEXIST;
    if (error == 0) {
        refcount_get(&queue->refcount);
        list_add_tail(&queue->node, &named);
    }
    spin_unlock(&names_lock);
    return error;
}

static int check_name(const char *name) {
    if (*name == '\0')
        return -ENOENT;
    if (strchr(name, '/') != NULL || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return -EACCES;
    return strlen(name) > NAME_MAX ? -ENAMETOOLONG : 0;
}

/* One more queue, unless there are as many as there may be: 0 or -ENOSPC. */
static int count_queue(void) {
    uint64_t limit = cred_has(current_cred(), CAP_SYS_RESOURCE) ? UINT32_MAX : atomic_load_relaxed(&mqueue_limits.queues);
    return user_charge_one(&queue_count, limit) ? 0 : -ENOSPC;
}

static struct mqueue *make(const char *name, uint32_t mode, const struct mqueue_attributes *attributes) {
    struct mqueue_attributes usual = {
        .messages_max = (int64_t)MIN(mqueue_limits.messages, mqueue_limits.messages_default),
        .bytes_max = (int64_t)MIN(mqueue_limits.message_bytes, mqueue_limits.message_bytes_default),
    };
    int error = count_queue();
    if (error < 0)
        return ERR_PTR(error);
    if (attributes != NULL && check_attributes(attributes) < 0) {
        atomic_fetch_sub(&queue_count, 1u);
        return ERR_PTR(-EINVAL);
    }
    struct mqueue *queue = create(mode & 07777u & ~current_task()->fs->umask, attributes == NULL ? &usual : attributes);
    if (IS_ERR(queue))
        return queue;
    queue->name = kstrdup(name);
    error = queue->name == NULL ? -ENOMEM : enter(queue);
    if (error == 0)
        return queue;
    mqueue_put(queue);
    return ERR_PTR(error);
}

/* An existing queue, if it may be opened so. Takes over the reference. */
static struct mqueue *use(struct mqueue *queue, uint32_t flags) {
    static const uint8_t wanted[] = {ACCESS_READ, ACCESS_WRITE, ACCESS_READ | ACCESS_WRITE};
    int error = (flags & O_CREAT) && (flags & O_EXCL) ? -EEXIST : 0;

    if (error == 0)
        error = inode_permission(queue->inode, wanted[flags & O_ACCMODE]);
    if (error == 0)
        return queue;
    mqueue_put(queue);
    return ERR_PTR(error);
}

static struct mqueue *find_or_make(const char *name, uint32_t flags, uint32_t mode,
                                   const struct mqueue_attributes *attributes) {
    struct mqueue *queue;

    do {
        queue = find(name);
        if (queue != NULL)
            return use(queue, flags);
        queue = flags & O_CREAT ? make(name, mode, attributes) : ERR_PTR(-ENOENT);
    } while (queue == ERR_PTR(-EEXIST) && !(flags & O_EXCL)); /* another has just made it */
    return queue;
}

struct file *mqueue_open(const char *name, uint32_t flags, uint32_t mode, const struct mqueue_attributes *attributes) {
    int error = (flags & O_ACCMODE) == O_ACCMODE ? -EINVAL : check_name(name);

    if (error < 0)
        return ERR_PTR(error);
    struct mqueue *queue = find_or_make(name, flags, mode, attributes);
    if (IS_ERR(queue))
        return (void *)queue;
    inode_get(queue->inode);
    struct file *file = file_create_on_inode(queue->inode, name, &mqueue_file_ops, flags & (O_ACCMODE | O_NONBLOCK), queue);
    if (IS_ERR(file))
        mqueue_put(queue);
    return file;
}

/* The names' directory is sticky and everybody may write to it. */
int mqueue_unlink(const char *name) {
    int error = check_name(name);
    struct mqueue *queue = error < 0 ? NULL : find(name);

    if (queue == NULL)
        return error < 0 ? error : -ENOENT;
    bool named_still = false;
    if (inode_is_owner(queue->inode)) {
        spin_lock(&names_lock);
        named_still = !list_is_empty(&queue->node);
        list_remove(&queue->node);
        spin_unlock(&names_lock);
        error = named_still ? 0 : -ENOENT;
    } else {
        error = -EPERM;
    }
    if (named_still)
        mqueue_put(queue); /* the name's */
    mqueue_put(queue);
    return error;
}
