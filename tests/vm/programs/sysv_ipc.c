/*
 * Shared memory, semaphores and message queues of System V, checked the same on Linux and on Astra: prints
 * "ok NAME" or what is wrong. Needs root. Uses no keys that others could have.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/parts.h"
#include "tests/vm/programs/states.h"

#define FAILS(call, error) CHECK((long)(call) == -1 && errno == (error))

enum { STAT_ANY = 15, SEM_ANY = 20, MSG_ANY = 13, COPY = 040000 };

static key_t key(void) {
    static key_t last;
    return last ? ++last : (last = 0x41000000 + (getpid() << 8));
}
static int child_says(pid_t child) {
    int status;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}
/* Runs `body` in a child that is another user. */
#define AS_NOBODY(body) \
    do { \
        pid_t nobody_ = fork(); \
        if (nobody_ == 0) { \
            failures = 0; \
            if (setgid(65534) || setuid(65534)) \
                _exit(99); \
            body; \
            _exit(failures); \
        } \
        CHECK(child_says(nobody_) == 0); \
    } while (0)
static int lines_with(const char *path, int id) {
    char line[512], *at;
    int found = 0;
    FILE *file = fopen(path, "r");
    if (file)
        fgets(line, sizeof line, file); /* the headings */
    while (file && fgets(line, sizeof line, file)) {
        strtol(line, &at, 10);
        found += strtol(at, NULL, 10) == id;
    }
    if (file)
        fclose(file);
    return found;
}

/* ---- shared memory ---- */

static struct shmid_ds shm_stat(int id) {
    struct shmid_ds ds = {0};
    CHECK(shmctl(id, IPC_STAT, &ds) == 0);
    return ds;
}

