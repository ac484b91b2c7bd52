/* What all of them need. */
#include "tests/vm/programs/processes/processes.h"

const char *test_name;
int failures;
volatile int caught, caught_last;

void sleep_ms(int ms) {
    struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
    while (nanosleep(&t, &t) < 0 && errno == EINTR)
        ;
}

void action(int number, void *handler, int flags) {
    struct sigaction sa = {.sa_flags = flags};
    sa.sa_handler = handler;
    sigaction(number, &sa, NULL);
}

void note(int number) {
    caught++;
    caught_last = number;
}
