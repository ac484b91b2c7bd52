/* Keys, identifiers and permissions of System V IPC. Contracts and locks: sysv_ids.h. */
#include "kernel/ipc/sysv_ids.h"

#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "kernel/time/clock.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/hash.h"

#define CYCLE_MIN 64u       /* indexes are used in turn, from at least so many: Linux's ipc_min_cycle */
#define SEQUENCE_MAX 65535u /* identifiers stay positive */

DEFINE_LOCK_CLASS(get_class, "ipc get");
DEFINE_LOCK_CLASS(table_class, "ipc table");
DEFINE_LOCK_CLASS(object_class, "ipc object");

void ipc_family_init(struct ipc_family *family) {
    mutex_init(&family->get_lock, get_class);
    spin_init(&family->lock, table_class);
    family->wanted_id = IPC_ANY_ID;
}

int64_t ipc_now(void) {
    return (int64_t)(clock_realtime_ns() / NS_PER_SEC);
}

/* ---- references ---- */

void ipc_object_init(struct ipc_object *object, const struct ipc_request *request) {
    const struct cred *cred = current_cred();

    refcount_init(&object->refcount, 1);
    spin_init(&object->lock, object_class);
    object->key = request->key;
    object->mode = (uint32_t)request->flags & IPC_MODE_MASK;
    object->uid = object->creator_uid = cred->euid;
    object->gid = object->creator_gid = cred->egid;
}

void ipc_hold(struct ipc_object *object) {
    refcount_get(&object->refcount);
}

void ipc_put(struct ipc_object *object) {
    if (refcount_put(&object->refcount))
        object->family->release(object);
}

void ipc_release(struct ipc_object *object) {
    spin_unlock(&object->lock);
    ipc_put(object);
}

/* ---- the table; family->lock held ---- */

static struct hlist_head *bucket_of(struct ipc_family *family, int32_t key) {
    return &family->keys[hash_u64((uint32_t)key) % IPC_KEY_BUCKETS];
}

static int grow(struct ipc_family *family, uint32_t count) {
    struct ipc_object **slots = krealloc(family->slots, count * sizeof(struct ipc_object *));
    if (slots == NULL)
        return -ENOMEM;
    for (uint32_t i = family->slot_count; i < count; i++)
        slots[i] = NULL;
    family->slots = slots;
    family->slot_count = count;
    return 0;
}

/* A free index after the one given out last, below `count`. There is one. */
static uint32_t free_index(const struct ipc_family *family, uint32_t count) {
    uint32_t index = family->next_index < count ? family->next_index : 0;
    while (family->slots[index] != NULL)
        index = index + 1 < count ? index + 1 : 0;
    return index;
}

/* A new identifier: in turn, or -ENOMEM. */
static int next_id(struct ipc_family *family, uint64_t limit) {
    uint32_t count = (uint32_t)MIN(MAX((uint64_t)family->in_use * 3 / 2, (uint64_t)CYCLE_MIN), limit);
    if (count > family->slot_count && grow(family, count) < 0)
        return -ENOMEM;
    uint32_t index = free_index(family, count);
    if (index < family->next_index)
        family->sequence = family->sequence < SEQUENCE_MAX ? family->sequence + 1 : 0;
    family->next_index = index + 1;
    return (int)(family->sequence * IPC_INDEX_MAX + index);
}

/* The identifier that is wanted, at the first free index from there on: it, or -ENOMEM, -ENOSPC. */
static int wanted_id(struct ipc_family *family) {
    uint32_t wanted = (uint32_t)family->wanted_id, index = wanted % IPC_INDEX_MAX;

    family->wanted_id = IPC_ANY_ID;
    while (index < family->slot_count && family->slots[index] != NULL)
        index++;
    if (index >= IPC_INDEX_MAX)
        return -ENOSPC;
    if (index >= family->slot_count && grow(family, index + 1) < 0)
        return -ENOMEM;
    return (int)(wanted - wanted % IPC_INDEX_MAX + index);
}

static int enter(struct ipc_family *family, struct ipc_object *object) {
    uint64_t limit = MIN(*family->count_max, (uint64_t)IPC_INDEX_MAX);

    if (family->in_use >= limit)
        return -ENOSPC;
    int id = family->wanted_id == IPC_ANY_ID ? next_id(family, limit) : wanted_id(family);
    if (id < 0)
        return id;
    family->slots[(uint32_t)id % IPC_INDEX_MAX] = object;
    family->in_use++;
    object->family = family;
    object->id = id;
    if (object->key != IPC_PRIVATE)
        hlist_add(&object->key_node, bucket_of(family, object->key));
    return object->id;
}

void ipc_forget_key(struct ipc_object *object) {
    spin_lock(&object->family->lock);
    if (hlist_is_linked(&object->key_node))
        hlist_remove(&object->key_node);
    spin_unlock(&object->family->lock);
    object->key = IPC_PRIVATE;
}

void ipc_remove(struct ipc_object *object) {
    struct ipc_family *family = object->family;

    spin_lock(&family->lock);
    if (hlist_is_linked(&object->key_node))
        hlist_remove(&object->key_node);
    family->slots[(uint32_t)object->id % IPC_INDEX_MAX] = NULL;
    family->in_use--;
    spin_unlock(&family->lock);
    object->removed = true;
    ipc_put(object);
}

/* ---- finding ---- */

int32_t ipc_wanted_id(struct ipc_family *family) {
    return atomic_load_relaxed(&family->wanted_id);
}

