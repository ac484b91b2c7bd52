/*
 * The boot archive becomes the first filesystem. File data that begin on a page boundary stay where
 * they are: their whole pages are handed to the file's object, and only a last partial page is copied.
 * Other data are copied. Runs once, before there are programs: no permission is asked.
 *
 * Hard links: members with the same inode number and nlink > 1 are one file; in newc only the last
 * of them carries the data, so each member with data sets the contents.
 */
#define LOG_TAG "ramfs"

#include "fs/ramfs/ramfs_internal.h"

#include "kernel/log/log.h"
#include "kernel/mm/slab.h"
#include "kernel/vm/io_buffer.h"
#include "lib/cpio.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"

#define PERMISSION_BITS 07777u
#define LINK_BUCKETS 64u

/* A file that more names are expected for. */
struct known_link {
    struct known_link *next;
    uint32_t ino, dev_major, dev_minor;
    struct inode *inode;
};

struct unpack {
    struct inode *root;
    struct known_link *links[LINK_BUCKETS];
    uint64_t pages_in_place;
};

/* ---- names ---- */

/* The entry `name` of `directory`, or NULL. */
static struct inode *child_of(struct inode *directory, const char *name, size_t length) {
    struct index_entry *entry = name_index_find(ramfs_index_of(directory), name, length);
    return entry ? entry->inode : NULL;
}

/* Enters a name without touching the directory's times: the archive says what they are. */
static int add_entry(struct inode *directory, const char *name, size_t length, struct inode *inode) {
    struct timestamp modified = directory->modify_time, changed = directory->change_time;
    int error = ramfs_add_entry(directory, name, length, inode);
    directory->modify_time = modified;
    directory->change_time = changed;
    return error;
}

/* A directory that members name only as a part of their own names. */
static struct inode *make_directory(struct inode *parent, const char *name, size_t length) {
    struct inode *made = ramfs_new_inode(parent->super, S_IFDIR | 0755u, 0);
    if (IS_ERR(made))
        return made;
    int error = add_entry(parent, name, length, made);
    inode_put(made); /* the entry keeps it */
    return error ? ERR_PTR(error) : made;
}

/*
 * The directory for a member's name, and in *last, *last_length its last component (length 0: the root
 * itself). Names with ".." or a file in the way are refused with -EINVAL.
 */
static struct inode *find_directory(struct unpack *unpack, const char *name, const char **last,
                                    size_t *last_length) {
    struct inode *at = unpack->root;
    *last = name;
    *last_length = 0;
    for (;;) {
        while (*name == '/')
            name++;
        const char *end = strchr(name, '/');
        size_t length = end ? (size_t)(end - name) : strlen(name);
        if (length == 0)
            return at;
        bool dot = length == 1 && name[0] == '.';
        if (length > NAME_MAX || (length == 2 && name[0] == '.' && name[1] == '.'))
            return ERR_PTR(-EINVAL);
        if (*last_length > 0) {
            struct inode *next = child_of(at, *last, *last_length);
            at = next ? next : make_directory(at, *last, *last_length);
            if (IS_ERR(at))
                return at;
            if (!S_IS(at->mode, S_IFDIR))
                return ERR_PTR(-EINVAL);
            *last_length = 0;
        }
        if (!dot) {
            *last = name;
            *last_length = length;
        }
        name += length;
    }
}

/* ---- contents ---- */

/* A page of the archive joins the object; the archive's own reference keeps it from being freed. */
static int insert_in_place(struct vm_object *object, uint64_t index, const uint8_t *data) {
    struct page *page = virt_to_page(data);
    atomic_fetch_or(&page->flags, PAGE_RESERVED);
    page_get(page);
    page_get(page);
    int error = object_insert_page(object, index, page);
    if (error)
        page_put(page);
    return error;
}

static int copy_contents(struct vm_object *object, uint64_t offset, const uint8_t *data, size_t size) {
    struct io_segment segment = {(void *)(uintptr_t)data, size};
    struct io_buffer buffer;
    io_buffer_init(&buffer, &segment, 1, true);
    int64_t written = object_write(object, offset, &buffer);
    if (written < 0)
        return (int)written;
    return (size_t)written == size ? 0 : -ENOMEM;
}

static int set_contents(struct unpack *unpack, struct inode *inode, const struct cpio_member *member) {
    struct vm_object *object = inode->object;
    uint64_t in_place = IS_ALIGNED((uintptr_t)member->data, PAGE_SIZE) ? member->size / PAGE_SIZE : 0;
    int error = object_truncate(object, 0);
    if (!error)
        error = object_truncate(object, member->size);
    for (uint64_t index = 0; index < in_place && !error; index++)
        error = insert_in_place(object, index, member->data + index * PAGE_SIZE);
    uint64_t done = in_place * PAGE_SIZE;
    if (!error && done < member->size)
        error = copy_contents(object, done, member->data + done, member->size - done);
    inode->size = member->size;
    ramfs_charge(inode, object->page_count);
    unpack->pages_in_place += in_place;
    return error;
}

static int set_link_text(struct inode *inode, const struct cpio_member *member) {
    char *text = kmalloc(member->size + 1);
    if (!text)
        return -ENOMEM;
    memcpy(text, member->data, member->size);
    text[member->size] = '\0';
    kfree((void *)(uintptr_t)inode->link_text);
    inode->link_text = text;
    inode->size = member->size;
    return 0;
}

