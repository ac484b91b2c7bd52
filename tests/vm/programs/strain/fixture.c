/* What all of them need. */
#include "tests/vm/programs/strain/strain.h"

void limit(int resource, rlim_t value) {
    struct rlimit both = {value, value};
    REQUIRE(setrlimit(resource, &both) == 0);
}

void wait_all(void) {
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {
    }
    REQUIRE(errno == ECHILD);
}
