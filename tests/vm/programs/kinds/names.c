/* What a file is and is called: status, owners, times, attributes, and names relative to the descriptor. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/vm/programs/kinds/kinds.h"

static char room[PAGE];

static const char *proc_name(const char *folder, int fd) {
    static char name[64];
    snprintf(name, sizeof name, "/proc/self/%s/%d", folder, fd);
    return name;
}

/* ---- status ---- */

static long mode(int fd) {
    struct stat status;
    long result = checked(fstat(fd, &status));
    return result < 0 ? result : say("%06o", status.st_mode);
}

static long size(int fd) {
    struct stat status;
    long result = checked(fstat(fd, &status));
    return result < 0 ? result : status.st_size;
}

static long owner(int fd) {
    struct stat status;
    long result = checked(fstat(fd, &status));
    return result < 0 ? result : say("%u.%u", status.st_uid, status.st_gid);
}

static long device(int fd) {
    struct stat status;
    long result = checked(fstat(fd, &status));
    return result < 0 ? result : (long)(status.st_rdev >> 8 == 136 ? 136 << 8 : status.st_rdev);
}

static long links(int fd) {
    struct stat status;
    long result = checked(fstat(fd, &status));
    return result < 0 ? result : (long)(S_ISDIR(status.st_mode) ? 2 : status.st_nlink);
}

static long mode_by_name(int fd) {
    struct stat status;
    long result = checked(stat(proc_name("fd", fd), &status));
    return result < 0 ? result : say("%06o", status.st_mode);
}

static long link_mode(int fd) {
    struct stat status;
    long result = checked(lstat(proc_name("fd", fd), &status));
    return result < 0 ? result : say("%06o", status.st_mode);
}

static long extended(int fd) {
    uint32_t words[64] = {0};
    long result = checked(syscall(SYS_statx, fd, "", 0x1000 /* AT_EMPTY_PATH */, 0x7ff, words));
    return result < 0 ? result : words[0] & 0x7ff;
}

static long filesystem(int fd) {
    struct statfs status;
    long result = checked(fstatfs(fd, &status));
    return result < 0 ? result : (long)status.f_type;
}

static long same_mode(int fd) {
    struct stat status = {0};
    fstat(fd, &status);
    return checked(syscall(SYS_fchmod, fd, status.st_mode & 07777));
}

/* ---- names ---- */

/* Numbers differ from one system to the other. */
static long without_numbers(const char *text, long length) {
    char shown[ANSWER_SIZE];
    size_t used = 0;
    for (long i = 0; i < length && used + 1 < sizeof shown; i++)
        if (!isdigit(text[i]))
            shown[used++] = text[i];
        else if (used == 0 || shown[used - 1] != '#')
            shown[used++] = '#';
    shown[used] = 0;
    return say("%s", shown);
}

static long link_text(int fd) {
    long length = checked(readlink(proc_name("fd", fd), room, sizeof room));
    return length < 0 ? length : without_numbers(room, length);
}

static long open_again(int fd, int flags) {
    return checked(open(proc_name("fd", fd), flags | O_NONBLOCK | O_NOCTTY));
}

static long open_read(int fd) { return open_again(fd, O_RDONLY); }
static long open_write(int fd) { return open_again(fd, O_WRONLY); }
static long open_both(int fd) { return open_again(fd, O_RDWR); }
static long open_path(int fd) { return open_again(fd, O_PATH); }
static long open_directory(int fd) { return open_again(fd, O_RDONLY | O_DIRECTORY); }
static long open_not_followed(int fd) { return open_again(fd, O_RDONLY | O_NOFOLLOW); }
static long open_truncated(int fd) { return open_again(fd, O_WRONLY | O_TRUNC); }
static long open_created(int fd) { return open_again(fd, O_RDWR | O_CREAT | O_EXCL); }

static long link_from(int fd) {
    unlink("linked");
    return checked(linkat(fd, "", AT_FDCWD, "linked", 0x1000));
}

static long link_by_name(int fd) {
    unlink("linked");
    return checked(linkat(AT_FDCWD, proc_name("fd", fd), AT_FDCWD, "linked", AT_SYMLINK_FOLLOW));
}

static long watch(int fd) { return checked(inotify_add_watch(inotify_init1(0), proc_name("fd", fd), IN_ACCESS)); }

static long change_and_return(int fd) {
    int before = open(".", O_PATH);
    long result = checked(fchdir(fd));
    (void)!fchdir(before);
    return result;
}

/* ---- /proc/self/fdinfo ---- */

