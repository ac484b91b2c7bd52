/*
 * Names of sockets (unix(7), "Address format"): in the file tree, abstract, or made by the kernel. All
 * sockets are in one hash table: those with a name where its hash says, the others anywhere.
 */
#include "fs/vfs/entry.h"
#include "fs/vfs/fs_context.h"
#include "fs/vfs/mount.h"
#include "kernel/mm/slab.h"
#include "kernel/random/random.h"
#include "kernel/task/task.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/format.h"
#include "lib/hash.h"
#include "lib/string.h"
#include "net/unix/unix_internal.h"

#define BUCKETS 256u
#define AUTOMATIC_NAMES (1u << 20) /* five hexadecimal digits */
#define AUTOMATIC_DIGITS 5u

struct bucket {
    struct spinlock lock; /* N */
    struct hlist_head sockets;
};

DEFINE_LOCK_CLASS(names_class, "unix names");

#define BUCKET_INIT {.lock = SPINLOCK_INIT(names_class)}
static struct bucket table[BUCKETS] = {[0 ... BUCKETS - 1] = BUCKET_INIT};

/* ---- addresses ---- */

static struct unix_address *address_create(const void *bytes, uint32_t length) {
    struct unix_address *address = kzalloc(sizeof *address);
    if (!address)
        return NULL;
    refcount_init(&address->refcount, 1);
    address->length = length;
    memcpy(address->bytes, bytes, MIN(length, (uint32_t)sizeof address->bytes));
    return address;
}

struct unix_address *unix_address_get(struct unix_address *address) {
    refcount_get(&address->refcount);
    return address;
}

void unix_address_put(struct unix_address *address) {
    if (refcount_put(&address->refcount))
        kfree(address);
}

void unix_address_copy(const struct unix_socket *sock, struct socket_name *name) {
    const struct unix_address *address = unix_address_of(sock);
    name->length = address ? address->length : 0;
    if (address)
        memcpy(name->bytes, address->bytes, address->length);
}

int unix_check_name(const struct socket_name *name) {
    bool ok = name->length > UNIX_PATH_OFFSET && name->length <= UNIX_PATH_OFFSET + UNIX_PATH_MAX &&
              name->family == AF_UNIX;
    return ok ? 0 : -EINVAL;
}

static bool is_abstract(const void *bytes) {
    return ((const char *)bytes)[UNIX_PATH_OFFSET] == '\0';
}

/* ---- the table ---- */

static uint32_t bucket_of_inode(const struct inode *inode) {
    return (uint32_t)hash_u64((uintptr_t)inode) % BUCKETS;
}

static uint32_t bucket_of_abstract(const void *bytes, uint32_t length, uint16_t type) {
    return (uint32_t)hash_bytes(bytes, length, type) % BUCKETS;
}

static void insert(struct unix_socket *sock, uint32_t bucket) {
    sock->bucket = bucket;
    hlist_add(&sock->table_node, &table[bucket].sockets);
}

void unix_table_add(struct unix_socket *sock) {
    uint32_t bucket = (uint32_t)hash_u64((uintptr_t)sock) % BUCKETS;
    spin_lock(&table[bucket].lock);
    insert(sock, bucket);
    spin_unlock(&table[bucket].lock);
}

void unix_table_remove(struct unix_socket *sock) {
    struct bucket *bucket = &table[sock->bucket];
    spin_lock(&bucket->lock);
    hlist_remove(&sock->table_node);
    spin_unlock(&bucket->lock);
}

void unix_each(void (*visit)(struct unix_socket *sock, void *context), void *context) {
    for (struct bucket *bucket = table; bucket < table + BUCKETS; bucket++) {
        struct unix_socket *sock;
        spin_lock(&bucket->lock);
        hlist_for_each_entry(sock, &bucket->sockets, table_node)
            visit(sock, context);
        spin_unlock(&bucket->lock);
    }
}

/* What is looked for: a name in the tree by its inode, else the bytes. */
struct wanted {
    const struct inode *inode;
    const void *bytes;
    uint32_t length;
    uint16_t type;
};

static bool matches(const struct unix_socket *sock, const struct wanted *wanted) {
    if (!sock->bound)
        return false;
    if (wanted->inode)
        return sock->name_inode == wanted->inode;
    return !sock->name_inode && sock->socket.type == wanted->type && sock->address->length == wanted->length &&
           memcmp(sock->address->bytes, wanted->bytes, wanted->length) == 0;
}

/* The bucket's lock is held. */
static struct unix_socket *find_in(const struct bucket *bucket, const struct wanted *wanted) {
    struct unix_socket *sock;
    hlist_for_each_entry(sock, &bucket->sockets, table_node)
        if (matches(sock, wanted))
            return sock;
    return NULL;
}

/* With a reference, or NULL. */
static struct unix_socket *find_and_get(uint32_t number, const struct wanted *wanted) {
    struct bucket *bucket = &table[number];
    spin_lock(&bucket->lock);
    struct unix_socket *sock = find_in(bucket, wanted);
    if (sock) /* it leaves the table before its own reference goes */
        unix_get(sock);
    spin_unlock(&bucket->lock);
    return sock;
}

/* Puts the name on the socket where its hash says; false: another one has it. B held. */
static bool set_name(struct unix_socket *sock, struct unix_address *address, struct inode *inode, uint32_t number) {
    struct wanted wanted = {inode, address->bytes, address->length, sock->socket.type};
    unix_table_remove(sock);
    spin_lock(&table[number].lock);
    bool is_free = !find_in(&table[number], &wanted);
    if (is_free) {
        atomic_store(&sock->address, address);
        sock->name_inode = inode;
        sock->bound = true;
    }
    insert(sock, number);
    spin_unlock(&table[number].lock);
    return is_free;
}