void ipc_want_id(struct ipc_family *family, int32_t id) {
    spin_lock(&family->lock);
    family->wanted_id = id;
    spin_unlock(&family->lock);
}

/* `id` with its sequence number, or an index. */
static struct ipc_object *find(struct ipc_family *family, uint32_t id, bool is_index) {
    struct ipc_object *object = NULL;
    uint32_t index = id % IPC_INDEX_MAX;

    spin_lock(&family->lock);
    if (index < family->slot_count)
        object = family->slots[index];
    if (object != NULL && !is_index && object->id != (int32_t)id)
        object = NULL;
    if (object != NULL)
        ipc_hold(object);
    spin_unlock(&family->lock);
    if (object != NULL)
        spin_lock(&object->lock);
    if (object == NULL || !object->removed)
        return object;
    ipc_release(object); /* between the two locks */
    return NULL;
}

struct ipc_object *ipc_find(struct ipc_family *family, int id) {
    struct ipc_object *object = id < 0 ? NULL : find(family, (uint32_t)id, false);
    return object != NULL ? object : ERR_PTR(-EINVAL);
}

struct ipc_object *ipc_find_index(struct ipc_family *family, int index) {
    struct ipc_object *object = index < 0 || index >= (int)IPC_INDEX_MAX ? NULL : find(family, (uint32_t)index, true);
    return object != NULL ? object : ERR_PTR(-EINVAL);
}

static struct ipc_object *find_key(struct ipc_family *family, int32_t key) {
    struct ipc_object *object;

    spin_lock(&family->lock);
    hlist_for_each_entry(object, bucket_of(family, key), key_node)
        if (object->key == key)
            break;
    if (object != NULL)
        ipc_hold(object);
    spin_unlock(&family->lock);
    return object;
}

int ipc_highest_index(struct ipc_family *family) {
    spin_lock(&family->lock);
    int index = (int)family->slot_count - 1;
    while (index >= 0 && family->slots[index] == NULL)
        index--;
    spin_unlock(&family->lock);
    return index;
}

void ipc_each(struct ipc_family *family, void (*visit)(struct ipc_object *object, void *context), void *context) {
    int last = ipc_highest_index(family);

    for (int index = 0; index <= last; index++) {
        struct ipc_object *object = ipc_find_index(family, index);
        if (IS_ERR(object))
            continue;
        visit(object, context);
        ipc_release(object);
    }
}

/* ---- making ---- */

static int create(struct ipc_family *family, const struct ipc_request *request) {
    struct ipc_object *object = family->create(request);

    if (IS_ERR(object))
        return PTR_ERR(object);
    object->family = family;
    spin_lock(&family->lock);
    int id = enter(family, object);
    spin_unlock(&family->lock);
    if (id < 0)
        ipc_put(object);
    return id;
}

/* An object with the key exists. Takes over the reference. */
static int use_existing(struct ipc_object *object, const struct ipc_request *request) {
    spin_lock(&object->lock);
    int result = object->removed ? -EIDRM : 0;
    if (result == 0 && (request->flags & IPC_CREAT) && (request->flags & IPC_EXCL))
        result = -EEXIST;
    if (result == 0)
        result = object->family->check(object, request);
    if (result == 0)
        result = ipc_permit(object, (unsigned)request->flags);
    if (result == 0)
        result = object->id;
    ipc_release(object);
    return result;
}

int ipc_get(struct ipc_family *family, const struct ipc_request *request) {
    int result;

    mutex_lock(&family->get_lock);
    do {
        struct ipc_object *object = request->key == IPC_PRIVATE ? NULL : find_key(family, request->key);
        if (object != NULL)
            result = use_existing(object, request);
        else if (request->key != IPC_PRIVATE && !(request->flags & IPC_CREAT))
            result = -ENOENT;
        else
            result = create(family, request);
    } while (result == -EIDRM);
    mutex_unlock(&family->get_lock);
    return result;
}

/* ---- permissions ---- */

int ipc_permit(const struct ipc_object *object, unsigned access) {
    const struct cred *cred = current_cred();
    unsigned wanted = access >> 6 | access >> 3 | access, granted = object->mode;

    if (cred->euid == object->creator_uid || cred->euid == object->uid)
        granted >>= 6;
    else if (cred_in_group(cred, object->creator_gid) || cred_in_group(cred, object->gid))
        granted >>= 3;
    return (wanted & ~granted & 7) == 0 || cred_has(cred, CAP_IPC_OWNER) ? 0 : -EACCES;
}

int ipc_permit_change(const struct ipc_object *object) {
    const struct cred *cred = current_cred();
    bool owner = cred->euid == object->creator_uid || cred->euid == object->uid;
    return owner || cred_has(cred, CAP_SYS_ADMIN) ? 0 : -EPERM;
}

void ipc_show_permissions(const struct ipc_object *object, struct ipc_perm_user *perm) {
    *perm = (struct ipc_perm_user){
        .key = object->key,
        .uid = object->uid,
        .gid = object->gid,
        .creator_uid = object->creator_uid,
        .creator_gid = object->creator_gid,
        .mode = object->mode,
        .sequence = (uint16_t)((uint32_t)object->id / IPC_INDEX_MAX),
    };
}

int ipc_set_permissions(struct ipc_object *object, const struct ipc_perm_user *perm) {
    if (perm->uid == UINT32_MAX || perm->gid == UINT32_MAX)
        return -EINVAL;
    object->uid = perm->uid;
    object->gid = perm->gid;
    object->mode = (object->mode & ~IPC_MODE_MASK) | (perm->mode & IPC_MODE_MASK);
    return 0;
}
