/*
 * Several processes do random operations on few names in one tree, for some seconds: renames across
 * directories, links, removals, reads, writes, mappings, pipes, locks. Nothing is expected of single
 * calls but that they return; at the end nothing may keep the tree busy. `files_stress DIR SECONDS`
 */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES 5
static unsigned long state;
static unsigned pick(unsigned n) {
    state = state * 6364136223846793005ul + 1442695040888963407ul;
    return (unsigned)(state >> 33) % n;
}

/* One of few names, one to four levels deep, some of them long. */
static const char *name(char *buffer) {
    static const char *const parts[] = {"a", "b", "c", "d", "a_rather_long_name_that_does_not_fit_inside_the_dentry_itself", ".."};
    buffer[0] = 0;
    for (unsigned i = pick(4) + 1; i > 0; i--) {
        strcat(buffer, parts[pick(i == 1 ? 5 : 6)]);
        if (i > 1)
            strcat(buffer, "/");
    }
    return strncmp(buffer, "..", 2) ? buffer : "a";
}

static sigjmp_buf cut_off;
static void bus_error(int signal) {
    siglongjmp(cut_off, signal);
}

static void use_file(const char *path) {
    char buffer[5000];
    int fd = open(path, O_RDWR | O_CREAT | (pick(3) ? 0 : O_TRUNC) | (pick(3) ? 0 : O_APPEND), 0644);
    if (fd < 0)
        return;
    memset(buffer, 'x', sizeof buffer);
    write(fd, buffer, pick(sizeof buffer));
    pread(fd, buffer, pick(sizeof buffer), pick(10000));
    if (!pick(3))
        ftruncate(fd, pick(20000));
    struct stat st;
    fstat(fd, &st);
    if (st.st_size > 0) {
        char *map = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, pick(2) ? MAP_SHARED : MAP_PRIVATE, fd, 0);
        if (map != MAP_FAILED) {
            if (sigsetjmp(cut_off, 1) == 0) /* another process may truncate the file meanwhile */
                map[0] = 'm';
            munmap(map, st.st_size);
        }
    }
    flock(fd, pick(2) ? LOCK_EX | LOCK_NB : LOCK_SH | LOCK_NB);
    char link_name[40], target[300];
    snprintf(link_name, sizeof link_name, "/proc/self/fd/%d", fd);
    readlink(link_name, target, sizeof target);
    close(fd);
}

static void operate(void) {
    char x[400], y[400], buffer[512];
    struct stat st;
    const char *p = name(x), *q = name(y);
    switch (pick(16)) {
    case 0: mkdir(p, 0755); break;
    case 1: rmdir(p); break;
    case 2: unlink(p); break;
    case 3: rename(p, q); break;
    case 4: syscall(SYS_renameat2, AT_FDCWD, p, AT_FDCWD, q, 2); break;
    case 5: link(p, q); break;
    case 6: symlink(pick(2) ? "../b" : "a", p); break;
    case 7: stat(p, &st); break;
    case 8: lstat(p, &st); break;
    case 9: chmod(p, pick(01000)); break;
    case 10: truncate(p, pick(100000)); break;
    case 11: {
        DIR *d = opendir(p);
        while (d && readdir(d))
            ;
        if (d)
            closedir(d);
        break;
    }
    case 12:
        if (chdir(p) == 0) {
            getcwd(buffer, sizeof buffer);
            while (pick(3) && chdir(name(x)) == 0)
                ;
        }
        break;
    case 13: {
        int fd = open("/proc/self/mountinfo", O_RDONLY);
        read(fd, buffer, sizeof buffer);
        close(fd);
        break;
    }
    default: use_file(p);
    }
}

static int failed(const char *what, int result) {
    if (result != 0)
        perror(what);
    return result != 0;
}

int main(int argc, char **argv) {
    time_t end = time(NULL) + atoi(argv[2]);
    char proc[300];
    mkdir(argv[1], 0755);
    if (mount("stress", argv[1], "tmpfs", 0, "size=16m")) {
        perror("mount");
        return 2;
    }
    snprintf(proc, sizeof proc, "%s/proc", argv[1]);
    mkdir(proc, 0755);
    if (mount("proc", proc, "proc", 0, NULL)) {
        perror("mount");
        return 2;
    }
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            state = (unsigned long)i * 77777 + 1;
            signal(SIGBUS, bus_error);
            if (chroot(argv[1])) /* ".." must not lead out */
                _exit(1);
            do {
                chdir("/");
                for (int n = 0; n < 20; n++)
                    operate();
            } while (time(NULL) < end);
            _exit(0);
        }
    }
    int status, bad = 0;
    while (wait(&status) > 0)
        bad += status != 0 && printf("a process ended with status %x\n", status);
    bad += failed("proc", umount(proc));
    bad += failed("umount", umount(argv[1])); /* a reference too many would keep it busy */
    bad += failed("rmdir", rmdir(argv[1]));
    printf("%s\n", bad ? "damaged" : "whole");
    return bad != 0;
}
