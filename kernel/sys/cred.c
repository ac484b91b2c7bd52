/*
 * System calls about user and group numbers and capabilities: credentials(7), capabilities(7). User and
 * group forms of a call share one function on a triple of numbers.
 */
#include "kernel/sys/sys_cred.h"

#include "kernel/task/task.h"
#include "lib/errno.h"

#define UNCHANGED UINT32_MAX

/* Real, effective, saved, file-system: in struct cred's order. */
struct ids {
    uint32_t real, effective, saved, filesystem;
};

static struct ids *user_ids(struct cred *cred) {
    return (struct ids *)(void *)&cred->uid;
}
static struct ids *group_ids(struct cred *cred) {
    return (struct ids *)(void *)&cred->gid;
}
_Static_assert(offsetof(struct cred, fsuid) - offsetof(struct cred, uid) == offsetof(struct ids, filesystem),
               "struct ids overlays struct cred");
_Static_assert(offsetof(struct cred, fsgid) - offsetof(struct cred, gid) == offsetof(struct ids, filesystem),
               "struct ids overlays struct cred");

int64_t sys_getuid(void) {
    return current_cred()->uid;
}

int64_t sys_geteuid(void) {
    return current_cred()->euid;
}

int64_t sys_getgid(void) {
    return current_cred()->gid;
}

int64_t sys_getegid(void) {
    return current_cred()->egid;
}

static int64_t put_three(uint32_t a, uint32_t __user *to_a, uint32_t b, uint32_t __user *to_b, uint32_t c,
                         uint32_t __user *to_c) {
    return put_user(a, to_a) < 0 || put_user(b, to_b) < 0 || put_user(c, to_c) < 0 ? -EFAULT : 0;
}

int64_t sys_getresuid(uint32_t __user *uid, uint32_t __user *euid, uint32_t __user *suid) {
    const struct cred *cred = current_cred();
    return put_three(cred->uid, uid, cred->euid, euid, cred->suid, suid);
}

int64_t sys_getresgid(uint32_t __user *gid, uint32_t __user *egid, uint32_t __user *sgid) {
    const struct cred *cred = current_cred();
    return put_three(cred->gid, gid, cred->egid, egid, cred->sgid, sgid);
}

/* ---- changing ---- */

#define FILE_CAPABILITIES (1ull << CAP_CHOWN | 1ull << CAP_DAC_OVERRIDE | 1ull << CAP_DAC_READ_SEARCH | \
                           1ull << CAP_FOWNER | 1ull << CAP_FSETID | 1ull << CAP_LINUX_IMMUTABLE | \
                           1ull << CAP_MKNOD | 1ull << CAP_MAC_OVERRIDE)

/* What changing user numbers does to capabilities: capabilities(7), "Effect of user ID changes". */
static void adjust_capabilities(struct cred *new, const struct cred *old) {
    bool was_root = old->uid == 0 || old->euid == 0 || old->suid == 0;
    bool is_root = new->uid == 0 || new->euid == 0 || new->suid == 0;

    if (new->secure_bits & SECURE_NO_SETUID_FIXUP)
        return;
    if (was_root && !is_root) {
        if (!(new->secure_bits & SECURE_KEEP_CAPS))
            new->capabilities_permitted = new->capabilities_effective = 0;
        new->capabilities_ambient = 0;
    }
    if (old->euid == 0 && new->euid != 0)
        new->capabilities_effective = 0;
    if (old->euid != 0 && new->euid == 0)
        new->capabilities_effective = new->capabilities_permitted;
}

/* The same for setfsuid, which alone is about files. */
static void adjust_file_capabilities(struct cred *new, const struct cred *old) {
    if (new->secure_bits & SECURE_NO_SETUID_FIXUP)
        return;
    if (old->fsuid == 0 && new->fsuid != 0)
        new->capabilities_effective &= ~FILE_CAPABILITIES;
    if (old->fsuid != 0 && new->fsuid == 0)
        new->capabilities_effective |= new->capabilities_permitted & FILE_CAPABILITIES;
}

enum id_kind { USER, GROUP };
typedef void adjust_fn(struct cred *new, const struct cred *old);

static bool is_one_of(const struct ids *ids, uint32_t id, bool saved) {
    return id == UNCHANGED || id == ids->real || id == ids->effective || (saved && id == ids->saved);
}

static bool switch_user(struct cred *cred) {
    struct user *user = user_find(cred->uid);
    if (user == NULL)
        return false;
    user_put(cred->user);
    cred->user = user;
    return true;
}

