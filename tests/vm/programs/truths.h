/* For programs that compare system calls with Linux by sentences: "ok SENTENCE" where it is true, else "not ok" and errno. */
#include <errno.h>
#include <stdio.h>

static int failures;

static void check(const char *sentence, int good) {
    printf(good ? "ok %s\n" : "not ok %s (errno %d)\n", sentence, errno);
    fflush(stdout);
    failures += !good;
    errno = 0;
}
