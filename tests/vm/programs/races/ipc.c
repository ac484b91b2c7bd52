/* System V IPC: holders of semaphores that die, messages that must arrive, segments that come and go. */
#include "races.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>

#define SENDERS 3u
#define RECEIVERS 3u
#define BREEDERS 2u
#define SEGMENTS 2u
#define SEGMENT_BYTES 20000u
#define TYPES 3u

static int semaphore, queue;

static struct shared { /* in a segment */
    unsigned holds; /* of the semaphore, so far; changed by its holder */
    atomic_ulong sent, received; /* bytes */
    atomic_uint senders_left;
} *shared;

/* ---- semaphores ---- */

static void change(int by) {
    struct sembuf operation = {0, (short)by, SEM_UNDO};
    int result;
    do
        result = semop(semaphore, &operation, 1);
    while (result < 0 && errno == EINTR);
    CHECK(result == 0);
}

/* Ends inside, so that the kernel has to give the semaphore back. */
static void hold_and_die(struct job *job) {
    for (unsigned left = pick(job, 30);; left--) {
        change(-1);
        unsigned number = ++shared->holds;
        if (pick(job, 4) == 0)
            sched_yield();
        CHECK(shared->holds == number);
        if (left == 0 || !time_left())
            break;
        change(1);
    }
    if (pick(job, 2))
        kill(getpid(), SIGKILL);
    _exit(0);
}

static void breed(struct job *job) {
    while (time_left()) {
        int status;
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0)
            hold_and_die(job);
        (void)pick(job, 2); /* the next child draws other numbers */
        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    }
}

/* ---- messages ---- */

struct message {
    long type;
    unsigned char bytes[200];
};

static void send(struct job *job) {
    struct message message;
    while (time_left()) {
        size_t length = pick(job, sizeof message.bytes);
        message.type = 1 + pick(job, TYPES);
        memset(message.bytes, (int)length, sizeof message.bytes);
        if (msgsnd(queue, &message, length, pick(job, 2) ? IPC_NOWAIT : 0) == 0)
            atomic_fetch_add(&shared->sent, length);
        else
            CHECK(errno == EAGAIN || errno == EINTR);
    }
    if (atomic_fetch_sub(&shared->senders_left, 1) != 1)
        return;
    while (atomic_load(&shared->received) != atomic_load(&shared->sent))
        sched_yield();
    CHECK(msgctl(queue, IPC_RMID, NULL) == 0); /* wakes those who still wait */
}

/* The first one takes every type, so that none stays. */
static void receive(struct job *job) {
    struct message message;
    bool any = job->index == SENDERS;
    for (;;) {
        long type = any ? 0 : (long)pick(job, TYPES + 1) - (long)pick(job, 2) * 2;
        ssize_t got = msgrcv(queue, &message, sizeof message.bytes, type, any || pick(job, 2) ? 0 : IPC_NOWAIT);
        if (got < 0 && (errno == EIDRM || errno == EINVAL))
            return; /* the end */
        CHECK(got >= 0 || errno == ENOMSG || errno == EINTR);
        for (ssize_t i = 0; i < got; i++)
            CHECK(message.bytes[i] == (unsigned char)got);
        if (got > 0)
            atomic_fetch_add(&shared->received, (unsigned long)got);
    }
}

/* ---- segments ---- */

static void come_and_go(struct job *job) {
    while (time_left()) {
        int id = shmget(IPC_PRIVATE, SEGMENT_BYTES, IPC_CREAT | 0600);
        CHECK(id >= 0);
        unsigned char *at = shmat(id, NULL, 0), *again = shmat(id, NULL, 0);
        CHECK(at != (void *)-1 && again != (void *)-1);
        bool early = pick(job, 2);
        if (early)
            CHECK(shmctl(id, IPC_RMID, NULL) == 0);
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            at[SEGMENT_BYTES - 1] = 7;
            _exit(pick(job, 2) ? shmdt(at) : 0);
        }
        CHECK(shmdt(at) == 0);
        int status;
        CHECK(waitpid(pid, &status, 0) == pid && status == 0 && again[SEGMENT_BYTES - 1] == 7);
        CHECK(shmdt(again) == 0);
        CHECK(early || shmctl(id, IPC_RMID, NULL) == 0);
    }
}

static void ipc_job(struct job *job) {
    if (job->index < SENDERS)
        send(job);
    else if (job->index < SENDERS + RECEIVERS)
        receive(job);
    else if (job->index < SENDERS + RECEIVERS + BREEDERS)
        breed(job);
    else
        come_and_go(job);
}

void race_ipc(void) {
    int segment = shmget(IPC_PRIVATE, sizeof *shared, IPC_CREAT | 0600);
    semaphore = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
    queue = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    CHECK(segment >= 0 && semaphore >= 0 && queue >= 0 && semctl(semaphore, 0, SETVAL, 1) == 0);
    shared = shmat(segment, NULL, 0);
    CHECK(shared != (void *)-1 && shmctl(segment, IPC_RMID, NULL) == 0);
    atomic_store(&shared->senders_left, SENDERS);
    run_processes(SENDERS + RECEIVERS + BREEDERS + SEGMENTS, ipc_job);
    CHECK(semctl(semaphore, 0, GETVAL) == 1 && semctl(semaphore, 0, IPC_RMID) == 0);
    CHECK(atomic_load(&shared->sent) == atomic_load(&shared->received));
}
