/* The tree itself: ramfs.h. */
#include "tools/mkimage/ramfs.h"

#include <search.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_LINKS_FOLLOWED = 40 };

static int compare_paths(const void *a, const void *b) {
    return strcmp(((const struct ramfs_entry *)a)->path, ((const struct ramfs_entry *)b)->path);
}

struct ramfs_entry *ramfs_find(const struct ramfs *ramfs, const char *path) {
    struct ramfs_entry key = {.path = (char *)path};
    struct ramfs_entry **found = tfind(&key, &ramfs->index, compare_paths);
    return found ? *found : NULL;
}

static void append(struct ramfs *ramfs, const struct ramfs_entry *entry, char *path) {
    struct ramfs_entry *copy = must_alloc(sizeof(*copy));
    *copy = *entry;
    copy->path = path;
    ramfs->entries =
        must_realloc(ramfs->entries, (ramfs->count + 1) * sizeof(*ramfs->entries));
    ramfs->entries[ramfs->count++] = copy;
    if (!tsearch(copy, &ramfs->index, compare_paths))
        die("out of memory");
}

static char *join(const char *directory, const char *rest) {
    return *directory == '\0' ? must_strdup(rest) : text_format("%s/%s", directory, rest);
}

/* Cuts the last component off a resolved path. */
static void drop_last(char *path) {
    char *slash = strrchr(path, '/');
    *(slash ? slash : path) = '\0';
}

static void make_directory(struct ramfs *ramfs, const char *path) {
    struct ramfs_entry directory = {.mode = S_IFDIR | 0755, .mtime_s = build_time_s()};
    append(ramfs, &directory, must_strdup(path));
}

/*
 * The path with its links followed and "." and ".." taken away, except that the last component is
 * not followed. Makes the directories that are missing.
 */
static char *resolve(struct ramfs *ramfs, const char *path, const char *origin) {
    char *done = must_strdup("");
    char *rest = must_strdup(path);
    unsigned links = 0;
    while (*(rest += strspn(rest, "/")) != '\0') {
        char *component = must_strdup(rest);
        component[strcspn(component, "/")] = '\0';
        rest += strlen(component);
        bool last = rest[strspn(rest, "/")] == '\0';
        if (strcmp(component, ".") == 0)
            continue;
        if (strcmp(component, "..") == 0) {
            drop_last(done);
            continue;
        }
        char *next = join(done, component);
        struct ramfs_entry *entry = ramfs_find(ramfs, next);
        if (!last && entry && S_ISLNK(entry->mode)) {
            const char *target = (const char *)entry->data.bytes;
            if (++links > MAX_LINKS_FOLLOWED)
                die("%s: too many symbolic links in %s", origin, path);
            rest = text_format("%s/%s", target, rest);
            done = *target == '/' ? must_strdup("") : done;
            continue;
        }
        if (!last && entry && !S_ISDIR(entry->mode))
            die("%s: %s is not a directory", origin, next);
        if (!last && !entry)
            make_directory(ramfs, next);
        done = next;
    }
    return done;
}

void ramfs_put(struct ramfs *ramfs, const struct ramfs_entry *entry, const char *origin) {
    char *path = resolve(ramfs, entry->path, origin);
    if (*path == '\0') {
        if (!S_ISDIR(entry->mode))
            die("%s: the root can only be a directory", origin);
        return;
    }
    struct ramfs_entry *old = ramfs_find(ramfs, path);
    if (!old) {
        append(ramfs, entry, path);
        return;
    }
    if (S_ISDIR(old->mode) != S_ISDIR(entry->mode))
        die("%s: %s is %sa directory already", origin, path, S_ISDIR(old->mode) ? "" : "not ");
    *old = *entry;
    old->path = path;
}
