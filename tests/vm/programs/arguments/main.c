/*
 * arguments [ROW...]                  every row, or those that begin so: one line an argument with what each bad value
 *                                     gave, the most frequent answer last: `EFAULT *12`
 * arguments --user UID ...            as that user
 * arguments --all 1 ...               also rows of calls that the table does not implement
 * arguments --part N ...              of the rows every Nth
 * arguments --patience MS ...         give up a call that does not return after that time (two tries)
 * arguments --uncovered               the calls of the table that have no row
 * arguments --unknown                 makes each call that the table does not implement, twice
 */
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/programs/arguments/arguments.h"
#include "tests/vm/programs/errors.h"

#define CASES_MAX 1024
#define PATIENCE_MS 150 /* for a call, before it is tried once more */
#define MORE_PATIENCE 10
#define STEP_MS 10
#define DONE_STATUS 77

/* Answers that are no errno. */
enum { RESULT_WAITS = 1000000, RESULT_EXIT = 1001000, RESULT_SIGNAL = 1002000, RESULT_OK = 1003000 };

struct one_case {
    int position; /* -1: the row as it is */
    struct value value;
};

static long patience_ms = PATIENCE_MS;
static bool all_rows;
static int part = 1;
static struct one_case cases[CASES_MAX];
static struct {
    volatile int done;     /* cases answered */
    volatile bool success; /* the last one may have changed something: how the child ends says nothing */
    long results[CASES_MAX];
} *shared;

static const struct rows *const families[] = {&file_rows,   &name_rows, &memory_rows,  &process_rows, &identity_rows, &signal_rows,
                                              &socket_rows, &time_rows, &waiting_rows, &system_rows, &ipc_rows};
#define FAMILIES (sizeof families / sizeof families[0])

/* ---- making the calls, in a child ---- */

