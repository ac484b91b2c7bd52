/* ramfs and tmpfs as filesystem types: mounting, the size option, statfs. */
#include "fs/ramfs/ramfs_internal.h"

#include "fs/vfs/file.h"
#include "fs/vfs/stat.h"
#include "kernel/mm/slab.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/format.h"
#include "lib/string.h"

#define DEFAULT_SHARE 2u /* half of memory, tmpfs(5) */
#define ROOT_MODE 0755u
#define TMPFS_MODE 01777u

struct mount_options {
    uint64_t pages_max;
    uint32_t mode, uid, gid;
};

/* ---- options: "size=64m,mode=755,uid=0,nr_blocks=..." ---- */

static const char *parse_number(const char *text, unsigned base, uint64_t *value) {
    const char *at = text;
    for (*value = 0; *at >= '0' && *at < (char)('0' + base); at++)
        if (__builtin_mul_overflow(*value, base, value) ||
            __builtin_add_overflow(*value, (uint64_t)(*at - '0'), value))
            return NULL;
    return at == text ? NULL : at;
}

static bool ends(const char *at) {
    return at && (*at == '\0' || *at == ',');
}

/* "4096", "64k", "16m", "1g", "50%" (of memory): pages. */
static bool parse_size(const char *text, uint64_t *pages) {
    struct page_stats stats;
    uint64_t value;
    const char *at = parse_number(text, 10, &value);
    if (!at)
        return false;
    page_stats_read(&stats);
    unsigned shift = 0;
    switch (*at) {
    case '%':
        *pages = stats.managed_pages / 100 * MIN(value, 100ull);
        return ends(at + 1);
    case 'g': case 'G':
        shift = 30;
        break;
    case 'm': case 'M':
        shift = 20;
        break;
    case 'k': case 'K':
        shift = 10;
        break;
    default:
        break;
    }
    if (shift && value > UINT64_MAX >> shift)
        return false;
    *pages = DIV_ROUND_UP(value << shift, PAGE_SIZE);
    return ends(shift ? at + 1 : at);
}

static bool parse_u32(const char *text, unsigned base, uint32_t *result) {
    uint64_t value;
    if (!ends(parse_number(text, base, &value)) || value > UINT32_MAX)
        return false;
    *result = (uint32_t)value;
    return true;
}

/* One option; unknown ones are an error, as with Linux. */
static bool parse_option(const char *option, struct mount_options *options) {
    uint32_t count;
    if (strncmp(option, "size=", 5) == 0)
        return parse_size(option + 5, &options->pages_max);
    if (strncmp(option, "mode=", 5) == 0)
        return parse_u32(option + 5, 8, &options->mode);
    if (strncmp(option, "uid=", 4) == 0)
        return parse_u32(option + 4, 10, &options->uid);
    if (strncmp(option, "gid=", 4) == 0)
        return parse_u32(option + 4, 10, &options->gid);
    if (strncmp(option, "nr_blocks=", 10) == 0 && parse_u32(option + 10, 10, &count)) {
        options->pages_max = count;
        return true;
    }
    return strncmp(option, "nr_inodes=", 10) == 0 && parse_u32(option + 10, 10, &count);
}

static int parse_options(const char *text, struct mount_options *options) {
    while (text && *text) {
        if (!parse_option(text, options))
            return -EINVAL;
        const char *comma = strchr(text, ',');
        text = comma ? comma + 1 : NULL;
    }
    return 0;
}

/* ---- the super block ---- */

static int ramfs_statfs(struct super_block *super, struct statfs_info *info) {
    const struct ramfs_super *ramfs = super->private;
    struct page_stats stats;
    page_stats_read(&stats);
    uint64_t used = atomic_load_relaxed(&ramfs->pages_used);
    info->blocks = ramfs->pages_max;
    info->blocks_free = ramfs->pages_max > used ? ramfs->pages_max - used : 0;
    info->blocks_available = info->blocks_free;
    info->files = stats.managed_pages;
    info->files_free = stats.managed_pages - MIN(ramfs->inodes, stats.managed_pages);
    return 0;
}

static void ramfs_show_options(struct super_block *super, char *text, size_t size) {
    const struct ramfs_super *ramfs = super->private;
    format_snprintf(text, size, ",size=%lluk",
                    (unsigned long long)(ramfs->pages_max << (PAGE_SHIFT - 10)));
}

/*
 * Takes the tree apart: going down to the first entry and removing it on the way back up. Each
 * directory's entries hold the references that keep its children.
 */
static void destroy_tree(struct inode *directory) {
    struct index_entry *entry;
    while ((entry = name_index_from(ramfs_index_of(directory), 0)) != NULL) {
        struct inode *deepest = directory;
        /* Descend to a directory whose first entry is not a directory with entries. */
        while (S_IS(entry->inode->mode, S_IFDIR) && !name_index_is_empty(ramfs_index_of(entry->inode))) {
            deepest = entry->inode;
            entry = name_index_from(ramfs_index_of(deepest), 0);
        }
        struct inode *child = name_index_remove(ramfs_index_of(deepest), entry);
        child->link_count = 0;
        inode_put(child);
    }
}

static void ramfs_release(struct super_block *super) {
    kfree(super->private);
}

static const struct super_ops ramfs_super_ops = {
    .release = ramfs_release,
    .statfs = ramfs_statfs,
    .show_options = ramfs_show_options,
    .destroy_tree = destroy_tree,
};

static struct super_block *make_super(struct filesystem_type *type, const struct mount_options *options) {
    struct super_block *super = super_create(type, &ramfs_super_ops);
    struct ramfs_super *ramfs = kzalloc(sizeof *ramfs);
    if (!super || !ramfs) {
        kfree(ramfs);
        if (super)
            super_put(super);
        return ERR_PTR(-ENOMEM);
    }
    ramfs->pages_max = options->pages_max;
    super->private = ramfs;
    struct inode *root = ramfs_new_inode(super, S_IFDIR | options->mode, 0);
    if (!IS_ERR(root)) {
        root->uid = options->uid;
        root->gid = options->gid;
        super->root = dentry_make_root(root);
        if (super->root)
            return super;
        inode_put(root);
    }
    super_put(super);
    return ERR_PTR(-ENOMEM);
}

static struct mount_options default_options(uint32_t mode) {
    struct page_stats stats;
    page_stats_read(&stats);
    return (struct mount_options){.pages_max = stats.managed_pages / DEFAULT_SHARE, .mode = mode};
}

struct super_block *ramfs_make_super(struct filesystem_type *type) {
    struct mount_options options = default_options(ROOT_MODE);
    struct super_block *super = make_super(type, &options);
    if (!IS_ERR(super))
        super->magic = TMPFS_MAGIC;
    return super;
}

static struct super_block *mount_type(struct filesystem_type *type, const char *source,
                                      uint32_t flags, const char *text) {
    (void)source, (void)flags;
    struct mount_options options = default_options(type->private ? TMPFS_MODE : ROOT_MODE);
    int error = parse_options(text, &options);
    if (error)
        return ERR_PTR(error);
    struct super_block *super = make_super(type, &options);
    if (!IS_ERR(super))
        super->magic = type->private ? TMPFS_MAGIC : RAMFS_MAGIC;
    return super;
}

static struct filesystem_type ramfs_type = {.name = "ramfs", .mount = mount_type};
static struct filesystem_type tmpfs_type = {.name = "tmpfs", .mount = mount_type, .private = &tmpfs_type};

void ramfs_init(void) {
    filesystem_register(&ramfs_type);
    filesystem_register(&tmpfs_type);
    ramfs_unlinked_init();
}
