/*
 * Path walk: how a name becomes a place. One loop serves two modes. The first takes no references:
 * it reads under RCU and checks sequence counts; whatever it cannot do (a name that is not cached, a
 * link whose text must be made, a race) ends it with -ECHILD, and the walk starts again with references.
 */
#pragma once

#include "fs/vfs/dentry.h"
#include "fs/vfs/path.h"

#define SYMLINKS_MAX 40u /* path_resolution(7) */
#define WALK_FRAMES_RCU 2u

/* A place on the way. With references: `path` is counted, `sequence` not used. */
struct place {
    struct path path;
    struct inode *inode; /* NULL: a negative dentry */
    uint32_t sequence;
};

/* A symlink being followed: where to go on after its text. */
struct walk_frame {
    const char *rest;
    char *text; /* owned; NULL in RCU mode */
};

struct walk {
    struct path root; /* `..` does not lead above it */
    struct place at;
    uint32_t mount_sequence;
    uint32_t rename_sequence; /* of a scoped walk: rename_lock at its beginning */
    bool rcu;
    unsigned flags; /* enum lookup_flag */
    unsigned links_followed, depth;
    struct walk_frame *frames;
    struct walk_frame small_frames[WALK_FRAMES_RCU];
    /* With LOOKUP_PARENT: the last component, inside the name given. */
    const char *last;
    uint32_t last_length;
    bool trailing_slash;
};

/*
 * The first mode alone, for callers that only look, inside rcu_read_lock: 0 and walk->at without
 * references, -ECHILD (take the long way), or another error, which counts only if walk_still_valid.
 */
int walk_unreferenced(struct walk *walk, const struct path *start, const char *name, unsigned flags);
bool walk_still_valid(const struct walk *walk);

/*
 * Walks `name` from `start` (or `root`, if absolute). 0: walk->at holds the result with references.
 * NULL `root` and `start` are the running task's.
 */
int walk_path(struct walk *walk, const struct path *root, const struct path *start, const char *name,
              unsigned flags);