static long call6(long number, const long *a) {
    register long r10 __asm__("r10") = a[3], r8 __asm__("r8") = a[4], r9 __asm__("r9") = a[5];
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* A new process or thread ends at once: its stack may be anything. */
static long call_that_forks(long number, const long *a) {
    register long r10 __asm__("r10") = a[3], r8 __asm__("r8") = a[4], r9 __asm__("r9") = a[5];
    long result;
    __asm__ volatile("syscall\n test %%rax, %%rax\n jnz 1f\n xor %%edi, %%edi\n mov $60, %%eax\n syscall\n1:"
                     : "=a"(result) : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory", "cc");
    return result;
}

/* Takes back what outlives the process. */
static void undo(int number, long result) {
    switch (number) {
    case CALL_shmget: syscall(CALL_shmctl, result, 0 /* IPC_RMID */, 0); break;
    case CALL_semget: syscall(CALL_semctl, result, 0, 0); break;
    case CALL_msgget: syscall(CALL_msgctl, result, 0, 0); break;
    case CALL_mq_open: syscall(CALL_mq_unlink, "missing-queue"); break;
    default: break;
    }
}

static void run_cases(const struct row *row, int first, int count) {
    long arguments[ARGUMENTS];
    setsid();
    fixture_open();
    if (row->flags & FORKS) { /* a child that ends sends any signal, sooner or later */
        uint64_t all = UINT64_MAX; /* sigfillset leaves some out */
        syscall(CALL_rt_sigprocmask, SIG_BLOCK, &all, NULL, sizeof all);
    }
    for (int i = first; i < count; i++) {
        fixture_arguments(row, cases[i].position, cases[i].position < 0 ? NULL : &cases[i].value, arguments);
        long result = row->flags & FORKS ? call_that_forks(row->number, arguments) : call6(row->number, arguments);
        bool failed = result < 0 && result > -4096;
        shared->results[i] = failed || row->flags & NUMBERED ? result : RESULT_OK;
        if (!failed)
            undo(row->number, result);
        shared->success = !failed && !(row->flags & HARMLESS);
        shared->done = i + 1;
        if (shared->success)
            break;
    }
    _exit(DONE_STATUS);
}

/* ---- watching the child ---- */

/* False: nothing has ended in that time. In steps: a pause of the whole machine takes one of them, not all the time. */
static bool wait_for_child(const sigset_t *child, long ms) {
    const struct timespec step = {0, STEP_MS * 1000000};
    for (; ms > 0; ms -= STEP_MS)
        if (sigtimedwait(child, NULL, &step) > 0)
            return true;
    return false;
}

/* Returns its status; a child that gets nowhere is killed, and -1 returned. */
static int watch(pid_t pid, const sigset_t *child, long limit_ms) {
    int status, done = shared->done;
    for (;;) {
        bool any = wait_for_child(child, limit_ms);
        pid_t ended = waitpid(pid, &status, WNOHANG);
        if (ended == pid)
            return status;
        if (!any && shared->done == done) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            return -1;
        }
        done = shared->done;
    }
}

static void reap_orphans(void) {
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

static int start(const struct row *row, int first, int count, const sigset_t *child, long limit_ms) {
    pid_t pid = fork();
    if (pid == 0) {
        sigprocmask(SIG_UNBLOCK, child, NULL);
        run_cases(row, first, count);
    }
    if (pid < 0) {
        perror("fork");
        exit(2);
    }
    int status = watch(pid, child, limit_ms);
    reap_orphans();
    return status;
}

/* Answers from case `first` on; returns the first that is not answered yet. */
static int advance(const struct row *row, int first, int count, const sigset_t *child, long limit_ms) {
    if (row->flags & TREE)
        fixture_repair();
    shared->done = first;
    shared->success = false;
    int status = start(row, first, count, child, limit_ms);
    int done = shared->done;
    if (shared->success)
        return done;
    if (status == -1 && limit_ms == patience_ms)
        return done > first ? done : advance(row, first, count, child, MORE_PATIENCE * patience_ms);
    if (status == -1)
        shared->results[done++] = RESULT_WAITS;
    else if (WIFSIGNALED(status))
        shared->results[done++] = RESULT_SIGNAL + WTERMSIG(status);
    else if (WEXITSTATUS(status) != DONE_STATUS)
        shared->results[done++] = RESULT_EXIT + WEXITSTATUS(status);
    return done;
}

/* ---- printing ---- */

static const char *result_name(long result) {
    static char name[32];
    const char *error = error_name(-result);
    if (error)
        return error;
    if (result == RESULT_OK)
        return "ok";
    if (result == RESULT_WAITS)
        return "waits";
    if (result > RESULT_SIGNAL && result < RESULT_OK)
        snprintf(name, sizeof name, "signal-%ld", result - RESULT_SIGNAL);
    else if (result >= RESULT_EXIT && result < RESULT_SIGNAL)
        snprintf(name, sizeof name, "exit-%ld", result - RESULT_EXIT);
    else
        snprintf(name, sizeof name, result > -4096 && result < 0 ? "errno%ld" : "%ld", result);
    return name;
}

static int occurrences(int first, int end, long result) {
    int count = 0;
    for (int i = first; i < end; i++)
        count += shared->results[i] == result;
    return count;
}

static long most_frequent(int first, int end) {
    int best = first;
    for (int i = first; i < end; i++)
        if (occurrences(first, end, shared->results[i]) > occurrences(first, end, shared->results[best]))
            best = i;
    return shared->results[best];
}

/* ` RESULT value value;` for each result but the most frequent. */
static void print_line(const struct row *row, int first, int end) {
    long usual = most_frequent(first, end);
    printf("%s.%d:", row->name, cases[first].position + 1);
    for (int i = first; i < end; i++) {
        long result = shared->results[i];
        if (result == usual || occurrences(first, i, result) != 0)
            continue;
        printf(" %s", result_name(result));
        for (int j = i; j < end; j++)
            if (shared->results[j] == result)
                printf(" %s", cases[j].value.name);
        printf(";");
    }
    printf(" %s *%d\n", result_name(usual), occurrences(first, end, usual));
}

static void print_row(const struct row *row, int count) {
    printf("%s: %s\n", row->name, result_name(shared->results[0]));
    for (int first = 1, end; first < count; first = end) {
        for (end = first; end < count && cases[end].position == cases[first].position; end++)
            ;
        print_line(row, first, end);
    }
}

/* ---- the whole ---- */

static int list_cases(const struct row *row) {
    static struct value values[VALUES_MAX];
    int count = 1;
    cases[0].position = -1;
    for (int position = 0; position < ARGUMENTS; position++) {
        size_t n = values_of(&row->arguments[position], position, values);
        for (size_t i = 0; i < n; i++, count++) {
            cases[count].position = position;
            cases[count].value = values[i];
        }
    }
    return count;
}

static int run_row(const struct row *row, const sigset_t *child) {
    int count = list_cases(row);
    for (int done = 0; done < count;)
        done = advance(row, done, count, child, patience_ms);
    if (row->flags & TREE)
        fixture_repair();
    print_row(row, count);
    return count;
}

static bool implemented(int number) {
#define IS_THIS(value, name) case value: return true;
#define NOTHING(value, name)
    switch (number) { SYSCALL_TABLE(IS_THIS, NOTHING) }
    return false;
}

static bool wanted(const struct row *row, char **names) {
    if (!all_rows && !implemented(row->number))
        return false;
    for (char **name = names; *name; name++)
        if (strncmp(row->name, *name, strlen(*name)) == 0)
            return true;
    return *names == NULL;
}

static void run_all(char **names) {
    int rows = 0, count = 0, met = 0;
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    for (size_t i = 0; i < FAMILIES; i++) {
        for (size_t j = 0; j < families[i]->count; j++) {
            if (!wanted(&families[i]->rows[j], names) || met++ % part != 0)
                continue;
            rows++;
            count += run_row(&families[i]->rows[j], &child);
        }
        fflush(stdout);
    }
    printf("# %d rows, %d cases\n", rows, count);
}

static bool has_row(int number) {
    for (size_t i = 0; i < FAMILIES; i++)
        for (size_t j = 0; j < families[i]->count; j++)
            if (families[i]->rows[j].number == number)
                return true;
    return false;
}

static void print_uncovered(void) {
#define CHECK(number, name) if (!has_row(number)) puts(#name);
#define IGNORE(number, name)
    SYSCALL_TABLE(CHECK, IGNORE)
}

static void call_unknown(void) {
    static const long zeros[ARGUMENTS];
#define TWICE(number, name) call6(number, zeros); printf(#name ": %s\n", result_name(call6(number, zeros)));
    SYSCALL_TABLE(IGNORE, TWICE)
    printf("none: %s\n", result_name(call6(SYSCALL_COUNT, zeros)));
    printf("negative: %s\n", result_name(call6(-1, zeros)));
}

static void become(unsigned user) {
    gid_t group = user;
    if (setgroups(1, &group) != 0 || setgid(user) != 0 || setuid(user) != 0) {
        perror("user");
        exit(2);
    }
}

int main(int argc, char **argv) {
    char folder[64];
    unsigned user = 0;
    if (argc > 1 && strcmp(argv[1], "--uncovered") == 0)
        return print_uncovered(), 0;
    if (argc > 1 && strcmp(argv[1], "--unknown") == 0)
        return call_unknown(), 0;
    for (; argc > 2 && strncmp(argv[1], "--", 2) == 0; argc -= 2, argv += 2) {
        if (strcmp(argv[1], "--user") == 0)
            become(user = (unsigned)atoi(argv[2]));
        else if (strcmp(argv[1], "--patience") == 0)
            patience_ms = atoi(argv[2]);
        else if (strcmp(argv[1], "--part") == 0 && atoi(argv[2]) > 0)
            part = atoi(argv[2]);
        else if (strcmp(argv[1], "--all") == 0)
            all_rows = atoi(argv[2]);
    }
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    snprintf(folder, sizeof folder, "/tmp/arguments-%u", user);
    fixture_memory();
    fixture_tree(folder);
    run_all(argv + 1);
    return 0;
}
