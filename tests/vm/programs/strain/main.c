/*
 * Uses up what a kernel can run out of, one kind after the other, each in a process of its own, and
 * reads from /kernel/runtime/memory whether all of it comes back. Each strain runs a few times: caches fill in
 * the first rounds, a leak grows with every one. Prints "NAME ok" or what went wrong.
 */
#include "tests/vm/programs/strain/strain.h"

#define WARM_ROUNDS 2
#define ROUNDS 3
#define LEAK_BYTES (64 << 10) /* more than this lost over the rounds is a leak */
#define RETURN_S 60 /* what is on its way back has arrived then */
#define SECONDS_MAX 240

static const struct strain {
    const char *name;
    void (*run)(void);
    bool may_be_killed, on_request;
} strains[] = {
#define STRAIN(name) {#name, name}
#define DEADLY(name) {#name, name, .may_be_killed = true}
#define ON_REQUEST(name) {#name, name, .on_request = true}
    STRAIN(processes), STRAIN(processes_limited), STRAIN(fork_bomb), STRAIN(orphans), STRAIN(threads),
    STRAIN(descriptors), STRAIN(many_descriptors), STRAIN(pipes), STRAIN(polls), STRAIN(deep_directories),
    STRAIN(wide_directory), STRAIN(negative_names), STRAIN(symlink_loops), STRAIN(long_names), STRAIN(mounts),
    STRAIN(room_for_one),
    STRAIN(mappings), STRAIN(endless_mappings), STRAIN(limited_memory), STRAIN(long_arguments),
    STRAIN(script_loops), STRAIN(program_storm), STRAIN(signal_storm), STRAIN(queued_signals),
    STRAIN(faults_in_handlers), STRAIN(timers), DEADLY(full_files), DEADLY(exhaust), DEADLY(exhaust_tables),
    DEADLY(exhaust_shared), DEADLY(exhaust_together), ON_REQUEST(numbers),
};

/* All that is in use but for cached names. */
static long used_bytes(void) {
    char text[4096];
    struct timespec settle = {0, 50000000}; /* grace periods, freed spaces */
    int drop = open("/proc/sys/vm/drop_caches", O_WRONLY);
    if (drop >= 0)
        write(drop, "3", 1), close(drop);
    nanosleep(&settle, NULL);
    int file = open("/kernel/runtime/memory", O_RDONLY);
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0)
        return -1;
    text[length] = 0;
    char *line = strstr(text, "\nused_bytes ");
    return line ? atol(line + strlen("\nused_bytes ")) : -1;
}

static bool run_once(const struct strain *strain) {
    pid_t pid = fork();
    if (pid == 0) {
        alarm(SECONDS_MAX);
        if (mkdir("scratch", 0777), chdir("scratch") != 0)
            _exit(2);
        if (strain->may_be_killed)
            limit(RLIMIT_CORE, 0);
        strain->run();
        exit(0);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        printf("%s: fork: %s\n", strain->name, strerror(errno));
        return false;
    }
    if (status == 0 || (strain->may_be_killed && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
        return true;
    printf("%s: status %#x\n", strain->name, status);
    return false;
}

static bool run_rounds(const struct strain *strain, int rounds) {
    bool good = true;
    while (good && rounds-- > 0)
        good = run_once(strain);
    return good;
}

/* Bytes that were not there again after a few rounds, however long one waits. */
static long lost_bytes(const struct strain *strain) {
    long before = used_bytes(), lost = LONG_MAX;
    REQUIRE(before >= 0);
    if (!run_rounds(strain, ROUNDS))
        return LONG_MAX;
    for (int tries = 0; lost > LEAK_BYTES && tries < RETURN_S * 20; tries++)
        lost = used_bytes() - before;
    return lost;
}

/* What a table that has grown for good took is lost once; a leak shows every time. */
static bool run(const struct strain *strain) {
    long lost = 0;
    if (!run_rounds(strain, strain->on_request ? 1 : WARM_ROUNDS))
        return false;
    if (strain->on_request) {
        printf("%s ok\n", strain->name);
        return true;
    }
    for (int attempt = 0; attempt < 3 && lost != LONG_MAX; attempt++) {
        lost = lost_bytes(strain);
        if (lost <= LEAK_BYTES) {
            printf("%s ok\n", strain->name);
            return true;
        }
    }
    if (lost != LONG_MAX)
        printf("%s: %ld bytes lost in %d rounds\n", strain->name, lost, ROUNDS);
    return false;
}

int main(int argc, char **argv) {
    int failed = 0;
    if (chdir("/tmp") != 0)
        return 1;
    for (size_t i = 0; i < sizeof strains / sizeof strains[0]; i++) {
        bool wanted = argc < 2 && !strains[i].on_request;
        for (int word = 1; word < argc; word++)
            wanted |= strcmp(argv[word], strains[i].name) == 0;
        if (wanted)
            failed += !run(&strains[i]);
        fflush(stdout);
    }
    return failed != 0;
}
