/*
 * Open files (POSIX "open file descriptions"): what a descriptor refers to. `position_lock` guards
 * the position of seekable files; a file's methods do their own locking.
 */
#pragma once

#include "fs/vfs/inode.h"
#include "fs/vfs/path.h"
#include "fs/vfs/poll.h"
#include "kernel/vm/io_buffer.h"

struct file_owner;
struct view_buffer;
struct vma;

/* asm-generic/fcntl.h, x86-64 */
enum open_flag {
    O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_ACCMODE = 3, O_CREAT = 0100, O_EXCL = 0200,
    O_NOCTTY = 0400, O_TRUNC = 01000, O_APPEND = 02000, O_NONBLOCK = 04000, O_DSYNC = 010000,
    O_ASYNC = 020000, O_DIRECT = 040000, O_LARGEFILE = 0100000, O_DIRECTORY = 0200000,
    O_NOFOLLOW = 0400000, O_NOATIME = 01000000, O_CLOEXEC = 02000000, O_SYNC = 04010000,
    O_PATH = 010000000, O_TMPFILE = 020200000,
};

/* What fallocate(2) may ask of a file: pages for later writes, or holes in place of pages. */
enum allocate_mode { ALLOCATE_ROOM, ALLOCATE_HOLE };

/* What may be done with an open file; fixed at open but for those that say so. */
enum file_ability {
    FILE_CAN_READ = 1u << 0,
    FILE_CAN_WRITE = 1u << 1,
    FILE_IS_STREAM = 1u << 2,  /* no position: reads and writes take no position lock */
    FILE_IS_PATH = 1u << 3,    /* O_PATH: only a place in the tree */
    FILE_COUNTS_WRITER = 1u << 4, /* inode_allow_write and the mount's writers were counted */
    FILE_IN_FLIGHT = 1u << 5,  /* a socket's, in messages: its references are watched; comes and goes, atomic */
    FILE_IS_SAME_ANYWHERE = 1u << 6, /* a stream in which one may seek, and read at any place */
    FILE_WAS_ASYNC = 1u << 7,  /* it has joined an async_queue, and may still be in one; comes, atomic */
    FILE_NEVER_WAITS = 1u << 8,    /* RWF_NOWAIT changes nothing */
    FILE_NO_WRITES_AT = 1u << 9,   /* reads take an offset, writes do not: -ESPIPE */
};

struct file {
    struct refcount refcount;
    uint32_t flags; /* enum open_flag: access mode and status flags; F_SETFL changes some */
    uint32_t abilities; /* enum file_ability */
    uint32_t open_flags; /* as open() was called, for the driver's open: O_NOCTTY, O_EXCL */
    const struct file_ops *ops;
    struct path path;      /* referenced; dentry NULL only for files without a name before they get one */
    struct inode *inode;
    uint64_t position;
    struct mutex position_lock;
    void *private;         /* the driver's or filesystem's */
    struct list_node watchers; /* who is to be told when the last reference goes: epoll items */
    struct file_owner *owner; /* F_SETOWN, F_SETSIG: async.h; NULL: never set */
    struct rcu_head rcu;
};

/* Takes some flags away and adds others, whatever else changes flags meanwhile. */
static inline void file_change_flags(struct file *file, uint32_t clear, uint32_t set) {
    uint32_t flags = atomic_load_relaxed(&file->flags);
    while (!atomic_compare_exchange(&file->flags, &flags, (flags & ~clear) | set)) {
    }
}

/* Whether seeking and transfers at an offset answer -ESPIPE. */
static inline bool file_refuses_offsets(const struct file *file) {
    return (file->abilities & (FILE_IS_STREAM | FILE_IS_SAME_ANYWHERE)) == FILE_IS_STREAM;
}

/* Names a directory reader emits; false stops the walk. `type` is a DT_ value (mode >> 12). */
struct dir_context {
    bool (*emit)(struct dir_context *context, const char *name, size_t length, uint64_t inode,
                 unsigned type, uint64_t next_position);
    uint64_t position; /* where to go on; 0 the start */
};

/*
 * Methods of open files; all may sleep, none is called in interrupt context. NULL gives the errno
 * in brackets.
 */
struct file_ops {
    int (*open)(struct inode *inode, struct file *file);             /* [0] */
    void (*release)(struct file *file);                              /* last reference gone */
    void (*closed)(struct file *file);      /* one of the running process's descriptors is closed [nothing] */
    /* Bytes moved, 0 at the end, or -errno; `*position` moves with them (ignored by streams). */
    int64_t (*read)(struct file *file, struct io_buffer *buffer, uint64_t *position);  /* [-EINVAL] */
    int64_t (*write)(struct file *file, struct io_buffer *buffer, uint64_t *position); /* [-EINVAL] */
    int64_t (*seek)(struct file *file, int64_t offset, int whence);  /* position_lock held [generic; stream_seek: -ESPIPE] */
    int64_t (*ioctl)(struct file *file, unsigned request, uint64_t argument);          /* [-ENOTTY] */
    /* Events ready now; registers `table` (may be NULL) on the wait queues that tell of others. */
    uint32_t (*poll)(struct file *file, struct poll_table *table);   /* [always readable and writable] */
    int (*read_directory)(struct file *file, struct dir_context *context);             /* [-ENOTDIR] */
    int (*map)(struct file *file, struct vma *vma);                  /* [-ENODEV] */
    void (*mapped)(struct file *file, bool more);    /* a mapping has come or gone; must not sleep [nothing] */
    int (*sync)(struct file *file, uint64_t start, uint64_t end);    /* [-EINVAL] */
    /* Room for bytes, or a hole; does not change the size. [-EOPNOTSUPP] */
    int (*allocate)(struct file *file, enum allocate_mode mode, uint64_t offset, uint64_t length);
    /* O_ASYNC comes (with the descriptor it is asked for by) or goes: async_join. [O_ASYNC stays off] */
    int (*set_async)(struct file *file, int descriptor, bool on);
    /* Lines of its own for /proc/PID/fdinfo. [none] */
    void (*show)(struct file *file, struct view_buffer *buffer);
    uint32_t splices; /* enum splice_ability */
};

