/* msgget, msgsnd, msgrcv, msgctl. */
#include "tests/vm/programs/sysv_ipc/sysv_ipc.h"

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

void msg_order(void) {
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

#define SEQUENCE_STEP 32768

static long read_next_id(void) {
    long id = -2;
    FILE *file = fopen("/proc/sys/kernel/msg_next_id", "r");
    CHECK(file != NULL && fscanf(file, "%ld", &id) == 1);
    if (file != NULL)
        fclose(file);
    return id;
}

static int want_id(const char *id) {
    int file = open("/proc/sys/kernel/msg_next_id", O_WRONLY);
    int good = write(file, id, strlen(id)) == (ssize_t)strlen(id);
    close(file);
    return good;
}

/* Once; where its index is taken, the next free one with its sequence number. */
void msg_chosen_id(void) {
    char wanted[16];
    int id = 7 * SEQUENCE_STEP + 300;
    sprintf(wanted, "%d", id);
    CHECK(read_next_id() == -1 && !want_id("-5") && !want_id("x") && want_id(wanted) && read_next_id() == id);
    CHECK(msgget(IPC_PRIVATE, 0600) == id && read_next_id() == -1 && want_id(wanted));
    CHECK(msgget(IPC_PRIVATE, 0600) == id + 1);
    int other = msgget(IPC_PRIVATE, 0600);
    CHECK(other >= 0 && other != id + 2);
    CHECK(msgctl(id, IPC_RMID, NULL) == 0 && msgctl(id + 1, IPC_RMID, NULL) == 0 && msgctl(other, IPC_RMID, NULL) == 0);
}

void msg_sizes(void) {
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

void msg_waiting(void) {
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

void msg_traffic(void) {
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

void msg_numbers(void) {
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
