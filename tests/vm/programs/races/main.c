/*
 * Races on purpose: races [-s SEED] [-t SECONDS] [PART...]. Prints "PART ok" for each, or what was wrong.
 * Where the kernel shows its memory (/kernel/runtime), it must have as much after a part as before.
 */
#include "races.h"

#include <pthread.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define HANG_S 150    /* after its time is over a part has so long to end */
#define LEAK_BYTES 32768 /* more than this lost a round, in each of several, is a leak */
#define LEAK_ROUNDS 4
#define RETURN_S 60      /* what is on its way back has arrived then */

static uint64_t seed = 1;
static unsigned seconds = 2;
static struct timespec deadline;

static const struct part {
    const char *name;
    void (*run)(void);
} parts[] = {
    {"mappings", race_mappings}, {"copies", race_copies},       {"truncation", race_truncation},
    {"processes", race_processes}, {"exec", race_exec},         {"futexes", race_futexes},
    {"inheritance", race_inheritance}, {"robust", race_robust},     {"descriptors", race_descriptors}, {"polls", race_polls},
    {"names", race_names},       {"scheduling", race_scheduling}, {"timers", race_timers},
    {"signals", race_signals},   {"proc", race_proc},           {"rseq", race_rseq},
    {"clock", race_clock},       {"ipc", race_ipc},
};
#define PART_COUNT (sizeof parts / sizeof parts[0])

void check_failed(const char *file, int line, const char *text) {
    printf("%s:%d: %s (%s)\n", strrchr(file, '/') ? strrchr(file, '/') + 1 : file, line, text, strerror(errno));
    fflush(stdout);
    _exit(1);
}

/* ---- random numbers: xorshift64* (Vigna 2016) ---- */

void job_init(struct job *job, unsigned index) {
    job->index = index;
    job->random = (seed + index + 1) * 0x9e3779b97f4a7c15u;
}

uint32_t pick(struct job *job, uint32_t limit) {
    job->random ^= job->random >> 12;
    job->random ^= job->random << 25;
    job->random ^= job->random >> 27;
    return (uint32_t)((job->random * 0x2545f4914f6cdd1du) >> 33) % limit;
}

/* ---- threads and processes ---- */

struct start {
    struct job job;
    void (*body)(struct job *job);
    pthread_t thread;
};

static void *thread_body(void *argument) {
    struct start *start = argument;
    start->body(&start->job);
    return NULL;
}

void run_threads(unsigned count, void (*body)(struct job *job)) {
    struct start starts[count];
    for (unsigned i = 0; i < count; i++) {
        job_init(&starts[i].job, i);
        starts[i].body = body;
        CHECK(pthread_create(&starts[i].thread, NULL, thread_body, &starts[i]) == 0);
    }
    for (unsigned i = 0; i < count; i++)
        CHECK(pthread_join(starts[i].thread, NULL) == 0);
}

void run_processes(unsigned count, void (*body)(struct job *job)) {
    pid_t pids[count];
    for (unsigned i = 0; i < count; i++) {
        pids[i] = fork();
        CHECK(pids[i] >= 0);
        if (pids[i] == 0) {
            struct job job;
            job_init(&job, i);
            body(&job);
            fflush(stdout);
            _exit(0);
        }
    }
    for (unsigned i = 0; i < count; i++) {
        int status;
        CHECK(waitpid(pids[i], &status, 0) == pids[i]);
        CHECK(status == 0);
    }
}

bool time_left(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec < deadline.tv_sec || (now.tv_sec == deadline.tv_sec && now.tv_nsec < deadline.tv_nsec);
}

void nap_us(unsigned us) {
    struct timespec time = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&time, NULL);
}

/* ---- memory that may not be there ---- */

static _Thread_local sigjmp_buf on_fault;
static _Thread_local volatile bool touching;

static void faulted(int number) {
    if (!touching)
        check_failed(__FILE__, __LINE__, number == SIGBUS ? "unexpected SIGBUS" : "unexpected SIGSEGV");
    siglongjmp(on_fault, 1);
}

void catch_faults(void) {
    struct sigaction action = {.sa_handler = faulted};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
}

bool try_read(const volatile uint8_t *at, uint8_t *value) {
    bool there = sigsetjmp(on_fault, 1) == 0;
    touching = true;
    if (there)
        *value = *at;
    touching = false;
    return there;
}

bool try_write(volatile uint8_t *at, uint8_t value) {
    bool there = sigsetjmp(on_fault, 1) == 0;
    touching = true;
    if (there)
        *at = value;
    touching = false;
    return there;
}

