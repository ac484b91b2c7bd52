/*
 * What shared memory, semaphore sets and message queues of System V have in common: keys, identifiers and
 * permissions. svipc(7).
 *
 * An identifier is an index into the family's table plus a sequence number times IPC_INDEX_MAX, so that it is
 * not given out again soon.
 *
 * Locks: `get_lock` makes finding a key and creating its object one step; `lock` of the family guards table and
 * keys; `lock` of an object guards the object, and the family's lock is taken inside it. An object that was looked up is
 * held by a reference; `removed` says that it has lost its identifier meanwhile.
 */
#pragma once

#include "kernel/sched/mutex.h"
#include "lib/hlist.h"
#include "lib/refcount.h"

#define IPC_INDEX_MAX 32768u
#define IPC_PRIVATE 0
#define IPC_KEY_BUCKETS 64u
#define IPC_ANY_ID (-1)

/* linux/ipc.h */
enum ipc_flag { IPC_CREAT = 01000, IPC_EXCL = 02000, IPC_NOWAIT = 04000 };
enum ipc_command { IPC_RMID = 0, IPC_SET = 1, IPC_STAT = 2, IPC_INFO = 3 };
enum ipc_access { IPC_READ = 0444, IPC_WRITE = 0222, IPC_EXECUTE = 0111 };
#define IPC_MODE_MASK 0777u

struct ipc_family;

struct ipc_object {
    struct refcount refcount;
    struct spinlock lock;
    struct ipc_family *family;
    bool removed;
    int32_t key, id;
    uint32_t mode, uid, gid, creator_uid, creator_gid;
    struct hlist_node key_node; /* family->lock */
};

struct ipc_request {
    int32_t key;
    int flags;     /* enum ipc_flag, the family's own, and the mode */
    uint64_t size; /* what the family counts */
};

struct ipc_family {
    /* A new object with its own part filled in, or ERR_PTR. May sleep. */
    struct ipc_object *(*create)(const struct ipc_request *request);
    /* Whether an existing object satisfies the request: 0 or -errno. object->lock held. */
    int (*check)(const struct ipc_object *object, const struct ipc_request *request);
    /* The last reference is gone. Does not sleep. */
    void (*release)(struct ipc_object *object);
    uint64_t *count_max;
    struct mutex get_lock;
    struct spinlock lock;
    struct ipc_object **slots;
    uint32_t slot_count, in_use, next_index, sequence;
    int32_t wanted_id; /* the next object's; IPC_ANY_ID: whatever comes */
    struct hlist_head keys[IPC_KEY_BUCKETS];
};

/* struct ipc64_perm, asm-generic/ipcbuf.h */
struct ipc_perm_user {
    int32_t key;
    uint32_t uid, gid, creator_uid, creator_gid, mode;
    uint16_t sequence, padding[3];
    uint64_t unused[2];
};
_Static_assert(sizeof(struct ipc_perm_user) == 48, "ipc64_perm");

void ipc_family_init(struct ipc_family *family);

/* shmget, semget, msgget: the identifier or -ENOENT, -EEXIST, -EACCES, -ENOSPC, -ENOMEM and what the family says. */
int ipc_get(struct ipc_family *family, const struct ipc_request *request);
/* For `create`: fills in the common part. */
void ipc_object_init(struct ipc_object *object, const struct ipc_request *request);

/* The identifier that the next new object shall have, as far as its index is free (else: the next free one), for
 * those who restore what was saved; or IPC_ANY_ID. */
int32_t ipc_wanted_id(struct ipc_family *family);
void ipc_want_id(struct ipc_family *family, int32_t id);
/* The object, locked and with a reference, or ERR_PTR(-EINVAL). */
struct ipc_object *ipc_find(struct ipc_family *family, int id);
/* The same by its index in the table, for programs that list all. */
struct ipc_object *ipc_find_index(struct ipc_family *family, int index);
/* A further reference. */
void ipc_hold(struct ipc_object *object);
void ipc_put(struct ipc_object *object);
/* Unlocks, and drops the reference. */
void ipc_release(struct ipc_object *object);
/* Takes away the identifier, and the table's reference. Object locked. */
void ipc_remove(struct ipc_object *object);
/* Nobody finds it by its key any more. Object locked. */
void ipc_forget_key(struct ipc_object *object);
/* The highest index in use, or -1. */
int ipc_highest_index(struct ipc_family *family);
/* Visits each object, locked. */
void ipc_each(struct ipc_family *family, void (*visit)(struct ipc_object *object, void *context), void *context);

/* May the running thread access it so (enum ipc_access, or the mode of a request)? 0 or -EACCES. */
int ipc_permit(const struct ipc_object *object, unsigned access);
/* May it change or remove it? 0 or -EPERM. */
int ipc_permit_change(const struct ipc_object *object);
void ipc_show_permissions(const struct ipc_object *object, struct ipc_perm_user *perm);
/* IPC_SET: owner and mode. 0, or -EINVAL: nobody has such a number. */
int ipc_set_permissions(struct ipc_object *object, const struct ipc_perm_user *perm);
/* Seconds since 1970. */
int64_t ipc_now(void);
