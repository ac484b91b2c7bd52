/*
 * splice, tee, vmsplice, sendfile, copy_file_range and pipes' buffers: every expectation also holds on Linux. Runs
 * as root in the directory given. "stress SECONDS" instead: many threads at a few pipes, nothing may be lost.
 */
#include "tests/vm/programs/splice/splice.h"

int main(int argc, char **argv) {
    fill();
    if (argc > 2)
        return stress(atoi(argv[2]));
    if (argc < 2 || chdir(argv[1]) != 0)
        return 2;
    test_buffers();
    test_packets();
    test_files();
    test_errors();
    test_buffer_errors();
    test_pipes();
    test_memory();
    test_sockets();
    test_terminals();
    test_sendfile();
    test_waiting();
    return checks_end();
}
