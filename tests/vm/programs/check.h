/* What the programs that compare system calls with Linux check with: prints each failure, counts all checks. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* One of each in a program of however many files. */
__attribute__((weak)) int checks, failures;
__attribute__((weak)) const char *section = "";

static void report(int line, const char *text, long got, int error) {
    failures++;
    printf("FAIL %s:%d %s: %ld (%s)\n", section, line, text, got, error ? strerror(error) : "-");
}

/* The call succeeds (result >= 0). */
#define OK(call) ({ errno = 0; long r_ = (long)(call); checks++; if (r_ < 0) report(__LINE__, #call, r_, errno); r_; })
/* The call gives exactly this result. */
#define IS(call, want) ({ errno = 0; long r_ = (long)(call); checks++; if (r_ != (long)(want)) report(__LINE__, #call, r_, errno); r_; })
/* The call fails with this errno. */
#define FAILS(call, want) ({ errno = 0; long r_ = (long)(call); checks++; if (r_ != -1 || errno != (want)) report(__LINE__, #call " fails with " #want, r_, errno); })
#define TRUE(condition) ({ checks++; if (!(condition)) report(__LINE__, #condition, 0, 0); })

static int checks_end(void) {
    printf("%d checks, %d failed\n", checks, failures);
    return failures != 0;
}
