/* shmget, shmat, shmdt, shmctl. */
#include "tests/vm/programs/sysv_ipc/sysv_ipc.h"

static struct shmid_ds shm_stat(int id) {
    struct shmid_ds ds = {0};
    CHECK(shmctl(id, IPC_STAT, &ds) == 0);
    return ds;
}

void shm_get(void) {
    key_t mine = key();
    FAILS(shmget(mine, 4096, 0600), ENOENT);
    FAILS(shmget(mine, 0, IPC_CREAT | 0600), EINVAL);
    int id = shmget(mine, 5000, IPC_CREAT | 0640);
    CHECK(id >= 0 && shmget(mine, 5000, 0) == id && shmget(mine, 0, IPC_CREAT | 0600) == id);
    FAILS(shmget(mine, 5001, 0), EINVAL);
    FAILS(shmget(mine, 5000, IPC_CREAT | IPC_EXCL), EEXIST);
    struct shmid_ds ds = shm_stat(id);
    CHECK(ds.shm_segsz == 5000 && ds.shm_perm.mode == 0640 && ds.shm_perm.__key == mine && ds.shm_nattch == 0);
    CHECK(ds.shm_cpid == getpid() && ds.shm_lpid == 0 && ds.shm_atime == 0 && ds.shm_ctime > 1000000);
    CHECK(lines_with("/proc/sysvipc/shm", id) == 1);
    ds.shm_perm.mode = 01604;
    ds.shm_perm.uid = 77;
    CHECK(shmctl(id, IPC_SET, &ds) == 0);
    ds = shm_stat(id);
    CHECK(ds.shm_perm.mode == 0604 && ds.shm_perm.uid == 77 && ds.shm_perm.cuid == 0);
    AS_NOBODY({
        CHECK(shmctl(id, IPC_STAT, &ds) == 0);
        FAILS(shmctl(id, IPC_RMID, NULL), EPERM);
        FAILS(shmctl(id, IPC_SET, &ds), EPERM);
        FAILS(shmat(id, NULL, 0), EACCES);
        CHECK(shmat(id, NULL, SHM_RDONLY) != (void *)-1);
        FAILS(shmget(mine, 0, 0600), EACCES);
    });
    ds.shm_perm.uid = -1;
    FAILS(shmctl(id, IPC_SET, &ds), EINVAL);
    FAILS(shmctl(id, IPC_STAT, (void *)8), EFAULT);
    FAILS(shmctl(id, 99, &ds), EINVAL);
    CHECK(shmctl(id, IPC_RMID, NULL) == 0);
    FAILS(shmctl(id, IPC_STAT, &ds), EINVAL);
    FAILS(shmctl(-1, IPC_RMID, NULL), EINVAL);
    CHECK(lines_with("/proc/sysvipc/shm", id) == 0);
    int again = shmget(mine, 5000, IPC_CREAT | 0640);
    CHECK(again >= 0 && again != id && shmctl(again, IPC_RMID, NULL) == 0);
}

void shm_attachments(void) {
    int id = shmget(IPC_PRIVATE, 8192, 0600);
    char *first = shmat(id, NULL, 0), *second = shmat(id, NULL, SHM_RDONLY);
    CHECK(first != (void *)-1 && second != (void *)-1 && first != second);
    strcpy(first + 4090, "shared");
    CHECK(strcmp(second + 4090, "shared") == 0 && shm_stat(id).shm_nattch == 2);
    FAILS(mprotect(second, 4096, PROT_READ | PROT_WRITE), EACCES);
    pid_t child = fork();
    if (child == 0) {
        strcpy(first, "child");
        _exit(shm_stat(id).shm_nattch == 4 ? 0 : 1);
    }
    CHECK(child_says(child) == 0 && strcmp(second, "child") == 0);
    struct shmid_ds ds = shm_stat(id);
    CHECK(ds.shm_nattch == 2 && ds.shm_lpid == child && ds.shm_atime > 1000000 && ds.shm_dtime > 1000000);
    CHECK(munmap(second, 4096) == 0 && shm_stat(id).shm_nattch == 2);
    CHECK(shmdt(second) == 0 && shm_stat(id).shm_nattch == 1);
    FAILS(shmdt(second), EINVAL);
    FAILS(shmdt(first + 4096), EINVAL);
    FAILS(shmdt(first + 1), EINVAL);
    CHECK(mprotect(first, 4096, PROT_READ) == 0 && shm_stat(id).shm_nattch == 2);
    CHECK(shmdt(first) == 0 && shm_stat(id).shm_nattch == 0);
    first = shmat(id, NULL, 0);
    CHECK(strcmp(first, "child") == 0); /* it stays without being attached */
    CHECK(shmctl(id, IPC_RMID, NULL) == 0);
    ds = shm_stat(id);
    CHECK(ds.shm_nattch == 1 && (ds.shm_perm.mode & 01000) && ds.shm_perm.__key == 0);
    second = shmat(id, NULL, 0);
    CHECK(second != (void *)-1 && strcmp(second, "child") == 0);
    CHECK(shmdt(first) == 0 && munmap(second, 8192) == 0);
    FAILS(shmctl(id, IPC_STAT, &ds), EINVAL);
}