/* Publishes a copy of the credentials with these numbers; `adjust` is what user numbers do to capabilities. */
static int commit(enum id_kind kind, struct ids ids, adjust_fn *adjust) {
    const struct cred *old = current_cred();
    struct cred *new = cred_copy(old);

    if (new == NULL)
        return -ENOMEM;
    *(kind == USER ? user_ids(new) : group_ids(new)) = ids;
    if (kind == USER)
        adjust(new, old);
    if (new->uid != old->uid && !switch_user(new)) {
        cred_discard(new);
        return -EAGAIN;
    }
    cred_commit(new);
    return 0;
}

static struct ids current_ids(enum id_kind kind) {
    struct cred *cred = (struct cred *)current_cred(); /* only read */
    return kind == USER ? *user_ids(cred) : *group_ids(cred);
}

static bool privileged(enum id_kind kind) {
    return cred_has(current_cred(), kind == USER ? CAP_SETUID : CAP_SETGID);
}

static int64_t set_one(enum id_kind kind, uint32_t id) {
    struct ids ids = current_ids(kind);

    if (id == UNCHANGED)
        return -EINVAL;
    if (privileged(kind))
        ids.real = ids.saved = id;
    else if (id != ids.real && id != ids.saved)
        return -EPERM;
    ids.effective = ids.filesystem = id;
    return commit(kind, ids, adjust_capabilities);
}

static int64_t set_two(enum id_kind kind, uint32_t real, uint32_t effective) {
    struct ids ids = current_ids(kind), old = ids;

    if (!privileged(kind) && (!is_one_of(&old, real, false) || !is_one_of(&old, effective, true)))
        return -EPERM;
    if (real != UNCHANGED)
        ids.real = real;
    if (effective != UNCHANGED)
        ids.effective = effective;
    if (real != UNCHANGED || (effective != UNCHANGED && effective != old.real))
        ids.saved = ids.effective;
    ids.filesystem = ids.effective;
    return commit(kind, ids, adjust_capabilities);
}

static int64_t set_three(enum id_kind kind, uint32_t real, uint32_t effective, uint32_t saved) {
    struct ids ids = current_ids(kind), old = ids;

    if (!privileged(kind) &&
        (!is_one_of(&old, real, true) || !is_one_of(&old, effective, true) || !is_one_of(&old, saved, true)))
        return -EPERM;
    ids.real = real == UNCHANGED ? old.real : real;
    ids.effective = effective == UNCHANGED ? old.effective : effective;
    ids.saved = saved == UNCHANGED ? old.saved : saved;
    ids.filesystem = ids.effective;
    return commit(kind, ids, adjust_capabilities);
}

/* Always returns the number it was before, even when it fails: setfsuid(2). */
static int64_t set_filesystem(enum id_kind kind, uint32_t id) {
    struct ids ids = current_ids(kind);
    uint32_t before = ids.filesystem;
    bool allowed = id != UNCHANGED && (privileged(kind) || is_one_of(&ids, id, true) || id == before);

    ids.filesystem = id;
    if (allowed && id != before && commit(kind, ids, adjust_file_capabilities) < 0)
        return before; /* no memory: unchanged, which the caller sees by asking again */
    return before;
}

int64_t sys_setuid(uint32_t uid) {
    return set_one(USER, uid);
}

int64_t sys_setgid(uint32_t gid) {
    return set_one(GROUP, gid);
}

int64_t sys_setreuid(uint32_t uid, uint32_t euid) {
    return set_two(USER, uid, euid);
}

int64_t sys_setregid(uint32_t gid, uint32_t egid) {
    return set_two(GROUP, gid, egid);
}

int64_t sys_setresuid(uint32_t uid, uint32_t euid, uint32_t suid) {
    return set_three(USER, uid, euid, suid);
}

int64_t sys_setresgid(uint32_t gid, uint32_t egid, uint32_t sgid) {
    return set_three(GROUP, gid, egid, sgid);
}

int64_t sys_setfsuid(uint32_t uid) {
    return set_filesystem(USER, uid);
}

int64_t sys_setfsgid(uint32_t gid) {
    return set_filesystem(GROUP, gid);
}

/* ---- groups ---- */

int64_t sys_getgroups(int count, uint32_t __user *groups) {
    const struct cred *cred = current_cred();

    if (count < 0 || (count > 0 && (uint32_t)count < cred->group_count))
        return -EINVAL;
    if (count > 0 && copy_to_user(groups, cred->groups, cred->group_count * sizeof *groups) < 0)
        return -EFAULT;
    return cred->group_count;
}

