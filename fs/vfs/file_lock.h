/*
 * Advisory locks: POSIX ones of fcntl (owned by a descriptor table, by byte range), OFD ones (owned
 * by an open file, by byte range) and flock ones (owned by an open file, whole).
 */
#pragma once

#include "fs/vfs/file.h"

struct file_table;

/* linux/fcntl.h: l_type */
enum file_lock_type { F_RDLCK = 0, F_WRLCK = 1, F_UNLCK = 2 };
enum file_lock_kind { LOCK_KIND_POSIX, LOCK_KIND_OFD, LOCK_KIND_FLOCK };

struct file_lock_request {
    enum file_lock_kind kind;
    enum file_lock_type type;
    uint64_t start, end; /* inclusive; end UINT64_MAX: to the end of the file, however long */
    int32_t pid;         /* of the owner; -1: OFD */
};

/*
 * Takes, changes or gives up a lock. -EAGAIN when others hold it; with `wait` sleeps instead:
 * -ERESTARTSYS on a signal, -EDEADLK (POSIX kind only). -ENOMEM.
 */
int file_lock_set(struct file *file, const struct file_lock_request *request, bool wait);
/* The first lock that stands in the way, in *request; its type F_UNLCK: none. */
void file_lock_test(struct file *file, struct file_lock_request *request);
/* Gives up what an open file owns, at its end. */
void file_locks_release(struct file *file);
/* Gives up a descriptor table's POSIX locks on the file: POSIX wants that at any close. */
void file_locks_release_posix(struct file *file, struct file_table *table);