/* ---- what the kernel has ---- */

/* The number behind `name` in a file; -1: there is none. */
static long figure(const char *path, const char *name) {
    static char text[65536];
    int file = open(path, O_RDONLY);
    ssize_t length = 0, more = 1;
    if (file < 0)
        return -1;
    while (more > 0 && length < (ssize_t)sizeof text - 1)
        more = read(file, text + length, sizeof text - 1 - (size_t)length), length += more > 0 ? more : 0;
    close(file);
    text[length] = 0;
    char *line = strstr(text, name);
    return line ? atol(line + strlen(name)) : -1;
}

static long count_lines(const char *path) {
    FILE *file = fopen(path, "r");
    long lines = 0;
    for (int c; file && (c = fgetc(file)) != EOF;)
        lines += c == '\n';
    if (file)
        fclose(file);
    return lines;
}

struct resources {
    long used_bytes, threads;
};

/* Cached names first: they are not lost. */
static struct resources measure(void) {
    int drop = open("/proc/sys/vm/drop_caches", O_WRONLY);
    if (drop >= 0) {
        (void)!write(drop, "3", 1);
        close(drop);
    }
    nap_us(50000);
    return (struct resources){figure("/kernel/runtime/memory", "\nused_bytes "), count_lines("/kernel/runtime/threads")};
}

/* What there is more than `before`, once grace periods and threads have ended. */
static struct resources measure_more(const struct resources *before) {
    struct resources more;
    unsigned tries = 0;
    do {
        more = measure();
        more.used_bytes -= before->used_bytes;
        more.threads -= before->threads;
    } while ((more.used_bytes > LEAK_BYTES || more.threads > 0) && ++tries < RETURN_S * 20);
    return more;
}

/* ---- running parts ---- */

static void show_threads(pid_t pid) {
    char command[256];
    snprintf(command, sizeof command,
             "for t in /proc/%d/task/*; do cat $t/stat $t/wchan $t/syscall; echo; done 2>/dev/null", pid);
    (void)!system(command);
}

/* False: it failed or hung. */
static bool run_once(const struct part *part) {
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += seconds;
    fflush(stdout);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        setpgid(0, 0);
        part->run();
        fflush(stdout);
        _exit(0);
    }
    int status = -1;
    struct timespec now;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec > deadline.tv_sec + HANG_S) {
            printf("%s hangs\n", part->name);
            show_threads(pid);
            kill(-pid, SIGKILL);
            waitpid(pid, &status, 0);
            return false;
        }
        nap_us(10000);
    }
    kill(-pid, SIGKILL); /* nothing of it may stay */
    while (waitpid(-1, NULL, 0) > 0)
        continue;
    if (status != 0)
        printf("%s: status %#x\n", part->name, status);
    return status == 0;
}

/* What a first run lost may be in a table that has grown for good; a leak is there in every round. */
static bool run_part(const struct part *part) {
    struct resources before = measure(), more = {0};
    for (int round = 0; round < LEAK_ROUNDS; round++) {
        if (!run_once(part))
            return false;
        if (before.used_bytes < 0)
            break;
        more = measure_more(&before);
        if (more.used_bytes <= LEAK_BYTES && more.threads <= 0)
            break;
        before.used_bytes += more.used_bytes;
        before.threads += more.threads;
    }
    bool lost = more.used_bytes > LEAK_BYTES || more.threads > 0;
    if (lost)
        printf("%s: %ld bytes and %ld threads lost in each round\n", part->name, more.used_bytes, more.threads);
    else
        printf("%s ok\n", part->name);
    return !lost;
}

static bool wanted(const struct part *part, char **names) {
    bool any = false;
    for (; *names; names++, any = true)
        if (strcmp(*names, part->name) == 0)
            return true;
    return !any;
}

int main(int argc, char **argv) {
    int option, failed = 0;
    if (argc == 3 && strcmp(argv[1], EXEC_WORD) == 0)
        _exit(atoi(argv[2]));
    while ((option = getopt(argc, argv, "s:t:")) != -1) {
        if (option == 's')
            seed = strtoull(optarg, NULL, 0);
        else if (option == 't')
            seconds = (unsigned)atoi(optarg);
        else
            return 2;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    char folder[] = "/tmp/races-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) != 0)
        return 2;
    for (size_t i = 0; i < PART_COUNT; i++) {
        if (wanted(&parts[i], argv + optind))
            failed += !run_part(&parts[i]);
        fflush(stdout);
    }
    if (chdir("/") != 0 || rmdir(folder) != 0)
        printf("%s is left\n", folder), failed++;
    return failed != 0;
}
