/* Rows: splicing, watching names, System V IPC, message queues. */
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/uio.h>

#include "tests/vm/programs/arguments/arguments.h"

static const int64_t position[1] = {16};
static const struct iovec pieces[2] = {{(void *)INNER, 8}, {(void *)INNER, 4}};
static const uint64_t message[2] = {1, 0}; /* type and text */
static const struct sembuf operation[1] = {{0, 0, IPC_NOWAIT}};
static const int64_t no_time[2];
static const struct mq_attr attributes = {.mq_maxmsg = 4, .mq_msgsize = 16};
static const struct sigevent event = {.sigev_notify = SIGEV_NONE, .sigev_signo = 10};

/* There is no object: the numbers name none. */
static const struct row rows[] = {
    ROW(splice, "", NUMBERED, A_FD(PIPE_READ), A_NO_IN(8), A_FD(NULL_FD), A_NO_IN(8), A_LENGTH(4), A_FLAGS(0))
    ROW(splice, "-at", NUMBERED | TREE, A_FD(FILE_FD), A_IN_OUT(position), A_FD(PIPE_WRITE), A_NO_IN(8), A_LENGTH(16), A_FLAGS(2))
    ROW(splice, "-to", NUMBERED | TREE, A_FD(PIPE_READ), A_NO_IN(8), A_FD(FILE_FD), A_IN_OUT(position), A_LENGTH(4), A_FLAGS(2))
    ROW(tee, "", NUMBERED, A_FD(PIPE_READ), A_FD(PIPE_WRITE), A_LENGTH(4), A_FLAGS(2))
    ROW(vmsplice, "", NUMBERED, A_FD(PIPE_WRITE), A_IN(pieces), A_LENGTH(2), A_FLAGS(2))
    ROW(inotify_init, "", 0)
    ROW(inotify_init1, "", 0, A_FLAGS(0))
    ROW(inotify_add_watch, "", 0, A_FD(INOTIFY_FD), A_PATH("file"), A_FLAGS(2))
    ROW(inotify_rm_watch, "", 0, A_FD(INOTIFY_FD), A_CHOICE(1))
    ROW(shmget, "", 0, A_SAME(IPC_PRIVATE), A_LENGTH(PAGE), A_FLAGS(IPC_CREAT | 0600))
    ROW(shmget, "-key", 0, A_CHOICE(1234), A_LENGTH(0), A_SAME(0))
    ROW(shmat, "", 0, A_CHOICE(1000000), A_ADDRESS(0), A_FLAGS(0))
    ROW(shmdt, "", 0, A_ADDRESS(RANGE))
    ROW(shmctl, "", HARMLESS, A_CHOICE(1000000), A_CHOICE(IPC_STAT), A_OUT(112))
    ROW(shmctl, "-set", HARMLESS, A_CHOICE(1000000), A_SAME(IPC_SET), A_OUT(112))
    ROW(semget, "", 0, A_SAME(IPC_PRIVATE), A_LENGTH(1), A_FLAGS(0600))
    ROW(semget, "-key", 0, A_CHOICE(1234), A_CHOICE(0), A_SAME(0))
    ROW(semop, "", 0, A_CHOICE(1000000), A_IN(operation), A_LENGTH(1))
    ROW(semtimedop, "", 0, A_CHOICE(1000000), A_IN(operation), A_LENGTH(1), A_TIME(no_time))
    ROW(semctl, "", HARMLESS, A_CHOICE(1000000), A_CHOICE(0), A_CHOICE(IPC_STAT), A_OUT(104))
    ROW(msgget, "", 0, A_SAME(IPC_PRIVATE), A_FLAGS(0600))
    ROW(msgget, "-key", 0, A_CHOICE(1234), A_SAME(0))
    ROW(msgsnd, "", 0, A_CHOICE(1000000), A_IN(message), A_LENGTH(8), A_FLAGS(IPC_NOWAIT))
    ROW(msgrcv, "", 0, A_CHOICE(1000000), A_OUT(16), A_LENGTH(8), A_CHOICE(0), A_FLAGS(IPC_NOWAIT))
    ROW(msgctl, "", HARMLESS, A_CHOICE(1000000), A_CHOICE(IPC_STAT), A_OUT(120))
    ROW(mq_open, "", 0, A_STRING("missing-queue"), A_FLAGS(O_RDONLY), A_MODE(0600), A_IN(attributes))
    ROW(mq_unlink, "", 0, A_STRING("missing-queue"))
    ROW(mq_timedsend, "", 0, A_FD(FILE_FD), A_DATA_IN(8), A_LENGTH(8), A_LENGTH(0), A_TIME(no_time))
    ROW(mq_timedreceive, "", 0, A_FD(FILE_FD), A_DATA_OUT(16), A_LENGTH(16), A_NO_OUT(4), A_TIME(no_time))
    ROW(mq_notify, "", 0, A_FD(FILE_FD), A_IN(event))
    ROW(mq_getsetattr, "", 0, A_FD(FILE_FD), A_IN(attributes), A_OUT(64))
};

const struct rows ipc_rows = ROWS(rows);
