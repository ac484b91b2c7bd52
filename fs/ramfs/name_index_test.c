/* Self-tests of the index of a directory's names. */
#include "fs/ramfs/name_index.h"

#include "kernel/debug/selftest.h"
#include "lib/format.h"
#include "lib/string.h"

#define NAMES 300u

static struct inode inode; /* only its reference count is used */

static struct index_entry *find(const struct name_index *index, unsigned number) {
    char name[16];
    int length = format_snprintf(name, sizeof name, "name%u", number);
    return name_index_find(index, name, (size_t)length);
}

static bool add(struct name_index *index, unsigned number) {
    char name[16];
    int length = format_snprintf(name, sizeof name, "name%u", number);
    return name_index_add(index, name, (size_t)length, &inode) == 0;
}

SELFTEST(index_keeps_order, "ramfs.name-index") {
    struct name_index index;
    name_index_init(&index);
    refcount_init(&inode.refcount, 1);
    for (unsigned i = 0; i < NAMES; i++)
        CHECK(add(&index, i));
    CHECK(refcount_read(&inode.refcount) == 1 + NAMES);
    for (unsigned i = 0; i < NAMES; i += 2) {
        struct index_entry *entry = find(&index, i);
        CHECK(entry && strncmp(entry->name, "name", 4) == 0);
        CHECK(name_index_remove(&index, entry) == &inode);
        CHECK(!find(&index, i));
    }
    /* What is left comes in the order it was added, and going on by cookie skips and repeats nothing. */
    uint64_t cookie = 0, seen = 0;
    for (struct index_entry *entry; (entry = name_index_from(&index, cookie)) != NULL; seen++) {
        CHECK(entry->cookie >= cookie && entry->cookie >= INDEX_FIRST_COOKIE);
        CHECK(entry == find(&index, (unsigned)(2 * seen + 1)));
        cookie = entry->cookie + 1;
    }
    CHECK(seen == NAMES / 2);
    while (!name_index_is_empty(&index))
        name_index_remove(&index, name_index_from(&index, 0));
}
