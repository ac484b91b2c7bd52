/* Shared by the files of the path walk: places, and the turns a walk takes. */
#pragma once

#include "fs/vfs/walk.h"
#include "lib/errno.h"

static inline void place_put(const struct walk *walk, struct place *place) {
    if (!walk->rcu)
        path_put(&place->path);
}

static inline void walk_move(struct walk *walk, const struct place *next) {
    place_put(walk, &walk->at);
    walk->at = *next;
}

/* Reads what the place's dentry is now. */
static inline void place_sample(struct place *place) {
    place->sequence = seqcount_read_snapshot(&place->path.dentry->sequence);
    place->inode = atomic_load(&place->path.dentry->inode);
}

/* Gives up a place that LOOKUP_NO_MOUNTS forbids: 0 or -EXDEV. With references only. */
static inline int walk_stay_in_mount(const struct walk *walk, struct place *next) {
    if (likely(!(walk->flags & LOOKUP_NO_MOUNTS)) || next->path.mount == walk->at.path.mount)
        return 0;
    path_put(&next->path);
    return -EXDEV;
}

/* To `..` of walk->at. 0; -ECHILD in the first mode; -EXDEV, -EAGAIN: restrictions of openat2(2). */
int walk_up(struct walk *walk);
/* Follows `link`, which has been found behind walk->at, and gives it up. *name becomes what is to be walked next. */
int walk_follow(struct walk *walk, struct place *link, const char *rest, const char **name);
