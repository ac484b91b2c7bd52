/* Threads make, move and watch files while others read events. */
#include "tests/vm/programs/inotify/inotify.h"

static volatile int stopping;
static void *churn(void *argument) {
    unsigned seed = (unsigned)(uintptr_t)argument;
    char a[32], b[32];
    while (!stopping) {
        sprintf(a, "d%u/f%u", (unsigned)rand_r(&seed) % 3, (unsigned)rand_r(&seed) % 5);
        sprintf(b, "d%u/f%u", (unsigned)rand_r(&seed) % 3, (unsigned)rand_r(&seed) % 5);
        int fd = open(a, O_RDWR | O_CREAT, 0600);
        write(fd, "x", 1);
        close(fd);
        switch (rand_r(&seed) % 4) {
        case 0: rename(a, b); break;
        case 1: syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE); break;
        case 2: link(a, b); break;
        default: unlink(a); break;
        }
    }
    return NULL;
}

static void *watch(void *argument) {
    unsigned seed = (unsigned)(uintptr_t)argument;
    static const uint32_t masks[] = {IN_ALL_EVENTS, IN_MODIFY | IN_ONESHOT, IN_DELETE_SELF, IN_OPEN | IN_MASK_ADD};
    char name[32], buffer[4096];
    while (!stopping) {
        int fd = inotify_init1(IN_NONBLOCK);
        for (int i = 0; i < 200 && !stopping; i++) {
            sprintf(name, rand_r(&seed) % 2 ? "d%u" : "d%u/f%u", (unsigned)rand_r(&seed) % 3, (unsigned)rand_r(&seed) % 5);
            int wd = inotify_add_watch(fd, name, masks[rand_r(&seed) % 4]);
            ssize_t got;
            while ((got = read(fd, buffer, sizeof buffer)) > 0)
                for (char *p = buffer; p < buffer + got;) {
                    struct inotify_event *event = (void *)p;
                    if (event->len > 256 || (event->len && !memchr(event->name, 0, event->len)))
                        printf("bad event\n");
                    p += sizeof *event + event->len;
                }
            if (rand_r(&seed) % 4 == 0)
                inotify_rm_watch(fd, wd);
        }
        close(fd);
    }
    return NULL;
}

int stress(int seconds) {
    pthread_t threads[5];
    for (int i = 0; i < 3; i++) {
        char name[8];
        sprintf(name, "d%d", i);
        mkdir(name, 0700);
    }
    for (uintptr_t i = 0; i < 5; i++)
        pthread_create(&threads[i], NULL, i < 3 ? churn : watch, (void *)(i + 1));
    sleep((unsigned)seconds);
    stopping = 1;
    for (int i = 0; i < 5; i++)
        pthread_join(threads[i], NULL);
    printf("whole\n");
    return 0;
}
