/*
 * File system calls against what Linux answers: results, errno, and their order of precedence. Runs
 * as root in the empty directory given; every expectation also holds on Linux, so that running it
 * there tests the test. Prints each failed check; exits 1 if there was one.
 */
#include "tests/vm/programs/files/files.h"

int main(int argc, char **argv) {
    static void (*const tests[])(void) = {
        test_open, test_long_names, test_special_opens, test_directories, test_changing_directory, test_links,
        test_link_chains, test_links_in_paths, test_hard_links, test_rename, test_renamed_files, test_permissions,
        test_descriptors, test_descriptor_limits, test_vectors, test_appends, test_copies, test_times, test_pipes, test_pipe_flow,
        test_fifos, test_interrupted, test_poll, test_poll_wakes, test_eventfd, test_epoll, test_locks, test_flock,
        test_lock_waits, test_mounts, test_mount_places, test_chroot, test_nameless, test_devices, test_refusals, test_proc,
    };
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1 && chdir(argv[1])) {
        perror(argv[1]);
        return 2;
    }
    umask(022);
    if (mkdir("files-test", 0755) || chdir("files-test")) {
        perror("files-test");
        return 2;
    }
    for (unsigned i = 0; i < sizeof tests / sizeof tests[0]; i++)
        tests[i]();
    OK(chdir(".."));
    OK(rmdir("files-test"));
    return checks_end();
}
