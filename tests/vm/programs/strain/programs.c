/* Arguments, scripts, many programs. */
#include "tests/vm/programs/strain/strain.h"

void long_arguments(void) {
    enum { COUNT = 4000 };
    char *words[COUNT + 1];
    char *word = malloc(200000);
    memset(word, 'x', 199999);
    word[199999] = 0;
    words[0] = word, words[1] = NULL;
    REQUIRE(execv("/sys/bin/busybox", words) < 0 && errno == E2BIG); /* one word: at most 32 pages */
    word[100000] = 0;
    for (int i = 0; i < COUNT; i++)
        words[i] = word;
    words[COUNT] = NULL;
    REQUIRE(execv("/sys/bin/busybox", words) < 0 && errno == E2BIG);
}

static void write_program(const char *name, const char *text) {
    int file = open(name, O_CREAT | O_TRUNC | O_WRONLY, 0755);
    REQUIRE(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text) && close(file) == 0);
}

void script_loops(void) {
    write_program("loop", "#!loop\n");
    REQUIRE(execl("loop", "loop", NULL) < 0 && errno == ELOOP);
    write_program("loop", "#!/no/such/interpreter\n");
    REQUIRE(execl("loop", "loop", NULL) < 0 && errno == ENOENT);
    write_program("loop", "#!\n");
    REQUIRE(execl("loop", "loop", NULL) < 0 && errno == ENOEXEC);
    write_program("loop", "");
    REQUIRE(execl("loop", "loop", NULL) < 0 && errno == ENOEXEC);
    write_program("loop", "#!/tmp\n");
    REQUIRE(execl("loop", "loop", NULL) < 0 && errno == EACCES);
    REQUIRE(unlink("loop") == 0);
}

void program_storm(void) {
    for (int i = 0; i < 100; i++) {
        pid_t pid = vfork();
        if (pid == 0) {
            execl("/sys/bin/busybox", "true", NULL);
            _exit(127);
        }
        int status;
        REQUIRE(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
    }
}
