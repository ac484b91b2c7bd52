/* Credentials: reference-counted, immutable once published; freed after a grace period, so that others may look. */
#include "kernel/task/cred.h"

#include "kernel/log/panic.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "lib/string.h"

static const struct cred root_cred = {
    .user = &root_user,
    .capabilities_effective = CRED_CAPABILITIES_ALL,
    .capabilities_permitted = CRED_CAPABILITIES_ALL,
    .capabilities_bounding = CRED_CAPABILITIES_ALL,
};

struct cred *cred_copy(const struct cred *cred) {
    struct cred *copy = kmalloc(sizeof *copy);
    if (copy == NULL)
        return NULL;
    *copy = *cred;
    user_get(copy->user);
    refcount_init(&copy->refcount, 1);
    return copy;
}

const struct cred *cred_create_root(void) {
    return cred_copy(&root_cred);
}

const struct cred *cred_get(const struct cred *cred) {
    refcount_get((struct refcount *)&cred->refcount);
    return cred;
}

static void cred_free(struct rcu_head *head) {
    struct cred *cred = container_of(head, struct cred, rcu);
    user_put(cred->user);
    kfree(cred);
}

void cred_put(const struct cred *cred) {
    struct cred *counted = (struct cred *)cred;
    if (refcount_put(&counted->refcount))
        rcu_defer(&counted->rcu, cred_free);
}

void cred_discard(struct cred *cred) {
    DEBUG_ASSERT(refcount_read(&cred->refcount) == 1);
    user_put(cred->user);
    kfree(cred);
}

/* Somebody else now, or somebody with more rights: others must not look into what was read before. */
static bool is_new_person(const struct cred *cred, const struct cred *old) {
    return cred->euid != old->euid || cred->egid != old->egid || cred->fsuid != old->fsuid || cred->fsgid != old->fsgid ||
           (cred->capabilities_permitted & ~old->capabilities_permitted);
}

void cred_commit(struct cred *cred) {
    struct task *task = current_task();
    const struct cred *old = task->cred;
    if (is_new_person(cred, old)) {
        task->process->not_dumpable = true;
        task->parent_death_signal = 0;
    }
    user_charge(cred->user);
    user_uncharge(old->user);
    rcu_assign(task->cred, (const struct cred *)cred);
    cred_put(old);
}

const struct cred *current_cred(void) {
    return current_task()->cred;
}

bool cred_has(const struct cred *cred, enum capability capability) {
    return (cred->capabilities_effective >> capability & 1) != 0;
}

bool cred_in_group(const struct cred *cred, uint32_t gid) {
    if (gid == cred->fsgid)
        return true;
    for (uint32_t i = 0; i < cred->group_count; i++)
        if (cred->groups[i] == gid)
            return true;
    return false;
}
