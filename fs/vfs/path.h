/*
 * Places in the tree: a dentry seen through a mount. Lookup walks components under RCU where it
 * can, crosses mounts, follows symlinks (at most 40), checks search permission.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/bits.h"

struct dentry;
struct mount;

struct path {
    struct mount *mount;
    struct dentry *dentry;
};

#define PATH_MAX 4096
#define NAME_MAX 255
#define AT_FDCWD (-100)

enum lookup_flag {
    LOOKUP_NO_FOLLOW = 1u << 0,  /* do not follow a symlink in the last component */
    LOOKUP_DIRECTORY = 1u << 1,  /* the result must be a directory */
    LOOKUP_EMPTY = 1u << 2,      /* "" names the start itself (AT_EMPTY_PATH) */
    LOOKUP_PARENT = 1u << 3,     /* stop at the last component: see path_lookup_parent */
    /* openat2(2)'s RESOLVE_ flags: where the walk may not go */
    LOOKUP_NO_MOUNTS = 1u << 8,  /* into another mount: -EXDEV */
    LOOKUP_NO_MAGIC = 1u << 9,   /* through links that lead to a place at once, in /proc: -ELOOP */
    LOOKUP_NO_LINKS = 1u << 10,  /* through any link: -ELOOP */
    LOOKUP_BENEATH = 1u << 11,   /* above the start, or to the root: -EXDEV */
    LOOKUP_IN_ROOT = 1u << 12,   /* the start is the root meanwhile */
    LOOKUP_CACHED = 1u << 13,    /* where it would have to wait: -EAGAIN */
    LOOKUP_SCOPED = LOOKUP_BENEATH | LOOKUP_IN_ROOT,
    LOOKUP_RESTRICTED = LOOKUP_NO_MOUNTS | LOOKUP_NO_MAGIC | LOOKUP_NO_LINKS | LOOKUP_SCOPED,
};

void path_get(const struct path *path);
void path_put(const struct path *path); /* may sleep */

/* `start` NULL: the working directory. 0 with references in *result, or -errno. May sleep. */
int path_lookup(const struct path *start, const char *name, unsigned flags, struct path *result);
/* From a system call: `directory_fd` may be AT_FDCWD; `name` is a user string. */
int path_lookup_user(int directory_fd, const char *user_name, unsigned flags, struct path *result);
/* The directory of the last component, whose name is copied to `last` (NAME_MAX + 1 bytes). `*trailing_slash` may be NULL. */
int path_lookup_parent(const struct path *start, const char *name, struct path *directory, char *last, bool *trailing_slash);
/* The same with restrictions: LOOKUP_NO_MOUNTS and those after it. */
int path_lookup_parent_restricted(const struct path *start, const char *name, unsigned restrictions,
                                  struct path *directory, char *last, bool *trailing_slash);

/* Writes the absolute name as seen from the running thread's root; returns its start in `buffer`
 * or ERR_PTR(-ENAMETOOLONG). " (deleted)" is appended for unlinked files. */
char *path_name(const struct path *path, char *buffer, size_t size);
