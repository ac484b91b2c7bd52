/* Threads and futexes. */
#include "tests/vm/programs/processes/processes.h"

/* linux/futex.h */
enum { FUTEX_WAIT, FUTEX_WAKE, FUTEX_CMP_REQUEUE = 4, FUTEX_WAKE_OP = 5 };
#define FUTEX_SET_IF_EQUAL(value, compared) ((value) << 12 | (compared))

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int turn, counter;
static void *count_thread(void *argument) {
    for (int i = 0; i < 2000; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
        if (i % 100 == 0)
            sched_yield();
    }
    return argument;
}

void test_threads(void) {
    pthread_t threads[4];
    void *result;
    counter = 0;
    for (long i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, count_thread, (void *)i) == 0);
    for (long i = 0; i < 4; i++)
        CHECK(pthread_join(threads[i], &result) == 0 && result == (void *)i);
    CHECK(counter == 8000);
}

static void *pong(void *unused) {
    for (int i = 0; i < 300; i++) {
        pthread_mutex_lock(&mutex);
        while (turn != 1)
            pthread_cond_wait(&condition, &mutex);
        turn = 0;
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex);
    }
    return unused;
}

void test_condition(void) {
    pthread_t thread;
    struct timespec until;
    CHECK(pthread_create(&thread, NULL, pong, NULL) == 0);
    for (int i = 0; i < 300; i++) {
        pthread_mutex_lock(&mutex);
        turn = 1;
        pthread_cond_broadcast(&condition);
        while (turn != 0)
            pthread_cond_wait(&condition, &mutex);
        pthread_mutex_unlock(&mutex);
    }
    CHECK(pthread_join(thread, NULL) == 0);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 10000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_mutex_lock(&mutex);
    CHECK(pthread_cond_timedwait(&condition, &mutex, &until) == ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
}

static void *exit_group_thread(void *unused) {
    (void)unused;
    sleep_ms(10);
    exit(9);
}

static void *pause_thread(void *unused) {
    for (;;)
        pause();
    return unused;
}

void test_thread_exit(void) {
    int status;
    pthread_t thread;
    pid_t pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 3; i++)
            pthread_create(&thread, NULL, pause_thread, NULL);
        pthread_create(&thread, NULL, exit_group_thread, NULL);
        pthread_exit(NULL); /* the leader goes first */
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 9);
    pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 3; i++)
            pthread_create(&thread, NULL, pause_thread, NULL);
        sleep_ms(10);
        execl("/bin/sh", "sh", "-c", "exit 6", NULL);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 6);
    pid = fork();
    if (pid == 0) {
        for (int i = 0; i < 3; i++)
            pthread_create(&thread, NULL, pause_thread, NULL);
        pause();
    }
    until_asleep(pid);
    kill(pid, SIGSTOP);
    CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
    kill(pid, SIGKILL);
    CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

long futex(uint32_t *word, int op, uint32_t value, void *timeout, uint32_t *word2, uint32_t value3) {
    return syscall(SYS_futex, word, op, value, timeout, word2, value3);
}

void test_futex_shared(void) {
    uint32_t *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct timespec ms = {0, 5000000};
    int status;
    CHECK(word != MAP_FAILED);
    CHECK(futex(word, FUTEX_WAIT, 1, NULL, NULL, 0) == -1 && errno == EAGAIN);
    CHECK(futex(word, FUTEX_WAIT, 0, &ms, NULL, 0) == -1 && errno == ETIMEDOUT);
    CHECK(futex((uint32_t *)((char *)word + 1), FUTEX_WAIT, 0, NULL, NULL, 0) == -1 && errno == EINVAL);
    CHECK(futex(NULL, FUTEX_WAIT, 0, NULL, NULL, 0) == -1 && errno == EFAULT);
    pid_t pid = fork();
    if (pid == 0) {
        while (*(volatile uint32_t *)word == 0)
            futex(word, FUTEX_WAIT, 0, NULL, NULL, 0);
        _exit(4);
    }
    until_asleep(pid);
    CHECK(futex(word, FUTEX_WAKE_OP, 1, (void *)1, word + 1, FUTEX_SET_IF_EQUAL(7, 0)) == 1);
    CHECK(word[1] == 7);
    until_asleep(pid);
    CHECK(futex(word, FUTEX_CMP_REQUEUE, 0, (void *)5, word + 2, 0) == 1);
    *word = 1;
    CHECK(futex(word, FUTEX_WAKE, 1, NULL, NULL, 0) == 0 && futex(word + 2, FUTEX_WAKE, 1, NULL, NULL, 0) == 1);
    CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 4);
    munmap(word, 4096);
}

static void *robust_holder(void *argument) {
    pthread_mutex_lock(argument);
    return NULL;
}

void test_robust(void) {
    pthread_mutexattr_t attributes;
    pthread_mutex_t robust;
    pthread_t thread;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &attributes);
    CHECK(pthread_create(&thread, NULL, robust_holder, &robust) == 0 && pthread_join(thread, NULL) == 0);
    CHECK(pthread_mutex_lock(&robust) == EOWNERDEAD);
    CHECK(pthread_mutex_consistent(&robust) == 0 && pthread_mutex_unlock(&robust) == 0);
}
