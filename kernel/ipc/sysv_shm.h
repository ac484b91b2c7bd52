/* Shared memory of System V: shmget(2), shmat(2), shmctl(2). A segment lives until it is removed and nobody has it mapped. */
#pragma once

#include "kernel/ipc/sysv_ids.h"

struct user;
struct vm_object;

/* linux/shm.h */
enum shm_flag { SHM_HUGETLB = 04000, SHM_RDONLY = 010000, SHM_NORESERVE = 010000, SHM_RND = 020000, SHM_REMAP = 040000,
                SHM_EXEC = 0100000 };
enum shm_mode { SHM_DEST = 01000, SHM_LOCKED = 02000 };

struct shm {
    struct ipc_object ipc; /* its lock guards everything below */
    struct vm_object *object;
    uint64_t size_bytes;
    uint64_t attached; /* mappings, and attachments under way */
    struct user *locker; /* SHM_LOCKED: for whom its pages count; referenced */
    int64_t attach_time, detach_time, change_time;
    int32_t creator_pid, last_pid;
};

/* /proc/sys/kernel/shmmax, shmall, shmmni */
struct shm_limits {
    uint64_t bytes_max, pages_total, count;
};
extern struct shm_limits shm_limits;
#define SHM_PAGES_MAX (UINT64_MAX - (1ull << 24)) /* Linux's default of both */

struct shm_usage {
    uint64_t segments, pages, resident_pages;
};

extern struct ipc_family shm_family;

void shm_init(void);
/* The address or -errno. May sleep. */
int64_t shm_attach(int id, uint64_t address, int flags);
/* Unmaps what was attached at the address; -EINVAL: nothing. May sleep. */
int shm_detach(uint64_t address);
/* IPC_RMID; locked. */
void shm_remove(struct shm *shm);
/* SHM_LOCK: 0, or -ENOMEM beyond RLIMIT_MEMLOCK, for which all of a user's locked segments count. Both locked. */
int shm_lock(struct shm *shm);
void shm_unlock(struct shm *shm);
void shm_usage_read(struct shm_usage *usage);

static inline struct shm *ipc_to_shm(struct ipc_object *object) {
    return container_of(object, struct shm, ipc);
}
