/*
 * kinds                    every call on every kind: one line a call, with the kinds that answered so after each answer,
 *                          the most frequent answer last and without them: `EBADF closed path; ok *96`
 * kinds --patience MS ...  give up a call that does not return after that time (two tries)
 * kinds ... [CALL...]      only calls that begin so
 */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/errors.h"
#include "tests/vm/programs/kinds/kinds.h"

#define PATIENCE_MS 300 /* for a case, before it is tried once more */
#define MORE_PATIENCE 10
#define DONE_STATUS 77
#define FOLDER "/kinds.d" /* its name is the same everywhere: /proc/self/fd shows it */

static const struct kinds *const kind_families[] = {&made_kinds, &path_kinds};
static const struct calls *const call_families[] = {
    &waiting_calls, &name_calls, &ioctl_calls, &fcntl_calls, &mapping_calls, &special_calls, &socket_calls, &size_calls,
    &moving_calls, &transfer_calls, /* these last: what is written to a terminal may still be on its way */
};
#define FAMILIES(array) (sizeof array / sizeof array[0])

static long patience_ms = PATIENCE_MS;
static const struct kind *kinds[KINDS_MAX];
static const struct call *calls[CALLS_MAX];
static int kind_count, call_count;
static char said[ANSWER_SIZE];
static struct {
    volatile int done; /* calls answered for this kind */
    char opened[KINDS_MAX][ANSWER_SIZE];
    char answers[CALLS_MAX][KINDS_MAX][ANSWER_SIZE];
} *shared;

/* ---- what calls use ---- */

long say(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(said, sizeof said, format, arguments);
    va_end(arguments);
    for (char *c = said; *c; c++)
        if (*c == ' ' || *c == ';' || *c == '\n')
            *c = '_';
    return SAID;
}

long checked(long result) {
    return result < 0 ? -errno : result;
}

/* ---- one case, in a child ---- */

static void write_answer(char *answer, const struct kind *kind, enum show show, long result) {
    const char *error = result < 0 && result > -4096 ? error_name(-result) : NULL;
    bool as_such = result == 0 || result == 1 || !(kind->traits & VARIES);
    if (result == SAID)
        strcpy(answer, said);
    else if (error || show == PLAIN)
        strcpy(answer, error ? error : "ok");
    else if (show == NUMBER)
        snprintf(answer, ANSWER_SIZE, as_such ? "%ld" : "some", result);
    else
        snprintf(answer, ANSWER_SIZE, "%#lx", result);
}

static int make_descriptor(const struct kind *kind) {
    return kind->make ? kind->make() : open(kind->path, kind->flags);
}

static void run_case(char *answer, const struct kind *kind, const struct call *call) {
    const long *a = call->arguments;
    int fd = make_descriptor(kind);
    if (fd >= 0) {
        long result = call->make ? call->make(fd) : checked(syscall(call->number, fd, a[0], a[1], a[2], a[3], a[4]));
        write_answer(answer, kind, call->show, result);
    }
    syscall(SYS_close_range, FIRST_FD, ~0u, 0);
}

/* False: there is no such kind here, and its answers stay "-". */
static bool exists(int kind) {
    int fd = make_descriptor(kinds[kind]);
    write_answer(shared->opened[kind], kinds[kind], PLAIN, checked(fd));
    syscall(SYS_close_range, FIRST_FD, ~0u, 0);
    return fd >= 0;
}

static void run_cases(int kind, int first) {
    prepare_child();
    if (first == 0 && !exists(kind))
        shared->done = first = call_count;
    for (int i = first; i < call_count; i++) {
        run_case(shared->answers[i][kind], kinds[kind], calls[i]);
        shared->done = i + 1;
    }
    _exit(DONE_STATUS);
}

/* ---- watching the children ---- */

/* Returns its status; a child that gets nowhere is killed, and -1 returned. */
static int watch(pid_t pid, const sigset_t *child, long limit_ms) {
    struct timespec time = {limit_ms / 1000, limit_ms % 1000 * 1000000};
    for (int status, done = shared->done;; done = shared->done) {
        bool any = sigtimedwait(child, NULL, &time) > 0;
        if (waitpid(pid, &status, WNOHANG) == pid)
            return status;
        if (any || shared->done != done)
            continue;
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        return -1;
    }
}

static int start(int kind, int first, const sigset_t *child, long limit_ms) {
    pid_t pid = fork();
    if (pid == 0) {
        sigprocmask(SIG_UNBLOCK, child, NULL);
        run_cases(kind, first);
    }
    if (pid < 0) {
        perror("fork");
        exit(2);
    }
    return watch(pid, child, limit_ms);
}

