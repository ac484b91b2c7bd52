/*
 * System calls on files and directories. Arguments and results are Linux's (man section 2); pointers
 * are user addresses.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* open.c */
int64_t sys_open(const char *name, uint32_t flags, uint32_t mode);
int64_t sys_openat(int directory, const char *name, uint32_t flags, uint32_t mode);
int64_t sys_openat2(int directory, const char *name, const void *how, size_t size);
int64_t sys_creat(const char *name, uint32_t mode);
int64_t sys_memfd_create(const char *name, uint32_t flags);

/* descriptor.c */
int64_t sys_close(int descriptor);
int64_t sys_close_range(unsigned first, unsigned last, unsigned flags);
int64_t sys_dup(int descriptor);
int64_t sys_dup2(int from, int to);
int64_t sys_dup3(int from, int to, uint32_t flags);
int64_t sys_fcntl(int descriptor, unsigned command, uint64_t argument);
int64_t sys_ioctl(int descriptor, unsigned request, uint64_t argument);
int64_t sys_vhangup(void);
int64_t sys_flock(int descriptor, unsigned operation);

/* readwrite.c */
int64_t sys_read(int descriptor, void *buffer, size_t size);
int64_t sys_write(int descriptor, const void *buffer, size_t size);
int64_t sys_pread64(int descriptor, void *buffer, size_t size, int64_t offset);
int64_t sys_pwrite64(int descriptor, const void *buffer, size_t size, int64_t offset);
int64_t sys_lseek(int descriptor, int64_t offset, unsigned whence);

/* vector.c */
int64_t sys_readv(int descriptor, const void *vector, uint64_t count);
int64_t sys_writev(int descriptor, const void *vector, uint64_t count);
int64_t sys_preadv(int descriptor, const void *vector, uint64_t count, int64_t offset);
int64_t sys_pwritev(int descriptor, const void *vector, uint64_t count, int64_t offset);
int64_t sys_preadv2(int descriptor, const void *vector, uint64_t count, int64_t offset, uint64_t high,
                    uint32_t flags);
int64_t sys_pwritev2(int descriptor, const void *vector, uint64_t count, int64_t offset, uint64_t high,
                     uint32_t flags);

/* copy.c */
int64_t sys_sendfile(int to, int from, int64_t *offset, size_t size);
int64_t sys_copy_file_range(int from, int64_t *from_offset, int to, int64_t *to_offset, size_t size,
                            uint32_t flags);

/* splice.c */
int64_t sys_splice(int in, int64_t *in_offset, int out, int64_t *out_offset, size_t size, uint32_t flags);
int64_t sys_tee(int in, int out, size_t size, uint32_t flags);
int64_t sys_vmsplice(int descriptor, const void *vector, uint64_t count, uint32_t flags);

/* stat.c */
int64_t sys_stat(const char *name, void *stat);
int64_t sys_lstat(const char *name, void *stat);
int64_t sys_fstat(int descriptor, void *stat);
int64_t sys_newfstatat(int directory, const char *name, void *stat, uint32_t flags);
int64_t sys_statx(int directory, const char *name, uint32_t flags, uint32_t mask, void *statx);
int64_t sys_statfs(const char *name, void *statfs);
int64_t sys_fstatfs(int descriptor, void *statfs);

/* access.c */
int64_t sys_access(const char *name, uint32_t mode);
int64_t sys_faccessat(int directory, const char *name, uint32_t mode);
int64_t sys_faccessat2(int directory, const char *name, uint32_t mode, uint32_t flags);

/* directory.c */
int64_t sys_getdents(int descriptor, void *buffer, uint32_t size);
int64_t sys_getdents64(int descriptor, void *buffer, uint32_t size);
int64_t sys_getcwd(char *buffer, size_t size);
int64_t sys_chdir(const char *name);
int64_t sys_fchdir(int descriptor);
int64_t sys_chroot(const char *name);

/* entry.c */
int64_t sys_mkdir(const char *name, uint32_t mode);
int64_t sys_mkdirat(int directory, const char *name, uint32_t mode);
int64_t sys_mknod(const char *name, uint32_t mode, uint32_t device);
int64_t sys_mknodat(int directory, const char *name, uint32_t mode, uint32_t device);
int64_t sys_rmdir(const char *name);
int64_t sys_unlink(const char *name);
int64_t sys_unlinkat(int directory, const char *name, uint32_t flags);
int64_t sys_link(const char *old_name, const char *new_name);
int64_t sys_linkat(int old_directory, const char *old_name, int new_directory, const char *new_name,
                   uint32_t flags);
int64_t sys_symlink(const char *target, const char *name);
int64_t sys_symlinkat(const char *target, int directory, const char *name);
int64_t sys_readlink(const char *name, char *buffer, int size);
int64_t sys_readlinkat(int directory, const char *name, char *buffer, int size);
int64_t sys_rename(const char *old_name, const char *new_name);
int64_t sys_renameat(int old_directory, const char *old_name, int new_directory, const char *new_name);
int64_t sys_renameat2(int old_directory, const char *old_name, int new_directory, const char *new_name,
                      uint32_t flags);

