/*
 * Shared memory, semaphores and message queues of System V, checked the same on Linux and on Astra: prints
 * "ok NAME" or what is wrong. Needs root. Uses no keys that others could have.
 */
#include "tests/vm/programs/sysv_ipc/sysv_ipc.h"

static const struct part parts[] = {
    PART(shm_get), PART(shm_attachments), PART(shm_places), PART(shm_numbers), PART(sem_get), PART(sem_values),
    PART(sem_waiting), PART(sem_interrupted), PART(sem_undone), PART(sem_undone_by_the_last_thread),
    PART(sem_exclusion), PART(sem_numbers), PART(msg_order), PART(msg_chosen_id), PART(msg_sizes), PART(msg_waiting),
    PART(msg_traffic), PART(msg_numbers),
};
int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "nothing") == 0)
        return 0;
    setvbuf(stdout, NULL, _IONBF, 0);
    return run_parts(parts, sizeof parts / sizeof parts[0], argc > 1 ? argv[1] : NULL);
}
