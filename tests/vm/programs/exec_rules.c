/* execve's rules as Linux has them: "ok NAME" or "not ok NAME: why" a line. Run by itself it is also the program executed. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *test_name, *self;
static int failures;

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            printf("not ok %s: line %d: %s (errno %d)\n", test_name, __LINE__, #condition, errno); \
            failures++; \
            return; \
        } \
    } while (0)

static char output[8192];

/* Runs a program; its output goes to `output`. Its wait status. */
static int run_at(int directory, const char *path, int flags, char **arguments, char **environment) {
    int ends[2], status = -1;
    size_t length = 0;
    ssize_t count;

    if (pipe(ends) != 0)
        return -1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        close(ends[0]), close(ends[1]);
        syscall(SYS_execveat, directory, path, arguments, environment, flags);
        dprintf(1, "errno %d", errno);
        _exit(120);
    }
    close(ends[1]);
    while ((count = read(ends[0], output + length, sizeof output - 1 - length)) > 0)
        length += (size_t)count;
    output[length] = 0;
    close(ends[0]);
    return waitpid(pid, &status, 0) == pid ? status : -1;
}

static int run(const char *path, char **arguments, char **environment) {
    return run_at(AT_FDCWD, path, 0, arguments, environment);
}

static int write_file(const char *path, const char *text, mode_t mode) {
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT, mode);
    ssize_t written = write(fd, text, strlen(text));
    return close(fd) == 0 && written == (ssize_t)strlen(text) ? 0 : -1;
}

static char *no_environment[] = {NULL};

static void test_arguments(void) {
    char *arguments[] = {"name", "show", "", "two words", NULL}, *environment[] = {"A=1", "B=", NULL};
    CHECK(run(self, arguments, environment) == 0);
    CHECK(strcmp(output, "[name][show][][two words]{A=1}{B=}") == 0);
    CHECK(run(self, no_environment, no_environment) == 0 && strcmp(output, "[]") == 0); /* never without argv[0] */
}

static void test_limits(void) {
    char *text = malloc(200000), *arguments[] = {"x", "count", text, NULL}, **many = calloc(90001, sizeof *many);
    memset(text, 'a', 199999);
    text[199999] = 0;
    CHECK(run(self, arguments, no_environment) == 120 << 8 && strcmp(output, "errno 7") == 0); /* E2BIG */
    text[131071] = 0; /* MAX_ARG_STRLEN with the NUL */
    CHECK(run(self, arguments, no_environment) == 0 && strcmp(output, "3 131071") == 0);
    for (int i = 0; i < 90000; i++)
        many[i] = i == 1 ? "count" : "0123456789";
    CHECK(run(self, many, no_environment) == 0 && strncmp(output, "90000 ", 6) == 0);
}

static void test_scripts(void) {
    char *arguments[] = {"zero", "one", NULL}, line[300];
    snprintf(line, sizeof line, "#! %s show \t\nignored", self);
    CHECK(write_file("/tmp/script", line, 0755) == 0 && run("/tmp/script", arguments, no_environment) == 0);
    snprintf(line, sizeof line, "[%s][show][/tmp/script][one]", self);
    CHECK(strcmp(output, line) == 0);
    CHECK(write_file("/tmp/outer", "#!/tmp/script a b", 0755) == 0 && run("/tmp/outer", arguments, no_environment) == 0);
    snprintf(line, sizeof line, "[%s][show][/tmp/script][a b][/tmp/outer][one]", self);
    CHECK(strcmp(output, line) == 0);
    CHECK(write_file("/tmp/loop", "#!/tmp/loop\n", 0755) == 0 && run("/tmp/loop", arguments, no_environment) == 120 << 8);
    CHECK(strcmp(output, "errno 40") == 0); /* ELOOP */
    CHECK(write_file("/tmp/none", "#!/nowhere\n", 0755) == 0 && run("/tmp/none", arguments, no_environment) == 120 << 8);
    CHECK(strcmp(output, "errno 2") == 0);
}

static void test_refusals(void) {
    char *arguments[] = {"x", NULL};
    CHECK(write_file("/tmp/text", "\177ELF and no more", 0755) == 0);
    CHECK(execve("/tmp/text", arguments, no_environment) == -1 && errno == ENOEXEC);
    CHECK(write_file("/tmp/empty", "", 0755) == 0);
    CHECK(execve("/tmp/empty", arguments, no_environment) == -1 && errno == ENOEXEC);
    CHECK(write_file("/tmp/plain", "#!/bin/sh\n", 0644) == 0);
    CHECK(execve("/tmp/plain", arguments, no_environment) == -1 && errno == EACCES);
    CHECK(execve("/tmp", arguments, no_environment) == -1 && errno == EACCES);
    CHECK(execve("/tmp/missing", arguments, no_environment) == -1 && errno == ENOENT);
    CHECK(execve("/tmp/text/x", arguments, no_environment) == -1 && errno == ENOTDIR);
    CHECK(execve((char *)1, arguments, no_environment) == -1 && errno == EFAULT);
    CHECK(execve(self, (char **)1, no_environment) == -1 && errno == EFAULT);
}

