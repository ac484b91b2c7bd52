/*
 * The vDSO: found through AT_SYSINFO_EHDR as a C library does, its clocks held against the system
 * calls in both orders, its mappings treated roughly. With `cost`, prints the instructions of one
 * clock_gettime either way; that needs QEMU's -icount shift=1, where 2 ns pass an instruction.
 */
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMPARISONS 10000
#define COST_CALLS 1000
#define NS_PER_INSTRUCTION 2
#define PAGE 4096ul

static const char *header;
static int (*vdso_gettime)(int, struct timespec *);
static int (*vdso_getres)(int, struct timespec *);
static int (*vdso_gettimeofday)(struct timeval *, struct timezone *);
static time_t (*vdso_time)(time_t *);
static int (*vdso_getcpu)(unsigned *, unsigned *, void *);

static void check(int good, const char *name) {
    printf("%s %s\n", good ? "ok" : "BAD", name);
    fflush(stdout);
}

static const Elf64_Dyn *dynamic_entry(int64_t tag) {
    const Elf64_Ehdr *elf = (const void *)header;
    const Elf64_Phdr *segment = (const void *)(header + elf->e_phoff);
    for (int i = 0; i < elf->e_phnum; i++)
        if (segment[i].p_type == PT_DYNAMIC)
            for (const Elf64_Dyn *entry = (const void *)(header + segment[i].p_vaddr); entry->d_tag != DT_NULL; entry++)
                if (entry->d_tag == tag)
                    return entry;
    return NULL;
}

static const void *table(int64_t tag) {
    const Elf64_Dyn *entry = dynamic_entry(tag);
    return entry ? header + entry->d_un.d_ptr : NULL;
}

/* The symbol's address, if its version is LINUX_2.6. */
static void *lookup(const char *name) {
    const uint32_t *hash = table(DT_HASH);
    const Elf64_Sym *symbols = table(DT_SYMTAB);
    const char *strings = table(DT_STRTAB);
    const uint16_t *versions = table(DT_VERSYM);
    const Elf64_Verdef *definition = table(DT_VERDEF);
    if (!hash || !symbols || !strings || !versions || !definition)
        return NULL;
    for (uint32_t i = 0; i < hash[1]; i++) {
        if (symbols[i].st_shndx == SHN_UNDEF || strcmp(strings + symbols[i].st_name, name) != 0)
            continue;
        const Elf64_Verdef *version = definition;
        while (version->vd_ndx != versions[i] && version->vd_next)
            version = (const void *)((const char *)version + version->vd_next);
        const Elf64_Verdaux *text = (const void *)((const char *)version + version->vd_aux);
        return strcmp(strings + text->vda_name, "LINUX_2.6") == 0 ? (void *)(header + symbols[i].st_value) : NULL;
    }
    return NULL;
}

static int is_an_object(void) {
    const Elf64_Ehdr *elf = (const void *)header;
    const Elf64_Dyn *name = dynamic_entry(DT_SONAME);
    return memcmp(elf->e_ident, ELFMAG, SELFMAG) == 0 && elf->e_type == ET_DYN && elf->e_machine == EM_X86_64 &&
           name && strcmp((const char *)table(DT_STRTAB) + name->d_un.d_val, "linux-vdso.so.1") == 0;
}

static int symbols_are_there(void) {
    static const char *const names[] = {"clock_gettime", "clock_getres", "gettimeofday", "time", "getcpu"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        char long_name[32];
        snprintf(long_name, sizeof long_name, "__vdso_%s", names[i]);
        if (!lookup(names[i]) || lookup(names[i]) != lookup(long_name))
            return 0;
    }
    vdso_gettime = lookup("__vdso_clock_gettime");
    vdso_getres = lookup("__vdso_clock_getres");
    vdso_gettimeofday = lookup("__vdso_gettimeofday");
    vdso_time = lookup("__vdso_time");
    vdso_getcpu = lookup("__vdso_getcpu");
    return 1;
}

static int64_t to_ns(struct timespec time) {
    return time.tv_sec * 1000000000ll + time.tv_nsec;
}

