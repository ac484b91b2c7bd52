/* Credentials: immutable once published, so readers need no lock; changes install a new copy. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/sync/rcu.h"
#include "kernel/task/user.h"
#include "lib/refcount.h"

#define CRED_GROUPS_MAX 32u

struct cred {
    struct refcount refcount;
    struct user *user; /* of `uid` */
    uint32_t uid, euid, suid, fsuid;
    uint32_t gid, egid, sgid, fsgid;
    uint64_t capabilities_effective, capabilities_permitted, capabilities_inheritable;
    uint64_t capabilities_bounding, capabilities_ambient;
    uint32_t secure_bits;   /* prctl(PR_SET_SECUREBITS): enum secure_bit */
    bool no_new_privileges; /* prctl(PR_SET_NO_NEW_PRIVS): exec honours no set-id bits, for ever */
    uint32_t group_count;
    uint32_t groups[CRED_GROUPS_MAX];
    struct rcu_head rcu;
};

/* linux/capability.h numbers that the kernel tests */
enum capability {
    CAP_CHOWN = 0, CAP_DAC_OVERRIDE = 1, CAP_DAC_READ_SEARCH = 2, CAP_FOWNER = 3, CAP_FSETID = 4,
    CAP_KILL = 5, CAP_SETGID = 6, CAP_SETUID = 7, CAP_SETPCAP = 8, CAP_LINUX_IMMUTABLE = 9, CAP_NET_BIND_SERVICE = 10,
    CAP_NET_ADMIN = 12, CAP_NET_RAW = 13, CAP_IPC_LOCK = 14, CAP_IPC_OWNER = 15, CAP_SYS_RAWIO = 17,
    CAP_SYS_CHROOT = 18,
    CAP_SYS_PTRACE = 19, CAP_SYS_ADMIN = 21, CAP_SYS_BOOT = 22, CAP_SYS_NICE = 23,
    CAP_SYS_RESOURCE = 24, CAP_SYS_TIME = 25, CAP_SYS_TTY_CONFIG = 26, CAP_MKNOD = 27, CAP_LEASE = 28, CAP_MAC_OVERRIDE = 32,
    CAP_SYSLOG = 34, CAP_WAKE_ALARM = 35, CAP_CHECKPOINT_RESTORE = 40, CAP_LAST = 40,
};

/* linux/securebits.h; the bit above each locks it */
enum secure_bit {
    SECURE_NO_ROOT = 1u << 0,          /* exec gives user 0 no capabilities */
    SECURE_NO_SETUID_FIXUP = 1u << 2,  /* nor do changes of user numbers change them */
    SECURE_KEEP_CAPS = 1u << 4,        /* user 0 may become another and keep what is permitted; until exec */
    SECURE_NO_AMBIENT_RAISE = 1u << 6,
    SECURE_ALL_BITS = 0x55, SECURE_ALL_LOCKS = 0xaa,
};
#define SECURE_LOCK(bit) ((uint32_t)(bit) << 1)

#define CRED_CAPABILITIES_ALL ((1ull << (CAP_LAST + 1)) - 1)

/* Root's: what the first process starts with. A new reference, NULL: no memory. */
const struct cred *cred_create_root(void);
const struct cred *cred_get(const struct cred *cred);
void cred_put(const struct cred *cred);
/* A private, writable copy; NULL when memory is short. cred_commit publishes it for the running thread. */
struct cred *cred_copy(const struct cred *cred);
void cred_commit(struct cred *cred);
void cred_discard(struct cred *cred); /* a copy that is not to be published */
const struct cred *current_cred(void);
bool cred_has(const struct cred *cred, enum capability capability);
bool cred_in_group(const struct cred *cred, uint32_t gid);
