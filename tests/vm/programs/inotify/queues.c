/* Too many events; waiting for some. */
#include "tests/vm/programs/inotify/inotify.h"

void test_overflow(void) {
    begin("overflow");
    int file = open("/proc/sys/fs/inotify/max_queued_events", O_RDWR);
    OK(file);
    char old[32] = {0};
    read(file, old, sizeof old - 1);
    pwrite(file, "10", 2, 0);
    close(in);
    in = inotify_init1(IN_NONBLOCK);
    OK(inotify_add_watch(in, ".", IN_CREATE | IN_DELETE));
    for (int i = 0; i < 20; i++) {
        close(make("f"));
        unlink("f");
    }
    char want[400] = "";
    for (int i = 0; i < 10; i++)
        strcat(want, i % 2 ? "1:DELETE(f) " : "1:CREATE(f) ");
    strcat(want, "-1:OVERFLOW");
    NEWS(want);
    close(make("f"));
    unlink("f");
    NEWS("1:CREATE(f) 1:DELETE(f)");
    pwrite(file, old, strlen(old), 0);
    close(file);
    close(in);
}

static volatile int signals;
static void count(int signal) {
    signals++;
}

static void *late(void *argument) {
    (void)argument;
    until_asleep(getpid()); /* the first thread */
    close(make("late"));
    return NULL;
}

void test_waiting(void) {
    begin("waiting");
    pthread_t thread;
    OK(inotify_add_watch(in, ".", IN_CREATE));
    struct pollfd entry = {in, POLLIN, 0};
    pthread_create(&thread, NULL, late, NULL);
    IS(poll(&entry, 1, -1), 1);
    pthread_join(thread, NULL);
    unlink("late");
    news();
    fcntl(in, F_SETFL, 0);
    pthread_create(&thread, NULL, late, NULL);
    IS(read(in, events, sizeof events), 32);
    pthread_join(thread, NULL);
    unlink("late");
    signal(SIGIO, count);
    OK(fcntl(in, F_SETOWN, getpid()));
    OK(fcntl(in, F_SETFL, O_ASYNC | O_NONBLOCK));
    close(make("late"));
    IS(signals, 1);
    unlink("late");
    close(in);
}