/* ---- members ---- */

static struct known_link **link_bucket(struct unpack *unpack, const struct cpio_member *member) {
    return &unpack->links[member->ino % LINK_BUCKETS];
}

/* The file that an earlier member with the same number made, or NULL. */
static struct inode *find_link(struct unpack *unpack, const struct cpio_member *member) {
    if (member->nlink < 2 || S_IS(member->mode, S_IFDIR))
        return NULL;
    for (struct known_link *link = *link_bucket(unpack, member); link; link = link->next)
        if (link->ino == member->ino && link->dev_major == member->dev_major &&
            link->dev_minor == member->dev_minor)
            return link->inode;
    return NULL;
}

static int remember_link(struct unpack *unpack, const struct cpio_member *member, struct inode *inode) {
    if (member->nlink < 2 || S_IS(member->mode, S_IFDIR))
        return 0;
    struct known_link *link = kmalloc(sizeof *link);
    if (!link)
        return -ENOMEM;
    struct known_link **bucket = link_bucket(unpack, member);
    *link = (struct known_link){*bucket, member->ino, member->dev_major, member->dev_minor, inode};
    *bucket = link;
    return 0;
}

static void forget_links(struct unpack *unpack) {
    for (unsigned i = 0; i < LINK_BUCKETS; i++)
        for (struct known_link *link = unpack->links[i], *next; link; link = next) {
            next = link->next;
            kfree(link);
        }
}

static void set_times(struct inode *inode, uint32_t time_s) {
    inode->modify_time = (struct timestamp){.seconds = time_s};
    inode->access_time = inode->change_time = inode->birth_time = inode->modify_time;
}

static void set_metadata(struct inode *inode, const struct cpio_member *member) {
    inode->mode = (inode->mode & S_IFMT) | (member->mode & PERMISSION_BITS);
    inode->uid = member->uid;
    inode->gid = member->gid;
    set_times(inode, member->mtime_s);
}

/* The inode of a member not seen before, entered in its directory, which keeps the reference. */
static struct inode *make_member(struct unpack *unpack, struct inode *directory, const char *name,
                                 size_t length, const struct cpio_member *member) {
    uint64_t device = ((uint64_t)member->rdev_major << 8) | (member->rdev_minor & 0xff) |
                      ((uint64_t)(member->rdev_minor & ~0xffu) << 12);
    struct inode *inode = ramfs_new_inode(directory->super, member->mode, device);
    if (IS_ERR(inode))
        return inode;
    int error = add_entry(directory, name, length, inode);
    inode_put(inode);
    if (!error)
        error = remember_link(unpack, member, inode);
    return error ? ERR_PTR(error) : inode;
}

/* Finds or makes what the member describes. */
static struct inode *place_member(struct unpack *unpack, const struct cpio_member *member) {
    const char *name;
    size_t length;
    struct inode *directory = find_directory(unpack, member->name, &name, &length);
    if (IS_ERR(directory))
        return directory;
    if (length == 0)
        return directory;
    struct inode *inode = child_of(directory, name, length);
    if (inode)
        return (inode->mode & S_IFMT) == (member->mode & S_IFMT) ? inode : ERR_PTR(-EEXIST);
    inode = find_link(unpack, member);
    if (!inode)
        return make_member(unpack, directory, name, length, member);
    int error = add_entry(directory, name, length, inode);
    if (error)
        return ERR_PTR(error);
    inode->link_count++;
    return inode;
}

static int unpack_member(struct unpack *unpack, const struct cpio_member *member) {
    struct inode *inode = place_member(unpack, member);
    if (IS_ERR(inode))
        return PTR_ERR(inode);
    int error = 0;
    if (S_IS(inode->mode, S_IFREG) && member->size > 0)
        error = set_contents(unpack, inode, member);
    else if (S_IS(inode->mode, S_IFLNK))
        error = set_link_text(inode, member);
    set_metadata(inode, member);
    return error;
}

int64_t ramfs_unpack(const struct path *root, const void *archive, size_t size) {
    struct unpack unpack = {.root = root->dentry->inode};
    struct cpio_reader reader;
    struct cpio_member member;
    uint32_t newest_s = 0; /* the clock is not set yet: the root is as old as the archive */
    int64_t count = 0;
    int more;
    cpio_reader_init(&reader, archive, size);
    while ((more = cpio_next(&reader, &member)) == 1) {
        if (strcmp(member.name, CPIO_CHECKSUM_NAME) == 0)
            continue;
        int error = unpack_member(&unpack, &member);
        if (error == -ENOMEM) {
            more = error;
            break;
        }
        if (error)
            log_warn("member '%s' of the archive is skipped (error %d)", member.name, -error);
        else
            count++;
        newest_s = MAX(newest_s, member.mtime_s);
    }
    set_times(unpack.root, newest_s);
    /* The limit is a share of the memory that is left beside the archive. */
    ramfs_super_of(unpack.root)->pages_max += unpack.pages_in_place;
    forget_links(&unpack);
    if (more < 0)
        log_error("the archive ends early at byte %zu of %zu (error %d)", reader.offset, size, -more);
    return more < 0 ? more : count;
}
