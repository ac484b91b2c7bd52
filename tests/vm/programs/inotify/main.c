/*
 * inotify: which events come, in which order, with what in them; every expectation also holds on Linux. Runs as root
 * in the directory given. "stress SECONDS" instead: threads make, move and watch files while others read events.
 */
#include "tests/vm/programs/inotify/inotify.h"

int main(int argc, char **argv) {
    if (argc < 2 || chdir(argv[1]) != 0)
        return 2;
    if (argc > 2)
        return stress(atoi(argv[2]));
    test_calls();
    test_files();
    test_ends_of_files();
    test_directories();
    test_moves();
    test_flags();
    test_names();
    test_overflow();
    test_unmount();
    test_waiting();
    return checks_end();
}