static void shm_get(void) {
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

static void shm_attachments(void) {
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

static void shm_places(void) {
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

static void shm_numbers(void) {
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

/* ---- semaphores ---- */

static int change(int id, int number, int by, int flags) {
    struct sembuf operation = {number, by, flags};
    return semop(id, &operation, 1);
}
static int value(int id, int number) {
    return semctl(id, number, GETVAL);
}
static struct semid_ds sem_stat(int id) {
    struct semid_ds ds = {0};
    CHECK(semctl(id, 0, IPC_STAT, &ds) == 0);
    return ds;
}

static void sem_get(void) {
    key_t mine = key();
    FAILS(semget(mine, 3, 0600), ENOENT);
    FAILS(semget(mine, 0, IPC_CREAT | 0600), EINVAL);
    FAILS(semget(mine, -1, IPC_CREAT | 0600), EINVAL);
    FAILS(semget(mine, 32001, IPC_CREAT | 0600), EINVAL);
    int id = semget(mine, 3, IPC_CREAT | 0604);
    CHECK(id >= 0 && semget(mine, 3, 0) == id && semget(mine, 0, 0) == id);
    FAILS(semget(mine, 4, 0), EINVAL);
    FAILS(semget(mine, 3, IPC_CREAT | IPC_EXCL), EEXIST);
    struct semid_ds ds = sem_stat(id);
    CHECK(ds.sem_nsems == 3 && ds.sem_perm.mode == 0604 && ds.sem_otime == 0 && ds.sem_ctime > 1000000);
    CHECK(lines_with("/proc/sysvipc/sem", id) == 1);
    AS_NOBODY({
        CHECK(semctl(id, 0, GETVAL) == 0);
        FAILS(semctl(id, 0, SETVAL, 1), EACCES);
        FAILS(change(id, 0, 1, 0), EACCES);
        CHECK(change(id, 0, 0, 0) == 0);
        FAILS(semctl(id, 0, IPC_RMID), EPERM);
    });
    ds.sem_perm.mode = 0600;
    CHECK(semctl(id, 0, IPC_SET, &ds) == 0 && sem_stat(id).sem_perm.mode == 0600);
    AS_NOBODY({
        FAILS(semctl(id, 0, GETVAL), EACCES);
        FAILS(semctl(id, 0, IPC_STAT, &ds), EACCES);
        FAILS(semget(mine, 3, 0400), EACCES);
    });
    FAILS(semctl(id, 0, 99), EINVAL);
    CHECK(semctl(id, 0, IPC_RMID) == 0);
    FAILS(semctl(id, 0, GETVAL), EINVAL);
    FAILS(change(id, 0, 1, 0), EINVAL);
}

static void sem_values(void) {
    int id = semget(IPC_PRIVATE, 4, 0600);
    unsigned short all[4] = {1, 2, 3, 32767}, got[4];
    CHECK(semctl(id, 0, SETALL, all) == 0 && semctl(id, 0, GETALL, got) == 0 && memcmp(all, got, sizeof all) == 0);
    CHECK(semctl(id, 2, GETPID) == getpid());
    CHECK(semctl(id, 1, SETVAL, 7) == 0 && value(id, 1) == 7);
    FAILS(semctl(id, 1, SETVAL, -1), ERANGE);
    FAILS(semctl(id, 1, SETVAL, 32768), ERANGE);
    FAILS(semctl(id, 4, SETVAL, 1), EINVAL);
    FAILS(semctl(id, -1, GETVAL), EINVAL);
    all[0] = 40000;
    FAILS(semctl(id, 0, SETALL, all), ERANGE);
    FAILS(semctl(id, 0, GETALL, (void *)8), EFAULT);
    FAILS(semctl(id, 0, SETALL, (void *)8), EFAULT);
    FAILS(change(id, 3, 1, 0), ERANGE);
    FAILS(change(id, 4, 1, 0), EFBIG);
    FAILS(change(id, 0, -2, IPC_NOWAIT), EAGAIN);
    FAILS(change(id, 0, 0, IPC_NOWAIT), EAGAIN);
    struct sembuf two[2] = {{0, -1, 0}, {1, -8, IPC_NOWAIT}};
    FAILS(semop(id, two, 2), EAGAIN);
    CHECK(value(id, 0) == 1 && value(id, 1) == 7); /* all or none */
    two[1].sem_op = -7;
    CHECK(semop(id, two, 2) == 0 && value(id, 0) == 0 && value(id, 1) == 0 && sem_stat(id).sem_otime > 1000000);
    struct sembuf same[3] = {{0, 0, 0}, {0, 5, 0}, {0, -2, 0}};
    CHECK(semop(id, same, 3) == 0 && value(id, 0) == 3);
    FAILS(semop(id, same, 0), EINVAL);
    FAILS(semop(id, NULL, 1), EFAULT);
    FAILS(semop(-1, same, 1), EINVAL);
    static struct sembuf many[501];
    FAILS(semop(id, many, 501), E2BIG);
    struct timespec time = {0, 20000000}, bad = {0, 1000000000};
    two[0] = (struct sembuf){0, -10, 0};
    FAILS(semtimedop(id, two, 1, &time), EAGAIN);
    FAILS(semtimedop(id, two, 1, &bad), EINVAL);
    time.tv_nsec = 0;
    FAILS(semtimedop(id, two, 1, &time), EAGAIN);
    CHECK(semctl(id, 0, IPC_RMID) == 0);
}

static int waiting_set;
static void *wait_for(void *operation) {
    return (void *)(long)(semop(waiting_set, operation, 1) == 0 ? 0 : errno);
}
static void until(int id, int number, int command, int count) {
    for (int i = 0; i < 60000 && semctl(id, number, command) != count; i++)
        usleep(1000);
    CHECK(semctl(id, number, command) == count);
}

static void sem_waiting(void) {
    struct sembuf take = {0, -1, 0}, take3 = {0, -3, 0}, zero = {0, 0, 0};
    pthread_t threads[4];
    void *result;
    int id = waiting_set = semget(IPC_PRIVATE, 2, 0600);
    pthread_create(&threads[0], NULL, wait_for, &take3);
    until(id, 0, GETNCNT, 1);
    pthread_create(&threads[1], NULL, wait_for, &take);
    until(id, 0, GETNCNT, 2);
    CHECK(semctl(id, 0, GETZCNT) == 0 && semctl(id, 1, GETNCNT) == 0);
    CHECK(change(id, 0, 1, 0) == 0);
    CHECK(pthread_join(threads[1], &result) == 0 && !result); /* it passes the one that needs more */
    CHECK(change(id, 0, 2, 0) == 0 && value(id, 0) == 2 && semctl(id, 0, GETNCNT) == 1);
    pthread_create(&threads[2], NULL, wait_for, &zero);
    until(id, 0, GETZCNT, 1);
    CHECK(semctl(id, 0, SETVAL, 3) == 0);
    CHECK(pthread_join(threads[0], &result) == 0 && !result);
    CHECK(pthread_join(threads[2], &result) == 0 && !result && value(id, 0) == 0);
    pthread_create(&threads[3], NULL, wait_for, &take);
    until(id, 0, GETNCNT, 1);
    CHECK(semctl(id, 0, IPC_RMID) == 0);
    CHECK(pthread_join(threads[3], &result) == 0 && (long)result == EIDRM);
}

static void nothing(int signal) {
}
static void sem_interrupted(void) {
    struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART};
    int id = semget(IPC_PRIVATE, 1, 0600);
    sigaction(SIGALRM, &action, NULL);
    pid_t child = fork();
    if (child == 0) {
        ualarm(30000, 30000);
        _exit(change(id, 0, -1, 0) == -1 && errno == EINTR ? 0 : 1); /* never restarted */
    }
    CHECK(child_says(child) == 0 && semctl(id, 0, GETNCNT) == 0);
    CHECK(semctl(id, 0, IPC_RMID) == 0);
}

static void sem_undone(void) {
    int id = semget(IPC_PRIVATE, 3, 0600), status;
    CHECK(semctl(id, 0, SETVAL, 5) == 0 && semctl(id, 1, SETVAL, 5) == 0);
    pid_t child = fork();
    if (child == 0) {
        change(id, 0, -3, SEM_UNDO);
        change(id, 0, -1, 0);
        change(id, 1, 2, SEM_UNDO);
        change(id, 2, 4, SEM_UNDO);
        if (fork() == 0)
            _exit(0); /* children inherit nothing to undo */
        wait(NULL);
        if (value(id, 0) != 1 || value(id, 1) != 7)
            _exit(1);
        change(id, 2, -4, 0);
        change(id, 2, 2, 0);
        raise(SIGKILL);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    CHECK(value(id, 0) == 4 && value(id, 1) == 5 && value(id, 2) == 0); /* as far as it goes */
    CHECK(semctl(id, 0, GETPID) == child);
    child = fork();
    if (child == 0) {
        change(id, 0, -4, SEM_UNDO);
        change(id, 1, -1, SEM_UNDO);
        semctl(id, 0, SETVAL, 1); /* forgets the undo */
        int gone = semget(IPC_PRIVATE, 1, 0600);
        change(gone, 0, 1, SEM_UNDO);
        semctl(gone, 0, IPC_RMID);
        execl("/proc/self/exe", "self", "nothing", NULL); /* which lasts beyond exec */
    }
    CHECK(child_says(child) == 0 && value(id, 0) == 1 && value(id, 1) == 5);
    CHECK(change(id, 0, 32766, 0) == 0);
    FAILS(change(id, 1, 32767, SEM_UNDO), ERANGE);
    CHECK(semctl(id, 0, IPC_RMID) == 0);
}

static int shared_set;
static volatile pid_t undoer;
static void *undo_in_thread(void *unused) {
    undoer = (pid_t)syscall(SYS_gettid);
    change(shared_set, 0, 1, SEM_UNDO);
    return NULL;
}
static void sem_undone_by_the_last_thread(void) {
    pthread_t thread;
    shared_set = semget(IPC_PRIVATE, 1, 0600);
    pid_t child = fork();
    if (child == 0) {
        pthread_create(&thread, NULL, undo_in_thread, NULL);
        pthread_join(thread, NULL);
        until_state(undoer, ""); /* it is joined a little before it ends */
        _exit(value(shared_set, 0) == 1 ? 0 : 1);
    }
    CHECK(child_says(child) == 0 && value(shared_set, 0) == 0);
    child = fork();
    if (child == 0) {
        change(shared_set, 0, 1, SEM_UNDO);
        if (syscall(SYS_unshare, CLONE_SYSVSEM))
            _exit(1);
        _exit(value(shared_set, 0) == 0 ? 0 : 2);
    }
    CHECK(child_says(child) == 0);
    CHECK(semctl(shared_set, 0, IPC_RMID) == 0);
}

static void sem_exclusion(void) {
    int id = semget(IPC_PRIVATE, 1, 0600);
    volatile int *counter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    semctl(id, 0, SETVAL, 1);
    for (int i = 0; i < 4; i++) {
        if (fork() == 0) {
            for (int round = 0; round < 500; round++) {
                change(id, 0, -1, SEM_UNDO);
                int now = *counter;
                if (round % 50 == 0)
                    sched_yield();
                *counter = now + 1;
                if (round == 499)
                    _exit(0); /* the undo frees it */
                change(id, 0, 1, SEM_UNDO);
            }
        }
    }
    for (int i = 0; i < 4; i++)
        wait(NULL);
    CHECK(*counter == 2000 && value(id, 0) == 1 && semctl(id, 0, IPC_RMID) == 0);
}

static void sem_numbers(void) {
    struct seminfo limits, used, more;
    struct semid_ds ds;
    CHECK(semctl(0, 0, IPC_INFO, &limits) >= 0 && limits.semmsl == 32000 && limits.semopm == 500);
    CHECK(limits.semvmx == 32767 && limits.semmni == 32000 && limits.semmns == 1024000000);
    CHECK(semctl(0, 0, SEM_INFO, &used) >= 0);
    int id = semget(IPC_PRIVATE, 32000, 0600);
    CHECK(semctl(0, 0, SEM_INFO, &more) >= id % 32768 && more.semusz == used.semusz + 1 && more.semaem == used.semaem + 32000);
    CHECK(change(id, 31999, 1, SEM_UNDO) == 0 && value(id, 31999) == 1);
    CHECK(semctl(id % 32768, 0, SEM_STAT, &ds) == id && ds.sem_nsems == 32000 && semctl(id % 32768, 0, SEM_ANY, &ds) == id);
    CHECK(semctl(id, 0, IPC_RMID) == 0);
    int limit[4] = {0};
    FILE *file = fopen("/proc/sys/kernel/sem", "r");
    CHECK(file && fscanf(file, "%d %d %d %d", &limit[0], &limit[1], &limit[2], &limit[3]) == 4 && limit[2] == 500);
    fclose(file);
}

/* ---- messages ---- */

struct message {
    long type;
    char text[100];
};
static int send(int id, long type, const char *text, int flags) {
    struct message message = {type};
    strcpy(message.text, text);
    return msgsnd(id, &message, strlen(text), flags);
}
/* The text of what came, or "errno N". */
static const char *receive(int id, long type, int flags) {
    static struct message message;
    memset(&message, 0, sizeof message);
    if (msgrcv(id, &message, sizeof message.text, type, flags) < 0)
        sprintf(message.text, "errno %d", errno);
    return message.text;
}
#define GETS(id, type, flags, wanted) \
    do { \
        const char *got_ = receive(id, type, flags); \
        if (strcmp(got_, wanted)) { \
            printf("%s: line %d: got \"%s\"\n", part, __LINE__, got_); \
            failures++; \
        } \
    } while (0)
static struct msqid_ds msg_stat(int id) {
    struct msqid_ds ds = {0};
    CHECK(msgctl(id, IPC_STAT, &ds) == 0);
    return ds;
}

static void msg_order(void) {
    key_t mine = key();
    FAILS(msgget(mine, 0600), ENOENT);
    int id = msgget(mine, IPC_CREAT | 0600);
    CHECK(id >= 0 && msgget(mine, 0600) == id);
    FAILS(msgget(mine, IPC_CREAT | IPC_EXCL), EEXIST);
    GETS(id, 0, IPC_NOWAIT, "errno 42");
    CHECK(send(id, 5, "five", 0) == 0 && send(id, 3, "three", 0) == 0 && send(id, 3, "trois", 0) == 0);
    CHECK(send(id, 7, "", 0) == 0 && send(id, 1, "one", 0) == 0);
    struct msqid_ds ds = msg_stat(id);
    CHECK(ds.msg_qnum == 5 && ds.msg_cbytes == 17 && ds.msg_lspid == getpid() && ds.msg_lrpid == 0 && ds.msg_stime > 1000000);
    CHECK(lines_with("/proc/sysvipc/msg", id) == 1);
    GETS(id, 3, IPC_NOWAIT | COPY, "");
    GETS(id, 4, IPC_NOWAIT | COPY, "one");
    GETS(id, 5, IPC_NOWAIT | COPY, "errno 42");
    GETS(id, 0, COPY, "errno 22");
    GETS(id, 0, COPY | IPC_NOWAIT | MSG_EXCEPT, "errno 22");
    GETS(id, -4, 0, "one");
    GETS(id, -4, 0, "three");
    GETS(id, 5, MSG_EXCEPT, "trois");
    GETS(id, 9, IPC_NOWAIT, "errno 42");
    GETS(id, 7, 0, "");
    GETS(id, 0, 0, "five");
    GETS(id, LONG_MIN, IPC_NOWAIT, "errno 42");
    CHECK(msg_stat(id).msg_qnum == 0 && msg_stat(id).msg_cbytes == 0 && msg_stat(id).msg_lrpid == getpid());
    CHECK(msgctl(id, IPC_RMID, NULL) == 0);
    FAILS(send(id, 1, "x", 0), EINVAL);
}

static void msg_sizes(void) {
    static struct { long type; char text[8193]; } big = {1};
    struct message small;
    int id = msgget(IPC_PRIVATE, 0600);
    FAILS(msgsnd(id, &big, 8193, 0), EINVAL);
    FAILS(msgsnd(id, &big, -1, 0), EINVAL);
    FAILS(msgrcv(id, &big, -1, 0, IPC_NOWAIT), EINVAL);
    FAILS(send(id, 0, "x", 0), EINVAL);
    FAILS(send(id, -1, "x", 0), EINVAL);
    FAILS(msgsnd(id, (void *)8, 1, 0), EFAULT);
    CHECK(send(id, 2, "123456", 0) == 0);
    FAILS(msgrcv(id, &small, 5, 0, 0), E2BIG);
    CHECK(msgrcv(id, &small, 5, 0, MSG_NOERROR) == 5 && small.type == 2 && memcmp(small.text, "12345", 5) == 0);
    CHECK(send(id, 2, "123456", 0) == 0);
    FAILS(msgrcv(id, (void *)8, 100, 0, 0), EFAULT);
    CHECK(msg_stat(id).msg_qnum == 0); /* lost, as on Linux */
    CHECK(msgsnd(id, &big, 8192, 0) == 0 && msgsnd(id, &big, 8192, 0) == 0);
    FAILS(msgsnd(id, &big, 1, IPC_NOWAIT), EAGAIN);
    CHECK(msgsnd(id, &big, 0, IPC_NOWAIT) == 0);
    struct msqid_ds ds = msg_stat(id);
    ds.msg_qbytes = 20000;
    if (msgctl(id, IPC_SET, &ds) == 0) /* a container's root may not */
        CHECK(msgsnd(id, &big, 1, IPC_NOWAIT) == 0 && msg_stat(id).msg_qbytes == 20000);
    ds.msg_perm.uid = 65534;
    ds.msg_qbytes = 16384;
    CHECK(msgctl(id, IPC_SET, &ds) == 0);
    AS_NOBODY({
        ds.msg_qbytes = 16385;
        FAILS(msgctl(id, IPC_SET, &ds), EPERM);
        ds.msg_qbytes = 16384;
        ds.msg_perm.mode = 0400;
        CHECK(msgctl(id, IPC_SET, &ds) == 0);
        FAILS(send(id, 1, "x", IPC_NOWAIT), EACCES);
        CHECK(msgrcv(id, &big, 8192, 0, 0) == 8192);
    });
    CHECK(msgctl(id, IPC_RMID, NULL) == 0);
}

static int waiting_queue;
static volatile pid_t waiter;
/* Begins a thread that tells its number; returns when it waits. */
static void start_waiter(pthread_t *thread, void *(*waits)(void *), void *argument) {
    waiter = 0;
    CHECK(pthread_create(thread, NULL, waits, argument) == 0);
    while (!waiter)
        usleep(1000);
    until_asleep(waiter);
}
static atomic_int received;
static void *receive_one(void *type) {
    struct message message;
    waiter = (pid_t)syscall(SYS_gettid);
    long size = msgrcv(waiting_queue, &message, sizeof message.text, (long)type, 0);
    if (size < 0)
        return (void *)(long)errno;
    received += (int)message.type;
    return NULL;
}
static void *fill(void *unused) {
    static struct { long type; char text[8192]; } big = {1};
    waiter = (pid_t)syscall(SYS_gettid);
    for (int i = 0; i < 3; i++)
        if (msgsnd(waiting_queue, &big, 8192, 0) < 0)
            return (void *)(long)errno;
    return NULL;
}
static void msg_waiting(void) {
    static struct { long type; char text[8192]; } big;
    pthread_t threads[3];
    void *result;
    waiting_queue = msgget(IPC_PRIVATE, 0600);
    start_waiter(&threads[0], receive_one, (void *)2);
    start_waiter(&threads[1], receive_one, (void *)1);
    CHECK(send(waiting_queue, 1, "one", 0) == 0);
    CHECK(pthread_join(threads[1], &result) == 0 && !result && received == 1);
    CHECK(send(waiting_queue, 2, "two", 0) == 0);
    CHECK(pthread_join(threads[0], &result) == 0 && !result && received == 3);
    start_waiter(&threads[2], fill, NULL);
    CHECK(msg_stat(waiting_queue).msg_qnum == 2);
    CHECK(msgrcv(waiting_queue, &big, 8192, 0, 0) == 8192);
    CHECK(pthread_join(threads[2], &result) == 0 && !result && msg_stat(waiting_queue).msg_qnum == 2);
    while (msgrcv(waiting_queue, &big, 8192, 0, IPC_NOWAIT) > 0)
        ;
    start_waiter(&threads[0], receive_one, (void *)2);
    CHECK(msgctl(waiting_queue, IPC_RMID, NULL) == 0);
    CHECK(pthread_join(threads[0], &result) == 0 && (long)result == EIDRM);
}

static void msg_traffic(void) {
    int id = msgget(IPC_PRIVATE, 0600);
    long sum = 0;
    for (int sender = 1; sender <= 3; sender++) {
        if (fork() == 0) {
            for (int i = 0; i < 400; i++)
                send(id, sender, "some words that fill the queue from time to time", 0);
            _exit(0);
        }
    }
    for (int i = 0; i < 1200; i++) {
        struct message message;
        CHECK(msgrcv(id, &message, sizeof message.text, i % 2 ? -3 : 0, 0) == 48);
        sum += message.type;
    }
    while (wait(NULL) > 0)
        ;
    CHECK(sum == 400 * 6 && msg_stat(id).msg_qnum == 0 && msgctl(id, IPC_RMID, NULL) == 0);
}

static void msg_numbers(void) {
    struct msginfo limits, used, more;
    struct msqid_ds ds;
    CHECK(msgctl(0, IPC_INFO, (void *)&limits) >= 0 && limits.msgmax == 8192 && limits.msgmnb == 16384);
    CHECK(limits.msgmni == 32000 && limits.msgssz == 16 && limits.msgseg == 0xffff);
    CHECK(msgctl(0, MSG_INFO, (void *)&used) >= 0);
    int id = msgget(IPC_PRIVATE, 0600);
    send(id, 1, "four", 0);
    CHECK(msgctl(0, MSG_INFO, (void *)&more) >= id % 32768);
    CHECK(more.msgpool == used.msgpool + 1 && more.msgmap == used.msgmap + 1 && more.msgtql == used.msgtql + 4);
    CHECK(msgctl(id % 32768, MSG_STAT, &ds) == id && ds.msg_qnum == 1 && msgctl(id % 32768, MSG_ANY, &ds) == id);
    CHECK(msgctl(id, IPC_RMID, NULL) == 0);
    CHECK(msgctl(0, MSG_INFO, (void *)&more) >= 0 && more.msgpool == used.msgpool && more.msgmap == used.msgmap);
}

static const struct part parts[] = {
    PART(shm_get), PART(shm_attachments), PART(shm_places), PART(shm_numbers), PART(sem_get), PART(sem_values),
    PART(sem_waiting), PART(sem_interrupted), PART(sem_undone), PART(sem_undone_by_the_last_thread),
    PART(sem_exclusion), PART(sem_numbers), PART(msg_order), PART(msg_sizes), PART(msg_waiting), PART(msg_traffic),
    PART(msg_numbers),
};

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "nothing") == 0)
        return 0;
    setvbuf(stdout, NULL, _IONBF, 0);
    return run_parts(parts, sizeof parts / sizeof parts[0], argc > 1 ? argv[1] : NULL);
}
