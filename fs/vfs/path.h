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
};

void path_get(const struct path *path);
void path_put(const struct path *path); /* may sleep */

/* `start` NULL: the working directory. 0 with references in *result, or -errno. May sleep. */
int path_lookup(const struct path *start, const char *name, unsigned flags, struct path *result);
/* From a system call: `directory_fd` may be AT_FDCWD; `name` is a user string. */
int path_lookup_user(int directory_fd, const char *user_name, unsigned flags, struct path *result);
/* The directory of the last component, whose name is copied to `last` (NAME_MAX + 1 bytes). `*trailing_slash` may be NULL. */
int path_lookup_parent(const struct path *start, const char *name, struct path *directory, char *last, bool *trailing_slash);

/* Writes the absolute name as seen from the running thread's root; returns its start in `buffer`
 * or ERR_PTR(-ENAMETOOLONG). " (deleted)" is appended for unlinked files. */
char *path_name(const struct path *path, char *buffer, size_t size);
