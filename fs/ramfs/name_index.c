/* Two red-black trees over the entries of a directory: by hash and name, and by cookie. */
#include "fs/ramfs/name_index.h"

#include "kernel/mm/slab.h"
#include "lib/errno.h"
#include "lib/hash.h"
#include "lib/string.h"

void name_index_init(struct name_index *index) {
    *index = (struct name_index){.next_cookie = INDEX_FIRST_COOKIE};
}

static struct index_entry *by_name(struct rb_node *node) {
    return node ? container_of(node, struct index_entry, by_name) : NULL;
}

static struct index_entry *by_cookie(struct rb_node *node) {
    return node ? container_of(node, struct index_entry, by_cookie) : NULL;
}

static uint32_t hash_name(const char *name, size_t length) {
    return (uint32_t)hash_bytes(name, length, 0);
}

/* Order of (hash, length, bytes). */
static int compare(uint32_t hash, const char *name, size_t length, const struct index_entry *entry) {
    if (hash != entry->hash)
        return hash < entry->hash ? -1 : 1;
    if (length != entry->length)
        return length < entry->length ? -1 : 1;
    return memcmp(name, entry->name, length);
}

struct index_entry *name_index_find(const struct name_index *index, const char *name, size_t length) {
    uint32_t hash = hash_name(name, length);
    struct rb_node *node = index->names.top;
    while (node) {
        int order = compare(hash, name, length, by_name(node));
        if (order == 0)
            return by_name(node);
        node = node->child[order < 0 ? RB_LEFT : RB_RIGHT];
    }
    return NULL;
}

static void insert_by_name(struct name_index *index, struct index_entry *entry) {
    struct rb_node **link = &index->names.top, *parent = NULL;
    while (*link) {
        parent = *link;
        int order = compare(entry->hash, entry->name, entry->length, by_name(parent));
        ASSERT(order != 0);
        link = &parent->child[order < 0 ? RB_LEFT : RB_RIGHT];
    }
    rb_link_node(&entry->by_name, parent, link);
    rb_insert_fixup(&index->names, &entry->by_name);
}

/* New cookies are the largest: always the rightmost place. */
static void insert_by_cookie(struct name_index *index, struct index_entry *entry) {
    struct rb_node *last = rb_last(&index->cookies);
    rb_link_node(&entry->by_cookie, last, last ? &last->child[RB_RIGHT] : &index->cookies.top);
    rb_insert_fixup(&index->cookies, &entry->by_cookie);
}

int name_index_add(struct name_index *index, const char *name, size_t length, struct inode *inode) {
    struct index_entry *entry = kmalloc(sizeof *entry + length + 1);
    if (!entry)
        return -ENOMEM;
    memcpy(entry->name, name, length);
    entry->name[length] = '\0';
    entry->length = (uint32_t)length;
    entry->hash = hash_name(name, length);
    entry->cookie = index->next_cookie++;
    entry->inode = inode;
    inode_get(inode);
    insert_by_name(index, entry);
    insert_by_cookie(index, entry);
    return 0;
}

struct inode *name_index_remove(struct name_index *index, struct index_entry *entry) {
    struct inode *inode = entry->inode;
    rb_erase(&index->names, &entry->by_name);
    rb_erase(&index->cookies, &entry->by_cookie);
    kfree(entry);
    return inode;
}

struct index_entry *name_index_next(const struct index_entry *entry) {
    return by_cookie(rb_next(&entry->by_cookie));
}

struct index_entry *name_index_from(const struct name_index *index, uint64_t cookie) {
    struct index_entry *found = NULL;
    for (struct rb_node *node = index->cookies.top; node;) {
        struct index_entry *entry = by_cookie(node);
        bool reached = entry->cookie >= cookie;
        if (reached)
            found = entry;
        node = node->child[reached ? RB_LEFT : RB_RIGHT];
    }
    return found;
}