/* attributes.c */
int64_t sys_chmod(const char *name, uint32_t mode);
int64_t sys_fchmod(int descriptor, uint32_t mode);
int64_t sys_fchmodat(int directory, const char *name, uint32_t mode);
int64_t sys_chown(const char *name, uint32_t uid, uint32_t gid);
int64_t sys_lchown(const char *name, uint32_t uid, uint32_t gid);
int64_t sys_fchown(int descriptor, uint32_t uid, uint32_t gid);
int64_t sys_fchownat(int directory, const char *name, uint32_t uid, uint32_t gid, uint32_t flags);
int64_t sys_umask(uint32_t mask);
int64_t sys_truncate(const char *name, int64_t size);
int64_t sys_ftruncate(int descriptor, int64_t size);
int64_t sys_fallocate(int descriptor, uint32_t mode, int64_t offset, int64_t length);

/* times.c */
int64_t sys_utime(const char *name, const void *times);
int64_t sys_utimes(const char *name, const void *times);
int64_t sys_futimesat(int directory, const char *name, const void *times);
int64_t sys_utimensat(int directory, const char *name, const void *times, uint32_t flags);

/* sync.c */
int64_t sys_sync(void);
int64_t sys_syncfs(int descriptor);
int64_t sys_fsync(int descriptor);
int64_t sys_fdatasync(int descriptor);
int64_t sys_sync_file_range(int descriptor, int64_t offset, int64_t length, uint32_t flags);
int64_t sys_fadvise64(int descriptor, int64_t offset, int64_t length, int advice);
int64_t sys_readahead(int descriptor, int64_t offset, size_t size);

/* mount.c */
int64_t sys_mount(const char *source, const char *target, const char *type, uint64_t flags,
                  const void *options);
int64_t sys_umount2(const char *name, uint32_t flags);

/* xattr.c */
int64_t sys_setxattr(const char *name, const char *key, const void *value, size_t size, uint32_t flags);
int64_t sys_lsetxattr(const char *name, const char *key, const void *value, size_t size, uint32_t flags);
int64_t sys_fsetxattr(int descriptor, const char *key, const void *value, size_t size, uint32_t flags);
int64_t sys_getxattr(const char *name, const char *key, void *value, size_t size);
int64_t sys_lgetxattr(const char *name, const char *key, void *value, size_t size);
int64_t sys_fgetxattr(int descriptor, const char *key, void *value, size_t size);
int64_t sys_listxattr(const char *name, char *list, size_t size);
int64_t sys_llistxattr(const char *name, char *list, size_t size);
int64_t sys_flistxattr(int descriptor, char *list, size_t size);
int64_t sys_removexattr(const char *name, const char *key);
int64_t sys_lremovexattr(const char *name, const char *key);
int64_t sys_fremovexattr(int descriptor, const char *key);

/* pipe.c */
int64_t sys_pipe(int *descriptors);
int64_t sys_pipe2(int *descriptors, uint32_t flags);
int64_t sys_eventfd(uint32_t value);
int64_t sys_eventfd2(uint32_t value, uint32_t flags);

/* inotify.c */
int64_t sys_inotify_init(void);
int64_t sys_inotify_init1(uint32_t flags);
int64_t sys_inotify_add_watch(int descriptor, const char *name, uint32_t mask);
int64_t sys_inotify_rm_watch(int descriptor, int number);

/* timerfd.c */
struct itimerspec_user;
int64_t sys_timerfd_create(int clock, uint32_t flags);
int64_t sys_timerfd_settime(int descriptor, uint32_t flags, const struct itimerspec_user *value,
                            struct itimerspec_user *old);
int64_t sys_timerfd_gettime(int descriptor, struct itimerspec_user *value);
int64_t sys_signalfd(int descriptor, const uint64_t *set, size_t set_size);
int64_t sys_signalfd4(int descriptor, const uint64_t *set, size_t set_size, uint32_t flags);

/* poll.c */
int64_t sys_poll(void *descriptors, uint32_t count, int timeout_ms);
int64_t sys_ppoll(void *descriptors, uint32_t count, void *timeout, const void *mask, size_t mask_size);
/* epoll.c */
int64_t sys_epoll_create(int size);
int64_t sys_epoll_create1(uint32_t flags);
int64_t sys_epoll_ctl(int epoll, int operation, int descriptor, const void *event);
int64_t sys_epoll_wait(int epoll, void *events, int max, int timeout_ms);
int64_t sys_epoll_pwait(int epoll, void *events, int max, int timeout_ms, const void *mask, size_t mask_size);
int64_t sys_epoll_pwait2(int epoll, void *events, int max, const void *timeout, const void *mask,
                         size_t mask_size);
/* select.c */
int64_t sys_select(int count, void *readable, void *writable, void *exceptional, void *timeout);
int64_t sys_pselect6(int count, void *readable, void *writable, void *exceptional, void *timeout,
                     const void *mask);