/* Either way in turn: no reading may be behind the one before, so none of either is ahead of the other's next. */
static int clock_agrees(int clock) {
    struct timespec now, resolution;
    int64_t last = 0;
    for (int i = 0; i < COMPARISONS; i++) {
        int status = i % 2 ? (int)syscall(SYS_clock_gettime, clock, &now) : vdso_gettime(clock, &now);
        if (status != 0 || now.tv_nsec < 0 || now.tv_nsec >= 1000000000 || to_ns(now) < last)
            return 0;
        last = to_ns(now);
    }
    return vdso_getres(clock, &resolution) == 0 && to_ns(resolution) == 1;
}

/* What the page does not answer: CPU time, clocks that do not exist. */
static int others_fall_back(void) {
    struct timespec now, later;
    return vdso_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0 &&
           syscall(SYS_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, &later) == 0 && to_ns(now) <= to_ns(later) &&
           vdso_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0 && vdso_gettime(1000, &now) == -22 &&
           vdso_getres(1000, &now) == -22;
}

static int other_calls_agree(void) {
    struct timezone zone = {1, 1};
    struct timeval first, second;
    unsigned cpu = 1000, node = 1000;
    time_t stored = 0, before = (time_t)syscall(SYS_time, NULL), now = vdso_time(&stored);
    time_t after = (time_t)syscall(SYS_time, NULL);
    if (vdso_gettimeofday(&first, &zone) != 0 || syscall(SYS_gettimeofday, &second, NULL) != 0)
        return 0;
    return now == stored && before <= now && now <= after && vdso_gettimeofday(NULL, NULL) == 0 &&
           !timercmp(&first, &second, >) && zone.tz_minuteswest == 0 && vdso_getcpu(&cpu, &node, NULL) == 0 &&
           cpu < 64 && node == 0;
}

/* The wall clock set: both ways show it at once. */
static int setting_is_seen(void) {
    struct timespec saved, new = {2000000000, 0}, seen, after;
    clock_gettime(CLOCK_REALTIME, &saved);
    if (clock_settime(CLOCK_REALTIME, &new) != 0)
        return 0;
    int good = vdso_gettime(CLOCK_REALTIME, &seen) == 0 && seen.tv_sec >= new.tv_sec &&
               syscall(SYS_clock_gettime, CLOCK_REALTIME, &after) == 0 && to_ns(seen) <= to_ns(after);
    return clock_settime(CLOCK_REALTIME, &saved) == 0 && vdso_gettime(CLOCK_REALTIME, &seen) == 0 &&
           to_ns(seen) >= to_ns(saved) && seen.tv_sec < new.tv_sec &&
           syscall(SYS_clock_gettime, CLOCK_REALTIME, &after) == 0 && to_ns(seen) <= to_ns(after) && good;
}

static int has_zone(int minutes_west, int dst) {
    struct timezone mapped = {77, 77}, told = {77, 77};
    return vdso_gettimeofday(NULL, &mapped) == 0 && syscall(SYS_gettimeofday, NULL, &told) == 0 &&
           mapped.tz_minuteswest == minutes_west && mapped.tz_dsttime == dst &&
           told.tz_minuteswest == minutes_west && told.tz_dsttime == dst;
}

static int set_zone(int minutes_west, int dst) {
    struct timezone zone = {minutes_west, dst};
    return (int)syscall(SYS_settimeofday, NULL, &zone);
}

/* The kernel keeps it for whoever asks; the clock stays. Zero first: the first one after boot may move the clock. */
static int zone_is_seen(void) {
    struct timespec before, after;
    int good = set_zone(0, 0) == 0 && clock_gettime(CLOCK_REALTIME, &before) == 0 && set_zone(-120, 1) == 0 &&
               has_zone(-120, 1) && set_zone(901, 0) == -1 && set_zone(-901, 0) == -1 && has_zone(-120, 1) &&
               clock_gettime(CLOCK_REALTIME, &after) == 0 && after.tv_sec - before.tv_sec < 3600;
    return set_zone(0, 0) == 0 && has_zone(0, 0) && good;
}

static int is_listed(const char *name, const char *rights, uintptr_t address) {
    char line[256], seen_rights[8], seen_name[64];
    unsigned long start;
    int found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps)) {
        int fields = sscanf(line, "%lx-%*x %7s %*s %*s %*s %63s", &start, seen_rights, seen_name);
        found += fields == 3 && strcmp(seen_name, name) == 0 && strcmp(seen_rights, rights) == 0 && start == address;
    }
    if (maps)
        fclose(maps);
    return found == 1;
}