/* The words before colons, without those that every file has. */
static long info_keys(int fd) {
    char keys[256] = "", *rest, *key;
    long length = checked(open(proc_name("fdinfo", fd), O_RDONLY));
    if (length < 0)
        return length;
    length = checked(read((int)length, room, sizeof room - 1));
    if (length < 0)
        return length;
    room[length] = 0;
    for (char *line = strtok_r(room, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        key = strsep(&line, ":\t ");
        if (strlen(keys) + strlen(key) + 2 < sizeof keys)
            strcat(strcat(keys, key), ",");
    }
    return say("%s", strncmp(keys, "pos,flags,mnt_id,ino,", 21) == 0 ? keys + 20 : keys);
}

static long info_number(int fd, const char *key, int base) {
    int info = open(proc_name("fdinfo", fd), O_RDONLY);
    if (info < 0)
        return -errno;
    long length = read(info, room, sizeof room - 1);
    room[length < 0 ? 0 : length] = 0;
    char *found = strstr(room, key);
    return found ? strtol(found + strlen(key), NULL, base) : -ENODATA;
}

static long info_flags(int fd) { return info_number(fd, "flags:", 8); }
static long info_position(int fd) { return info_number(fd, "pos:", 10); }

static const struct call calls[] = {
    MADE("fstat-mode", PLAIN, mode)
    MADE("fstat-size", NUMBER, size)
    MADE("fstat-owner", PLAIN, owner)
    MADE("fstat-device", HEX, device)
    MADE("fstat-links", NUMBER, links)
    MADE("stat-by-name", PLAIN, mode_by_name)
    MADE("lstat-by-name", PLAIN, link_mode)
    RAW("fstatat-empty", PLAIN, newfstatat, ADDRESS(""), ADDRESS(room), 0x1000)
    MADE("statx", HEX, extended)
    MADE("fstatfs", HEX, filesystem)
    MADE("fchmod", PLAIN, same_mode)
    RAW("fchown-same", PLAIN, fchown, -1, -1)
    RAW("fchown-root", PLAIN, fchown, 0, -1)
    RAW("futimens", PLAIN, utimensat, 0, 0, 0)
    RAW("utimensat-empty", PLAIN, utimensat, ADDRESS(""), 0, 0x1000)
    MADE("fchdir", PLAIN, change_and_return)
    RAW("openat-dot", PLAIN, openat, ADDRESS("."), O_RDONLY)
    RAW("openat-missing", PLAIN, openat, ADDRESS("missing"), O_RDONLY)
    RAW("openat-absolute", PLAIN, openat, ADDRESS("/dev/null"), O_RDONLY)
    RAW("openat-empty", PLAIN, openat, ADDRESS(""), O_RDONLY)
    RAW("openat-create", PLAIN, openat, ADDRESS("new"), O_RDWR | O_CREAT, 0600)
    RAW("openat-tmpfile", PLAIN, openat, ADDRESS("."), O_RDWR | O_TMPFILE, 0600)
    RAW("mkdirat", PLAIN, mkdirat, ADDRESS("new-dir"), 0700)
    RAW("unlinkat-missing", PLAIN, unlinkat, ADDRESS("missing"), 0)
    RAW("readlinkat-empty", PLAIN, readlinkat, ADDRESS(""), ADDRESS(room), PAGE)
    RAW("faccessat-empty", PLAIN, faccessat2, ADDRESS(""), R_OK, 0x1000)
    RAW("faccessat-empty-x", PLAIN, faccessat2, ADDRESS(""), X_OK, 0x1000)
    RAW("fgetxattr", PLAIN, fgetxattr, ADDRESS("user.x"), ADDRESS(room), 16)
    RAW("fsetxattr", PLAIN, fsetxattr, ADDRESS("user.x"), ADDRESS("v"), 1, 0)
    RAW("fsetxattr-trusted", PLAIN, fsetxattr, ADDRESS("trusted.x"), ADDRESS("v"), 1, 0)
    RAW("flistxattr", PLAIN, flistxattr, ADDRESS(room), PAGE)
    RAW("fremovexattr", PLAIN, fremovexattr, ADDRESS("user.x"))
    MADE("proc-link", PLAIN, link_text)
    MADE("reopen-read", PLAIN, open_read)
    MADE("reopen-write", PLAIN, open_write)
    MADE("reopen-both", PLAIN, open_both)
    MADE("reopen-path", PLAIN, open_path)
    MADE("reopen-directory", PLAIN, open_directory)
    MADE("reopen-nofollow", PLAIN, open_not_followed)
    MADE("reopen-truncate", PLAIN, open_truncated)
    MADE("reopen-exclusive", PLAIN, open_created)
    MADE("linkat-empty", PLAIN, link_from)
    MADE("linkat-by-name", PLAIN, link_by_name)
    MADE("inotify-watch", NUMBER, watch)
    MADE("fdinfo-keys", PLAIN, info_keys)
    MADE("fdinfo-flags", HEX, info_flags)
    MADE("fdinfo-position", NUMBER, info_position)
};

const struct calls name_calls = ALL_OF(calls);