int64_t sys_setgroups(unsigned count, const uint32_t __user *groups) {
    if (!cred_has(current_cred(), CAP_SETGID))
        return -EPERM;
    if (count > CRED_GROUPS_MAX)
        return -EINVAL;
    struct cred *new = cred_copy(current_cred());
    if (new == NULL)
        return -ENOMEM;
    if (copy_from_user(new->groups, groups, count * sizeof *groups) < 0) {
        cred_discard(new);
        return -EFAULT;
    }
    for (unsigned i = 0; i < count; i++) {
        if (new->groups[i] == UNCHANGED) {
            cred_discard(new);
            return -EINVAL;
        }
    }
    new->group_count = count;
    cred_commit(new);
    return 0;
}

/* ---- capabilities: linux/capability.h ---- */

#define CAPABILITY_VERSION_1 0x19980330u /* one word each */
#define CAPABILITY_VERSION_2 0x20071026u
#define CAPABILITY_VERSION_3 0x20080522u

struct cap_header_user {
    uint32_t version;
    int32_t pid;
};
struct cap_data_user {
    uint32_t effective, permitted, inheritable;
};

/* Words per set; 0 (and the preferred version stored) for an unknown version. */
static int64_t header_read(struct cap_header_user __user *user, struct cap_header_user *header) {
    if (get_user(header->version, user_member(user, version)) < 0)
        return -EFAULT;
    if (header->version == CAPABILITY_VERSION_1)
        return 1;
    if (header->version == CAPABILITY_VERSION_2 || header->version == CAPABILITY_VERSION_3)
        return 2;
    return put_user(CAPABILITY_VERSION_3, user_member(user, version));
}

/* The credentials' sets of a process; it is looked up under RCU. */
static int sets_of(int pid, struct cap_data_user data[2]) {
    const struct cred *cred = current_cred();
    int error = 0;

    rcu_read_lock();
    if (pid != 0) {
        const struct pid *number = pid_find(pid);
        const struct task *task = number == NULL ? NULL : rcu_dereference(number->task);
        error = task == NULL ? -ESRCH : 0;
        cred = task == NULL ? cred : rcu_dereference(task->cred);
    }
    for (unsigned i = 0; i < 2; i++) {
        data[i].effective = (uint32_t)(cred->capabilities_effective >> 32 * i);
        data[i].permitted = (uint32_t)(cred->capabilities_permitted >> 32 * i);
        data[i].inheritable = (uint32_t)(cred->capabilities_inheritable >> 32 * i);
    }
    rcu_read_unlock();
    return error;
}

int64_t sys_capget(struct cap_header_user __user *user_header, struct cap_data_user __user *user_data) {
    struct cap_header_user header;
    struct cap_data_user data[2];
    int64_t words = header_read(user_header, &header);

    if (user_data == NULL || words <= 0)
        return words < 0 ? words : user_data == NULL ? 0 : -EINVAL;
    if (get_user(header.pid, user_member(user_header, pid)) < 0)
        return -EFAULT;
    if (header.pid < 0)
        return -EINVAL;
    int error = sets_of(header.pid, data);
    if (error < 0)
        return error;
    return copy_to_user(user_data, data, (size_t)words * sizeof data[0]);
}

/* What is permitted, with CAP_SETPCAP anything; within the bounding set. What can be inherited already, always. */
static bool may_inherit(const struct cred *old, uint64_t wanted) {
    uint64_t added = wanted & ~old->capabilities_inheritable;
    return !(added & ~old->capabilities_bounding) &&
           (cred_has(old, CAP_SETPCAP) || !(added & ~old->capabilities_permitted));
}

int64_t sys_capset(struct cap_header_user __user *user_header, const struct cap_data_user __user *user_data) {
    const struct cred *old = current_cred();
    struct cap_header_user header;
    struct cap_data_user data[2] = {{0}};
    int64_t words = header_read(user_header, &header);

    if (words <= 0)
        return words < 0 ? words : -EINVAL;
    if (get_user(header.pid, user_member(user_header, pid)) < 0)
        return -EFAULT;
    if (header.pid != 0 && header.pid != current_task()->tid->number)
        return -EPERM;
    if (copy_from_user(data, user_data, (size_t)words * sizeof data[0]) < 0)
        return -EFAULT;
    uint64_t effective = data[0].effective | (uint64_t)data[1].effective << 32;
    uint64_t permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
    uint64_t inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
    effective &= CRED_CAPABILITIES_ALL; /* others are ignored */
    permitted &= CRED_CAPABILITIES_ALL;
    inheritable &= CRED_CAPABILITIES_ALL;
    if ((permitted & ~old->capabilities_permitted) || (effective & ~permitted) || !may_inherit(old, inheritable))
        return -EPERM;
    struct cred *new = cred_copy(old);
    if (new == NULL)
        return -ENOMEM;
    new->capabilities_effective = effective;
    new->capabilities_permitted = permitted;
    new->capabilities_inheritable = inheritable;
    new->capabilities_ambient &= permitted & inheritable;
    cred_commit(new);
    return 0;
}
