/*
 * The tree that becomes the ramfs archive, in the order in which its members will stand there.
 * Invariants: paths have no leading, trailing or doubled '/', no "." and no ".."; every entry
 * stands behind its directory; no path stands twice.
 */
#pragma once

#include "tools/mkimage/host.h"

struct ramfs_entry {
    char *path;
    uint32_t mode; /* type and permissions as in st_mode */
    uint32_t uid, gid;
    uint32_t mtime_s;
    uint32_t rdev_major, rdev_minor; /* of a device node */
    struct blob data;                /* a file's bytes or a link's target */
    const char *source;              /* host file that the data come from, or NULL */
};

struct ramfs {
    struct ramfs_entry **entries;
    size_t count;
    void *index; /* by path: tsearch(3) */
};

/*
 * Puts `entry` (copied; its path is normalised) into the tree. Missing directories are made, mode
 * 0755; symbolic links among the directories of the path are followed. An entry already at that
 * path is replaced, a directory only by a directory. `origin` names the request in messages.
 */
void ramfs_put(struct ramfs *ramfs, const struct ramfs_entry *entry, const char *origin);

/* NULL if there is none. */
struct ramfs_entry *ramfs_find(const struct ramfs *ramfs, const char *path);

/* Adds what a list file says; its format is in tools/mkimage/README.md. */
void ramfs_add_list(struct ramfs *ramfs, const char *list_path);

/* Adds "HOST:GUEST": a file or a whole directory, owned by root. */
void ramfs_add_host(struct ramfs *ramfs, const char *argument);

/* Adds the members of an archive; its checksum member is left out. `origin` as above. */
void ramfs_add_archive(struct ramfs *ramfs, const struct blob *archive, const char *origin);

/* The archive: members in order, the checksum, the trailer. */
struct blob ramfs_archive(const struct ramfs *ramfs);

/* "TARGET: sources" for make, so that a changed source rebuilds the archive. */
void ramfs_write_depfile(const struct ramfs *ramfs, const char *depfile, const char *target);
