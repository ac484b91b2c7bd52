/*
 * For programs that compare system calls with Linux in named parts: prints "ok NAME" for each part in which all checks
 * held, and where a check did not. With a name as argument, that part alone runs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* One of each in a program of however many files. */
__attribute__((weak)) const char *part;
__attribute__((weak)) int failures;

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            printf("%s: line %d: %s (errno %d)\n", part, __LINE__, #condition, errno); \
            failures++; \
        } \
    } while (0)

struct part {
    const char *name;
    void (*run)(void);
};
#define PART(function) {#function, function}

/* Returns the program's status. */
static int run_parts(const struct part *parts, unsigned count, const char *only) {
    for (unsigned i = 0; i < count; i++) {
        int before = failures;
        if (only && strcmp(only, parts[i].name) != 0)
            continue;
        part = parts[i].name;
        parts[i].run();
        if (failures == before)
            printf("ok %s\n", part);
    }
    return failures != 0;
}
