/* Kinds of descriptors that are opened by name: /dev, /proc and /sys. */
#include <fcntl.h>

#include "tests/vm/programs/kinds/kinds.h"

#define DEVICE(name, flags, traits) {"dev-" #name, NULL, "/dev/" #name, O_NOCTTY | O_NONBLOCK | (flags), traits},
#define PROC(name, flags) {"proc/" name, NULL, "/proc/" name, (flags) | O_NONBLOCK, VARIES},

static const struct kind kinds[] = {
    DEVICE(null, O_RDWR, 0)
    DEVICE(zero, O_RDWR, 0)
    DEVICE(full, O_RDWR, 0)
    DEVICE(random, O_RDWR, 0)
    DEVICE(urandom, O_RDWR, 0)
    DEVICE(kmsg, O_RDWR, VARIES)
    DEVICE(tty, O_RDWR, 0)
    DEVICE(console, O_RDWR, VARIES)
    DEVICE(tty0, O_RDWR, VARIES)
    DEVICE(tty1, O_RDWR, VARIES)
    DEVICE(ttyS0, O_RDWR, VARIES)
    DEVICE(ptmx, O_RDWR, 0)
    {"dev-null-path", NULL, "/dev/null", O_PATH, 0},
    {"dev", NULL, "/dev", O_RDONLY, VARIES},
    {"dev-pts", NULL, "/dev/pts", O_RDONLY, VARIES},
    {"proc", NULL, "/proc", O_RDONLY, VARIES},
    PROC("self", O_RDONLY | O_DIRECTORY)
    PROC("self/fd", O_RDONLY)
    PROC("self/fdinfo", O_RDONLY)
    PROC("self/task", O_RDONLY)
    PROC("self/maps", O_RDONLY)
    PROC("self/smaps", O_RDONLY)
    PROC("self/mem", O_RDWR)
    PROC("self/pagemap", O_RDONLY)
    PROC("self/stat", O_RDONLY)
    PROC("self/statm", O_RDONLY)
    PROC("self/status", O_RDONLY)
    PROC("self/cmdline", O_RDONLY)
    PROC("self/environ", O_RDONLY)
    PROC("self/auxv", O_RDONLY)
    PROC("self/comm", O_RDWR)
    PROC("self/oom_score", O_RDONLY)
    PROC("self/oom_score_adj", O_RDWR)
    PROC("self/io", O_RDONLY)
    PROC("self/limits", O_RDONLY)
    PROC("self/mounts", O_RDONLY)
    PROC("self/mountinfo", O_RDONLY)
    PROC("self/exe", O_RDONLY)
    PROC("self/cwd", O_RDONLY)
    PROC("meminfo", O_RDONLY)
    PROC("stat", O_RDONLY)
    PROC("uptime", O_RDONLY)
    PROC("loadavg", O_RDONLY)
    PROC("version", O_RDONLY)
    PROC("cpuinfo", O_RDONLY)
    PROC("filesystems", O_RDONLY)
    PROC("sysvipc/shm", O_RDONLY)
    PROC("sys", O_RDONLY)
    PROC("sys/kernel/hostname", O_RDWR)
    PROC("sys/kernel/osrelease", O_RDONLY)
    PROC("sys/kernel/msgmni", O_RDWR)
    PROC("sys/kernel/random/uuid", O_RDONLY)
    PROC("sys/vm/overcommit_memory", O_RDWR)
    PROC("sys/fs/pipe-max-size", O_RDONLY)
    {"sys", NULL, "/sys", O_RDONLY, VARIES},
    {"sys-cpus", NULL, "/sys/devices/system/cpu", O_RDONLY, VARIES},
    {"sys-online", NULL, "/sys/devices/system/cpu/online", O_RDONLY, VARIES},
};

const struct kinds path_kinds = ALL_OF(kinds);
