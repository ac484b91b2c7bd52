/* SEM_UNDO: what a process has done to semaphores ends with it. */
#include "tests/vm/programs/sysv_ipc/sysv_ipc.h"

void sem_undone(void) {
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

void sem_undone_by_the_last_thread(void) {
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