void shm_places(void) {
    int id = shmget(IPC_PRIVATE, 4096, 0600), bigger = shmget(IPC_PRIVATE, 3 * 4096, 0600);
    char *room = mmap(NULL, 16 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(room, 8 * 4096);
    CHECK(shmat(id, room + 4096, 0) == room + 4096);
    FAILS(shmat(id, room + 4096, 0), EINVAL);
    FAILS(shmat(bigger, room, 0), EINVAL);
    FAILS(shmat(id, room + 100, 0), EINVAL);
    CHECK(shmat(id, room + 2 * 4096 + 100, SHM_RND) == room + 2 * 4096);
    FAILS(shmat(id, NULL, SHM_REMAP), EINVAL);
    FAILS(shmat(id, (void *)100, SHM_REMAP | SHM_RND), EINVAL);
    strcpy(room + 4096, "small");
    CHECK(shmat(bigger, room, SHM_REMAP) == room && room[4096] == 0);
    CHECK(shm_stat(id).shm_nattch == 0 && shm_stat(bigger).shm_nattch == 1);
    CHECK(shmat(id, room + 4096, SHM_REMAP) == room + 4096 && strcmp(room + 4096, "small") == 0);
    CHECK(shm_stat(bigger).shm_nattch == 2 && shmdt(room) == 0 && shm_stat(bigger).shm_nattch == 0);
    CHECK(shm_stat(id).shm_nattch == 1);
    FAILS(shmat(id + 32768 * 3, NULL, 0), EINVAL);
    CHECK(shmctl(bigger, IPC_RMID, NULL) == 0 && shmctl(id, IPC_RMID, NULL) == 0);
    pid_t child = fork();
    if (child == 0)
        _exit(execl("/proc/self/exe", "self", "nothing", NULL));
    CHECK(child_says(child) == 0); /* exec detaches */
    CHECK(shm_stat(id).shm_nattch == 1 && shmdt(room + 4096) == 0);
    FAILS(shmdt(room + 4096), EINVAL);
}

void shm_numbers(void) {
    struct shminfo limits;
    struct shm_info used, more;
    struct shmid_ds ds;
    CHECK(shmctl(0, IPC_INFO, (void *)&limits) >= 0 && limits.shmmin == 1 && limits.shmmni == 4096);
    CHECK(limits.shmmax == ULONG_MAX - (1ul << 24) && limits.shmall == limits.shmmax);
    CHECK(shmctl(0, SHM_INFO, (void *)&used) >= 0);
    int id = shmget(IPC_PRIVATE, 3 * 4096 - 1, 0600);
    int highest = shmctl(0, SHM_INFO, (void *)&more);
    CHECK(highest >= id % 32768 && more.used_ids == used.used_ids + 1 && more.shm_tot == used.shm_tot + 3);
    char *memory = shmat(id, NULL, 0);
    memory[0] = memory[8191] = 1;
    CHECK(shmctl(0, SHM_INFO, (void *)&more) == highest && more.shm_rss == used.shm_rss + 2);
    CHECK(shmctl(id % 32768, SHM_STAT, &ds) == id && ds.shm_segsz == 3 * 4096 - 1);
    CHECK(shmctl(id % 32768, STAT_ANY, &ds) == id);
    FAILS(shmctl(highest + 1, SHM_STAT, &ds), EINVAL);
    AS_NOBODY({
        FAILS(shmctl(id % 32768, SHM_STAT, &ds), EACCES);
        CHECK(shmctl(id % 32768, STAT_ANY, &ds) == id);
        FAILS(shmctl(id, SHM_LOCK, NULL), EPERM);
    });
    CHECK(shmctl(id, SHM_LOCK, NULL) == 0 && (shm_stat(id).shm_perm.mode & 02000));
    CHECK(shmctl(id, SHM_UNLOCK, NULL) == 0 && !(shm_stat(id).shm_perm.mode & 02000));
    CHECK(shmdt(memory) == 0 && shmctl(id, IPC_RMID, NULL) == 0);
    FAILS(shmget(IPC_PRIVATE, -1ul, 0600), EINVAL);
    FAILS(shmget(IPC_PRIVATE, 1ul << 46, 0600), ENOMEM);
}
