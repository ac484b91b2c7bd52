/* What all of them need. */
#include "tests/vm/programs/sysv_ipc/sysv_ipc.h"

key_t key(void) {
    static key_t last;
    return last ? ++last : (last = 0x41000000 + (getpid() << 8));
}

int child_says(pid_t child) {
    int status;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

int lines_with(const char *path, int id) {
    char line[512], *at;
    int found = 0;
    FILE *file = fopen(path, "r");
    if (file)
        fgets(line, sizeof line, file); /* the headings */
    while (file && fgets(line, sizeof line, file)) {
        strtol(line, &at, 10);
        found += strtol(at, NULL, 10) == id;
    }
    if (file)
        fclose(file);
    return found;
}
