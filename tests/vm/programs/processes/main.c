/* Processes, signals, threads, timers and futexes as Linux has them: "ok NAME" or "not ok NAME: why" a line. */
#include "tests/vm/programs/processes/processes.h"

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"exit-status", test_exit_status}, {"wait-options", test_wait_options}, {"groups", test_groups},
    {"orphan", test_orphan}, {"vfork", test_vfork}, {"spawn", test_spawn}, {"ignored-children", test_ignored_children},
    {"handler", test_handler}, {"queue", test_queue}, {"fault", test_fault}, {"altstack", test_altstack},
    {"registers", test_registers}, {"restart", test_restart}, {"suspend", test_suspend}, {"sleep", test_sleep},
    {"stopped-sleep", test_stopped_sleep},
    {"periodic", test_periodic}, {"threads", test_threads}, {"condition", test_condition},
    {"thread-exit", test_thread_exit}, {"futex-shared", test_futex_shared}, {"robust", test_robust},
    {"identity", test_identity}, {"limits", test_limits}, {"scheduling", test_scheduling},
};
int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IONBF, 0);
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        int before = failures;
        test_name = tests[i].name;
        if (argc > 1 && strcmp(argv[1], test_name))
            continue;
        tests[i].run();
        if (failures == before)
            printf("ok %s\n", test_name);
    }
    return failures != 0;
}
