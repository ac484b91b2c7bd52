/*
 * The names in /dev/pts. Only the kernel makes and removes them, under the root's inode lock;
 * programs may change a node's owner and mode. What opening a node does is found by its number
 * (fs/vfs/special.c, kernel/tty/pty.c).
 */
#include "fs/devpts/devpts.h"

#include "fs/ramfs/tree.h"
#include "fs/vfs/super.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/format.h"
#include "lib/string.h"

#define DEVPTS_MAGIC 0x1cd1u /* linux/magic.h */
#define ROOT_MODE 0755u
#define PERMISSIONS 07777u
#define NAME_BYTES 12u /* a number of 32 bits and its end */
#define NO_OWNER UINT32_MAX
#define PTMX_NAME "ptmx"

static struct super_block *devpts_super;

static struct options {
    uint32_t uid, gid;  /* NO_OWNER: the opener's */
    uint32_t mode, ptmx_mode;
} options = {NO_OWNER, NO_OWNER, 0600, 0}; /* mount(8), "Mount options for devpts"; the root's lock */

static struct options options_read(void) {
    struct inode *root = devpts_super->root->inode;
    rwsem_read_lock(&root->lock);
    struct options copy = options;
    rwsem_read_unlock(&root->lock);
    return copy;
}

/* ---- names ---- */

static struct inode *devpts_lookup(struct inode *directory, const char *name, size_t length) {
    struct index_entry *entry = name_index_find(ramfs_index_of(directory), name, length);
    if (!entry)
        return NULL;
    inode_get(entry->inode);
    return entry->inode;
}

/* No create and no unlink: the names are the kernel's. */
static const struct inode_ops root_ops = {.lookup = devpts_lookup};

/* What the cache knows of `name` is out of date. The root's lock is held. */
static void forget_name(const char *name) {
    struct dentry *dentry = dentry_lookup_locked(devpts_super->root, name, strlen(name));
    if (IS_ERR(dentry))
        return;
    dentry_unhash(dentry);
    dentry_put(dentry);
}

/* Enters a device node; the inode's reference is the tree's. */
static int add_node(const char *name, struct inode *inode) {
    struct inode *root = devpts_super->root->inode;
    int error = -EEXIST;

    rwsem_write_lock(&root->lock);
    if (!name_index_find(ramfs_index_of(root), name, strlen(name))) {
        forget_name(name);
        error = ramfs_add_entry(root, name, strlen(name), inode);
    }
    rwsem_write_unlock(&root->lock);
    inode_put(inode);
    return error;
}

int devpts_add(unsigned index) {
    const struct cred *cred = current_cred();
    const struct options set = options_read();
    char name[NAME_BYTES];
    struct inode *inode = ramfs_new_inode(devpts_super, S_IFCHR | set.mode, DEVICE_NUMBER(PTY_SLAVE_MAJOR, index));

    if (IS_ERR(inode))
        return PTR_ERR(inode);
    inode->uid = set.uid == NO_OWNER ? cred->fsuid : set.uid;
    inode->gid = set.gid == NO_OWNER ? cred->fsgid : set.gid;
    format_snprintf(name, sizeof name, "%u", index);
    return add_node(name, inode);
}

void devpts_remove(unsigned index) {
    struct inode *root = devpts_super->root->inode;
    char name[NAME_BYTES];

    format_snprintf(name, sizeof name, "%u", index);
    rwsem_write_lock(&root->lock);
    struct index_entry *entry = name_index_find(ramfs_index_of(root), name, strlen(name));
    if (entry) {
        struct inode *inode = name_index_remove(ramfs_index_of(root), entry);
        inode->link_count = 0;
        inode_put(inode);
    }
    forget_name(name);
    rwsem_write_unlock(&root->lock);
}

/* ---- mounting ---- */

/* Reads "NAME=NUMBER" up to the comma into *value; false: another name. A wrong number is *error. */
static bool take_option(const char *text, const char *name, unsigned base, uint32_t *value, int *error) {
    size_t length = strlen(name);
    const char *at = text + length;
    uint64_t number = 0;

    if (strncmp(text, name, length) != 0 || *at != '=')
        return false;
    do {
        at++;
        if (*at < '0' || *at >= (char)('0' + base) || number > UINT32_MAX) {
            *error = -EINVAL;
            return true;
        }
        number = number * base + (uint64_t)(*at - '0');
    } while (at[1] != ',' && at[1] != '\0');
    *value = (uint32_t)number;
    return true;
}

static bool is_option(const char *text, const char *name) {
    size_t length = strlen(name);
    return strncmp(text, name, length) == 0 && (text[length] == '\0' || text[length] == ',');
}

/* The options that name an instance or a limit mean nothing here: there is one, and its limit is fixed. */
static int parse_option(const char *text) {
    uint32_t unused;
    int error = 0;
    bool known = take_option(text, "uid", 10, &options.uid, &error) ||
                 take_option(text, "gid", 10, &options.gid, &error) ||
                 take_option(text, "mode", 8, &options.mode, &error) ||
                 take_option(text, "ptmxmode", 8, &options.ptmx_mode, &error) ||
                 take_option(text, "max", 10, &unused, &error) || is_option(text, "newinstance");
    return known ? error : -EINVAL;
}

static struct super_block *devpts_mount(struct filesystem_type *type, const char *source, uint32_t flags,
                                        const char *text) {
    struct inode *root = devpts_super->root->inode;
    int error = 0;
    (void)type, (void)source, (void)flags;

    rwsem_write_lock(&root->lock);
    while (text && *text && !error) {
        error = parse_option(text);
        const char *comma = strchr(text, ',');
        text = comma ? comma + 1 : NULL;
    }
    options.mode &= PERMISSIONS;
    struct index_entry *ptmx = name_index_find(ramfs_index_of(root), PTMX_NAME, strlen(PTMX_NAME));
    if (ptmx)
        ptmx->inode->mode = S_IFCHR | (options.ptmx_mode & PERMISSIONS);
    rwsem_write_unlock(&root->lock);
    if (error)
        return ERR_PTR(error);
    super_get(devpts_super);
    return devpts_super;
}

static void show_options(struct super_block *super, char *text, size_t size) {
    const struct options set = options_read();
    int length = 0;
    (void)super;
    if (set.gid != NO_OWNER)
        length = format_snprintf(text, size, ",gid=%u", set.gid);
    if (length >= 0 && (size_t)length < size)
        format_snprintf(text + length, size - (size_t)length, ",mode=%o,ptmxmode=%03o", set.mode, set.ptmx_mode);
}

static struct super_ops super_ops; /* ramfs's, but for the options shown */
static struct filesystem_type devpts_type = {.name = "devpts", .mount = devpts_mount};

void devpts_init(void) {
    devpts_super = ramfs_make_super(&devpts_type);
    ASSERT(!IS_ERR(devpts_super));
    super_ops = *devpts_super->ops;
    super_ops.show_options = show_options;
    devpts_super->ops = &super_ops;
    devpts_super->magic = DEVPTS_MAGIC;
    devpts_super->root->inode->mode = S_IFDIR | ROOT_MODE;
    devpts_super->root->inode->ops = &root_ops;
    struct inode *inode = ramfs_new_inode(devpts_super, S_IFCHR, DEVICE_NUMBER(PTMX_MAJOR, PTMX_MINOR));
    int error = IS_ERR(inode) ? PTR_ERR(inode) : add_node(PTMX_NAME, inode);
    ASSERT(!error);
    filesystem_register(&devpts_type);
}