static int exit_status(pid_t pid) {
    int status;
    return waitpid(pid, &status, 0) == pid ? status : -1;
}

static int stays_readable_only(void) {
    char *pages = (char *)header - PAGE;
    if (mprotect(pages, PAGE, PROT_READ | PROT_WRITE) == 0 || mprotect(pages, PAGE, PROT_READ | PROT_EXEC) == 0 ||
        mprotect(pages + PAGE, PAGE, PROT_READ | PROT_WRITE) == 0)
        return 0;
    for (int page = 0; page < 2; page++) {
        pid_t pid = fork();
        if (pid == 0) {
            pages[page * PAGE] = 1;
            _exit(0);
        }
        int status = exit_status(pid);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != 11)
            return 0;
    }
    return 1;
}

/* Moved together they go on working; unmapped, only they are gone. */
static int can_be_moved_and_unmapped(void) {
    pid_t pid = fork();
    if (pid == 0) {
        struct timespec now;
        char *pages = (char *)header - PAGE;
        char *room = mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        for (int page = 0; page < 2; page++)
            if (mremap(pages + page * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room + page * PAGE) !=
                room + page * PAGE)
                _exit(1);
        int (*moved)(int, struct timespec *) = (void *)((char *)vdso_gettime + (room - pages));
        if (moved(CLOCK_MONOTONIC, &now) != 0 || !is_listed("[vdso]", "r-xp", (uintptr_t)room + PAGE))
            _exit(2);
        if (munmap(room, 2 * PAGE) != 0 || is_listed("[vdso]", "r-xp", (uintptr_t)room + PAGE))
            _exit(3);
        _exit(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) == 0 ? 0 : 4);
    }
    return exit_status(pid) == 0;
}

static int works_after_fork(void) {
    pid_t pid = fork();
    if (pid == 0)
        _exit(is_listed("[vvar]", "r--p", (uintptr_t)header - PAGE) && clock_agrees(CLOCK_MONOTONIC) ? 0 : 1);
    return exit_status(pid) == 0;
}

static void print_cost(void) {
    struct timespec start, middle, end;
    vdso_gettime(CLOCK_MONOTONIC, &start);
    vdso_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < COST_CALLS; i++)
        vdso_gettime(CLOCK_MONOTONIC, &middle);
    for (int i = 0; i < COST_CALLS; i++)
        syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &end);
    printf("vdso %lld\n", (long long)(to_ns(middle) - to_ns(start)) / NS_PER_INSTRUCTION / COST_CALLS);
    printf("syscall %lld\n", (long long)(to_ns(end) - to_ns(middle)) / NS_PER_INSTRUCTION / COST_CALLS);
}

int main(int argc, char **argv) {
    header = (const char *)getauxval(AT_SYSINFO_EHDR);
    if (!header || !is_an_object() || !symbols_are_there()) {
        check(0, "found");
        return 1;
    }
    if (argc > 1 && strcmp(argv[1], "cost") == 0) {
        print_cost();
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "place") == 0) {
        printf("%p\n", (const void *)header);
        return 0;
    }
    static const int clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,
                                 CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME};
    check(1, "found");
    for (unsigned i = 0; i < sizeof clocks / sizeof *clocks; i++)
        check(clock_agrees(clocks[i]), "clock agrees with the system call");
    check(others_fall_back(), "other clocks fall back");
    check(other_calls_agree(), "gettimeofday, time and getcpu");
    check(setting_is_seen(), "a new wall clock is seen");
    check(zone_is_seen(), "a time zone is seen");
    check(is_listed("[vdso]", "r-xp", (uintptr_t)header) && is_listed("[vvar]", "r--p", (uintptr_t)header - PAGE),
          "listed in /proc/self/maps");
    check(is_listed("[vsyscall]", "--xp", 0xffffffffff600000), "and where older programs call");
    check(stays_readable_only(), "cannot be written");
    check(can_be_moved_and_unmapped(), "can be moved and unmapped");
    check(works_after_fork(), "works after a fork");
    return 0;
}