/* Answers from case `first` on; returns the first that is not answered yet. */
static int advance(int kind, int first, const sigset_t *child, long limit_ms) {
    shared->done = first;
    int status = start(kind, first, child, limit_ms), done = shared->done;
    if (done == call_count)
        return done;
    if (status == -1 && limit_ms == patience_ms)
        return done > first ? done : advance(kind, first, child, MORE_PATIENCE * patience_ms);
    if (status == -1)
        strcpy(shared->answers[done][kind], "waits");
    else if (WIFSIGNALED(status))
        snprintf(shared->answers[done][kind], ANSWER_SIZE, "signal-%d", WTERMSIG(status));
    else
        snprintf(shared->answers[done][kind], ANSWER_SIZE, "exit-%d", WEXITSTATUS(status));
    return done + 1;
}

static void run_kind(int kind, const sigset_t *child) {
    for (int done = 0; done < call_count;)
        done = advance(kind, done, child, patience_ms);
}

/* ---- printing ---- */

static int occurrences(char (*answers)[ANSWER_SIZE], int end, const char *answer) {
    int count = 0;
    for (int i = 0; i < end; i++)
        count += strcmp(answers[i], answer) == 0;
    return count;
}

static const char *most_frequent(char (*answers)[ANSWER_SIZE]) {
    int best = 0;
    for (int i = 0; i < kind_count; i++)
        if (occurrences(answers, kind_count, answers[i]) > occurrences(answers, kind_count, answers[best]))
            best = i;
    return answers[best];
}

static void print_line(const char *name, char (*answers)[ANSWER_SIZE]) {
    const char *usual = most_frequent(answers);
    printf("%s:", name);
    for (int i = 0; i < kind_count; i++) {
        if (strcmp(answers[i], usual) == 0 || occurrences(answers, i, answers[i]) != 0)
            continue;
        printf(" %s", answers[i]);
        for (int j = i; j < kind_count; j++)
            if (strcmp(answers[j], answers[i]) == 0)
                printf(" %s", kinds[j]->name);
        printf(";");
    }
    printf(" %s *%d\n", usual, occurrences(answers, kind_count, usual));
}

static void print_all(void) {
    printf("\n[kinds]\nkinds:");
    for (int i = 0; i < kind_count; i++)
        printf(" %s", kinds[i]->name);
    printf("\n");
    print_line("open", shared->opened);
    for (int i = 0; i < call_count; i++)
        print_line(calls[i]->name, shared->answers[i]);
    printf("# %d calls, %d kinds\n", call_count, kind_count);
}

/* ---- the whole ---- */

static bool wanted(const struct call *call, char **names) {
    for (char **name = names; *name; name++)
        if (strncmp(call->name, *name, strlen(*name)) == 0)
            return true;
    return *names == NULL;
}

static void list_cases(char **names) {
    for (size_t i = 0; i < FAMILIES(kind_families); i++)
        for (size_t j = 0; j < kind_families[i]->count; j++)
            kinds[kind_count++] = &kind_families[i]->kinds[j];
    for (size_t i = 0; i < FAMILIES(call_families); i++)
        for (size_t j = 0; j < call_families[i]->count; j++)
            if (wanted(&call_families[i]->calls[j], names))
                calls[call_count++] = &call_families[i]->calls[j];
}

static void prepare_parent(sigset_t *child) {
    char byte;
    sigemptyset(child);
    sigaddset(child, SIGCHLD);
    sigprocmask(SIG_BLOCK, child, NULL);
    syscall(SYS_close_range, 3, ~0u, 0);
    (void)!getrandom(&byte, 1, 0); /* from here on random numbers never wait */
    if (mkdir(FOLDER, 0755) != 0 || chdir(FOLDER) != 0) {
        perror(FOLDER);
        exit(2);
    }
    while (open("/dev/null", O_RDWR) < FIRST_FD - 1)
        ;
}

int main(int argc, char **argv) {
    sigset_t child;
    if (argc > 2 && strcmp(argv[1], "--patience") == 0) {
        patience_ms = atoi(argv[2]);
        argv += 2;
    }
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    list_cases(argv + 1);
    prepare_parent(&child);
    for (int i = 0; i < kind_count; i++) {
        for (int j = 0; j < call_count; j++)
            strcpy(shared->answers[j][i], "-");
        run_kind(i, &child);
    }
    print_all();
    return 0;
}