/* How splice(2) and sendfile(2) may use a file; whatever a file lacks here answers -EINVAL, as on Linux. */
enum splice_ability {
    SPLICE_FROM = 1u << 0,  /* by its read method */
    SPLICE_TO = 1u << 1,    /* by its write method */
    SPLICE_PAGES = 1u << 2, /* the bytes are the object's: its pages themselves can go into a pipe */
};

int64_t stream_seek(struct file *file, int64_t offset, int whence); /* -ESPIPE */
int64_t noop_seek(struct file *file, int64_t offset, int whence);   /* 0: there is no position to move */
int stream_open(struct inode *inode, struct file *file);            /* marks: no position lock needed */
int same_anywhere_open(struct inode *inode, struct file *file);     /* and offsets mean nothing */
int never_waiting_open(struct inode *inode, struct file *file);     /* nor does RWF_NOWAIT */

static inline void file_get(struct file *file) {
    refcount_get(&file->refcount);
}
void file_put(struct file *file); /* may sleep */
/* A file without a path in the tree (pipe, eventfd ...): reference 1, or ERR_PTR. */
struct file *file_create_anonymous(const char *name, const struct file_ops *ops, uint32_t flags, void *private);
/* Opens an inode at a path already resolved (takes its own references). */
struct file *file_open_path(const struct path *path, uint32_t flags);
/* The same for a caller that has checked what may be done (exec: a file may be executable and not readable). */
struct file *file_open_granted(const struct path *path, uint32_t flags);
/* Resolves and opens from the kernel, with the running thread's credentials. */
struct file *file_open(const char *path, uint32_t flags, uint32_t mode);

/* Opens with O_ flags and creation mode, relative to `start` (NULL: the working directory). */
struct file *file_open_at(const struct path *start, const char *name, uint32_t flags, uint32_t mode);
/* The same with restrictions on the walk: LOOKUP_NO_MOUNTS and those after it. */
struct file *file_open_restricted(const struct path *start, const char *name, uint32_t flags, uint32_t mode,
                                  unsigned restrictions);
/* As file_create_anonymous, on an inode made by the caller (its reference is taken over). */
struct file *file_create_on_inode(struct inode *inode, const char *name, const struct file_ops *ops,
                                  uint32_t flags, void *private);
/* An inode outside the tree, of the internal super block; NULL: no memory. */
struct inode *inode_alloc_anonymous(uint32_t mode);

/* Regular files whose bytes are in inode->object (fs/vfs/regular.c). */
extern const struct file_ops regular_file_ops;
/* Device nodes and FIFOs: finds the driver by number at open. */
extern const struct file_ops special_file_ops;
/* FIFOs are opened by `ops`; kernel/ipc says so at start. */
void special_set_fifo_ops(const struct file_ops *ops);
/* Directory offsets: SEEK_SET, SEEK_CUR. */
int64_t directory_seek(struct file *file, int64_t offset, int whence);
/* Directories that are made when they are read: as a file without bytes, up to 2 GiB. */
int64_t listing_seek(struct file *file, int64_t offset, int whence);
/* The generic seek over a size in bytes. */
int64_t file_seek_sized(struct file *file, int64_t offset, int whence, uint64_t size);
/* Marks the access time as the mount's and file's flags ask (relatime). */
void file_accessed(struct file *file);
/* Size limits for a write at `offset`: bytes allowed, or -EFBIG (SIGXFSZ sent). */
int64_t file_write_limit(uint64_t offset, size_t size);

/* Called at the end of a file that has watchers, before its release method. */
void file_set_watcher_hook(void (*gone)(struct file *file));

/* Called when a file with FILE_IN_FLIGHT has lost a reference, not the last; under RCU: must not sleep. */
void file_set_in_flight_hook(void (*dropped)(const struct file *file));

void file_cache_init(void);

uint64_t file_count(void); /* open files of the system */
/* A file at `path` with its own references, not opened yet; NULL: no memory. */
struct file *file_alloc(const struct path *path, uint32_t flags);
/* Frees a file whose open failed. */
void file_discard(struct file *file);

/* Kernel-side transfers at an offset: bytes or -errno. */
int64_t file_read_at(struct file *file, void *to, size_t size, uint64_t offset);
int64_t file_write_at(struct file *file, const void *from, size_t size, uint64_t offset);
/* With the file's own position, as read() and write() do. */
int64_t file_read(struct file *file, struct io_buffer *buffer);
int64_t file_write(struct file *file, struct io_buffer *buffer);
/* At *position (not checked for being seekable); -EBADF when not open for it. */
typedef int64_t file_transfer_at(struct file *file, struct io_buffer *buffer, uint64_t *position);
file_transfer_at file_read_position, file_write_position;
/* The file's position is locked if `shared` or others refer to the file. */
int64_t file_transfer(struct file *file, struct io_buffer *buffer, bool shared, file_transfer_at *transfer);
