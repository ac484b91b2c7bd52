/* semget, semctl: values and their limits; waiting. */
#include "tests/vm/programs/sysv_ipc/sysv_ipc.h"

int change(int id, int number, int by, int flags) {
    struct sembuf operation = {number, by, flags};
    return semop(id, &operation, 1);
}

int value(int id, int number) {
    return semctl(id, number, GETVAL);
}

static struct semid_ds sem_stat(int id) {
    struct semid_ds ds = {0};
    CHECK(semctl(id, 0, IPC_STAT, &ds) == 0);
    return ds;
}

void sem_get(void) {
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

void sem_values(void) {
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

void sem_waiting(void) {
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

void nothing(int signal) {
}

void sem_interrupted(void) {
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

void sem_exclusion(void) {
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

void sem_numbers(void) {
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