static void test_by_descriptor(void) {
    char *arguments[] = {"x", "show", NULL};
    int fd = open(self, O_RDONLY | O_CLOEXEC), directory = open("/tmp", O_RDONLY | O_DIRECTORY);
    CHECK(run_at(fd, "", AT_EMPTY_PATH, arguments, no_environment) == 0 && strcmp(output, "[x][show]") == 0);
    CHECK(run_at(fd, "", 0, arguments, no_environment) == 120 << 8 && strcmp(output, "errno 2") == 0);
    unlink("/tmp/link");
    CHECK(symlink(self, "/tmp/link") == 0);
    CHECK(run_at(directory, "link", 0, arguments, no_environment) == 0);
    CHECK(run_at(directory, "link", AT_SYMLINK_NOFOLLOW, arguments, no_environment) == 120 << 8);
    CHECK(strcmp(output, "errno 40") == 0);
    close(fd), close(directory);
}

static void test_what_survives(void) {
    char *arguments[] = {"x", "state", NULL};
    int stays = open("/dev/null", O_RDONLY), closes = open("/dev/null", O_RDONLY | O_CLOEXEC);
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGHUP, (void (*)(int))test_arguments);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    char expected[100];
    CHECK(run(self, arguments, no_environment) == 0);
    snprintf(expected, sizeof expected, "open %d closed %d ignored default blocked", stays, closes);
    char *places = strstr(output, "places");
    CHECK(places && strncmp(output, expected, strlen(expected)) == 0);
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    char first[100];
    snprintf(first, sizeof first, "%s", places);
    CHECK(run(self, arguments, no_environment) == 0 && strcmp(strstr(output, "places"), first) != 0); /* ASLR */
}

static void test_set_user_id(void) {
    char command[300];
    char *arguments[] = {"x", "ids", NULL};
    snprintf(command, sizeof command, "cp %s /tmp/setuid && chown 1000:1000 /tmp/setuid && chmod 6755 /tmp/setuid", self);
    CHECK(system(command) == 0);
    CHECK(run("/tmp/setuid", arguments, no_environment) == 0);
    CHECK(strcmp(output, "0 1000 0 1000 secure 1") == 0);
    CHECK(run(self, arguments, no_environment) == 0 && strcmp(output, "0 0 0 0 secure 0") == 0);
}

/* ---- what the executed program does ---- */

static int is_open(int fd) {
    return fcntl(fd, F_GETFD) >= 0;
}

static int show_state(void) {
    struct sigaction usr1, hup;
    sigset_t mask;
    int open_fd = 3;
    while (!is_open(open_fd))
        open_fd++;
    sigaction(SIGUSR1, NULL, &usr1);
    sigaction(SIGHUP, NULL, &hup);
    sigprocmask(SIG_BLOCK, NULL, &mask);
    printf("open %d closed %d %s %s %s places %p %p", open_fd, open_fd + 1,
           usr1.sa_handler == SIG_IGN ? "ignored" : "?", hup.sa_handler == SIG_DFL ? "default" : "?",
           sigismember(&mask, SIGUSR2) ? "blocked" : "?", (void *)&usr1, (void *)syscall(SYS_brk, 0));
    return is_open(open_fd + 1);
}

static int act(int argc, char **argv, char **environment) {
    if (strcmp(argc > 1 ? argv[1] : "show", "state") == 0)
        return show_state();
    if (argc > 1 && strcmp(argv[1], "count") == 0)
        return printf("%d %zu", argc, argc > 2 ? strlen(argv[2]) : 0) < 0;
    if (argc > 1 && strcmp(argv[1], "ids") == 0)
        return printf("%d %d %d %d secure %lu", getuid(), geteuid(), getgid(), getegid(), getauxval(AT_SECURE)) < 0;
    for (int i = 0; i < argc; i++)
        printf("[%s]", argv[i]);
    for (; *environment; environment++)
        printf("{%s}", *environment);
    return 0;
}

#define TEST(name) {#name, test_##name}
static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {TEST(arguments), TEST(limits), TEST(scripts), TEST(refusals), TEST(by_descriptor), TEST(what_survives),
             TEST(set_user_id)};

int main(int argc, char **argv, char **environment) {
    if (argc != 2 || strcmp(argv[1], "test") != 0)
        return act(argc, argv, environment);
    self = (const char *)getauxval(AT_EXECFN);
    for (unsigned i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        int before = failures;
        test_name = tests[i].name;
        tests[i].run();
        if (failures == before)
            printf("ok %s\n", test_name);
    }
    return failures != 0;
}
