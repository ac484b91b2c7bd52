/* Users. `users_lock` guards the table and the reference counts: a look-up must not meet a dying user. */
#include "kernel/task/user.h"

#include "kernel/mm/slab.h"
#include "kernel/sync/spinlock.h"

DEFINE_LOCK_CLASS(users_class, "users");
static struct spinlock users_lock = SPINLOCK_INIT(users_class);
static struct list_node users = LIST_INIT(users);
struct user root_user = {.refcount = {1}, .uid = 0};

void user_init(void) {
    list_add(&root_user.node, &users);
}

/* users_lock held. */
static struct user *find_locked(uint32_t uid) {
    struct user *user;

    list_for_each_entry(user, &users, node) {
        if (user->uid == uid) {
            refcount_get(&user->refcount);
            return user;
        }
    }
    return NULL;
}

struct user *user_find(uint32_t uid) {
    struct user *fresh = kzalloc(sizeof *fresh);

    uint64_t flags = spin_lock_irqsave(&users_lock);
    struct user *user = find_locked(uid);
    if (user == NULL && fresh != NULL) {
        refcount_init(&fresh->refcount, 1);
        fresh->uid = uid;
        list_add(&fresh->node, &users);
        user = fresh;
    }
    spin_unlock_irqrestore(&users_lock, flags);
    if (user != fresh)
        kfree(fresh);
    return user;
}

void user_get(struct user *user) {
    refcount_get(&user->refcount);
}

void user_put(struct user *user) {
    if (refcount_put_not_last(&user->refcount))
        return;
    uint64_t flags = spin_lock_irqsave(&users_lock);
    bool last = refcount_put(&user->refcount);
    if (last)
        list_remove(&user->node);
    spin_unlock_irqrestore(&users_lock, flags);
    if (last)
        kfree(user);
}

void user_charge(struct user *user) {
    atomic_fetch_add(&user->threads, 1u);
}

void user_uncharge(struct user *user) {
    atomic_fetch_sub(&user->threads, 1u);
}

/* *before is how many there were. */
static bool charge(uint32_t *counter, uint64_t limit, uint32_t *before) {
    *before = atomic_load_relaxed(counter);
    do {
        if (*before >= limit)
            return false;
    } while (!atomic_compare_exchange(counter, before, *before + 1));
    return true;
}

bool user_charge_one(uint32_t *counter, uint64_t limit) {
    uint32_t before;
    return charge(counter, limit, &before);
}

bool user_charge_signal(struct user *user, uint64_t limit) {
    uint32_t before;

    if (!charge(&user->signals, limit, &before))
        return false;
    if (before == 0)
        user_get(user);
    return true;
}

void user_uncharge_signal(struct user *user) {
    if (atomic_fetch_sub(&user->signals, 1u) == 1)
        user_put(user);
}

bool user_may_start(const struct user *user, uint64_t limit) {
    return atomic_load_relaxed(&user->threads) < limit;
}