/* ---- bind ---- */

/* The new name's place: path_put(directory) follows. */
static int make_node(const char *name, uint32_t mode, struct path *directory, char *last, struct dentry **made) {
    bool trailing_slash;
    int error = path_lookup_parent(NULL, name, directory, last, &trailing_slash);
    if (error)
        return error;
    mode = S_IFSOCK | (mode & 07777u & ~current_task()->fs->umask);
    error = trailing_slash ? -ENOENT : entry_create(directory, last, mode, 0, made);
    if (error)
        path_put(directory);
    return error == -EEXIST ? -EADDRINUSE : error;
}

/* The running thread's file on the socket says which mode its name is to have. */
static uint32_t mode_of(const struct unix_socket *sock) {
    const struct file *file = atomic_load(&sock->socket.file);
    return file ? file->inode->mode : 0777u;
}

static int bind_path(struct unix_socket *sock, const struct socket_name *name) {
    char last[NAME_MAX + 1];
    struct path directory;
    struct dentry *dentry;
    struct unix_address *address = address_create(name->bytes, name->length);
    if (!address)
        return -ENOMEM;
    address->length = UNIX_PATH_OFFSET + (uint32_t)strlen(address->bytes + UNIX_PATH_OFFSET) + 1;
    int error = make_node(address->bytes + UNIX_PATH_OFFSET, mode_of(sock), &directory, last, &dentry);
    if (error) {
        unix_address_put(address);
        return error;
    }
    mutex_lock(&sock->bind_mutex);
    bool was_bound = sock->address;
    if (!was_bound) {
        struct path path = {directory.mount, dentry};
        path_get(&path);
        sock->path = path;
        bool is_free = set_name(sock, address, dentry->inode, bucket_of_inode(dentry->inode));
        ASSERT(is_free);
    }
    mutex_unlock(&sock->bind_mutex);
    dentry_put(dentry);
    if (was_bound) {
        error = entry_unlink(&directory, last, false);
        unix_address_put(address);
    }
    path_put(&directory);
    return was_bound ? -EINVAL : 0;
}

/* -EADDRINUSE: another socket of this type has the name. B held. */
static int set_abstract(struct unix_socket *sock, const void *bytes, uint32_t length) {
    struct unix_address *address = address_create(bytes, length);
    if (!address)
        return -ENOMEM;
    if (set_name(sock, address, NULL, bucket_of_abstract(bytes, length, sock->socket.type)))
        return 0;
    unix_address_put(address);
    return -EADDRINUSE;
}

static int bind_abstract(struct unix_socket *sock, const struct socket_name *name) {
    mutex_lock(&sock->bind_mutex);
    int error = sock->address ? -EINVAL : set_abstract(sock, name->bytes, name->length);
    mutex_unlock(&sock->bind_mutex);
    return error;
}

int unix_bind_automatically(struct unix_socket *sock) {
    struct socket_name name = {.family = AF_UNIX};
    char *digits = (char *)name.bytes + UNIX_PATH_OFFSET + 1;
    mutex_lock(&sock->bind_mutex);
    int error = sock->address ? 0 : -EADDRINUSE;
    uint32_t number = (uint32_t)random_u64();
    for (uint32_t tries = 0; error == -EADDRINUSE && tries < AUTOMATIC_NAMES; tries++) {
        format_snprintf(digits, AUTOMATIC_DIGITS + 1, "%05x", (number + tries) % AUTOMATIC_NAMES);
        error = set_abstract(sock, name.bytes, UNIX_PATH_OFFSET + 1 + AUTOMATIC_DIGITS);
    }
    mutex_unlock(&sock->bind_mutex);
    return error == -EADDRINUSE ? -ENOSPC : error;
}

int unix_name_if_passing(struct unix_socket *sock) {
    if (likely(!socket_has_option(&sock->socket, SOCKET_PASS_CREDENTIALS)) || unix_address_of(sock))
        return 0;
    return unix_bind_automatically(sock);
}

int unix_bind(struct socket *socket, const struct socket_name *name) {
    struct unix_socket *sock = unix_of(socket);
    if (name->length == UNIX_PATH_OFFSET && name->family == AF_UNIX)
        return unix_bind_automatically(sock);
    int error = unix_check_name(name);
    if (error)
        return error;
    return is_abstract(name->bytes) ? bind_abstract(sock, name) : bind_path(sock, name);
}

/* ---- finding ---- */

static struct unix_socket *find_path(const struct socket_name *name, uint16_t type) {
    char text[UNIX_PATH_MAX + 1] = {0};
    struct path path;
    memcpy(text, name->bytes + UNIX_PATH_OFFSET, name->length - UNIX_PATH_OFFSET);
    int error = path_lookup(NULL, text, 0, &path);
    if (error)
        return ERR_PTR(error);
    struct inode *inode = path.dentry->inode;
    struct unix_socket *sock = NULL;
    error = inode_permission(inode, ACCESS_WRITE);
    if (!error && S_IS(inode->mode, S_IFSOCK))
        sock = find_and_get(bucket_of_inode(inode), &(struct wanted){.inode = inode});
    path_put(&path);
    if (!sock)
        return ERR_PTR(error ? error : -ECONNREFUSED);
    if (sock->socket.type == type)
        return sock;
    unix_put(sock);
    return ERR_PTR(-EPROTOTYPE);
}

struct unix_socket *unix_find(const struct socket_name *name, uint16_t type) {
    if (!is_abstract(name->bytes))
        return find_path(name, type);
    struct wanted wanted = {NULL, name->bytes, name->length, type};
    struct unix_socket *sock = find_and_get(bucket_of_abstract(name->bytes, name->length, type), &wanted);
    return sock ? sock : ERR_PTR(-ECONNREFUSED);
}
