/* The registry of views, and the buffers that they write into. */
#include "kernel/view/view.h"

#include "kernel/mm/slab.h"
#include "kernel/sync/rcu.h"
#include "kernel/sync/spinlock.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"

#define FIRST_CAPACITY 512u

DEFINE_LOCK_CLASS(registry_class, "views");

static struct spinlock registry_lock = SPINLOCK_INIT(registry_class);
static struct list_node views = LIST_INIT(views); /* registry_lock; in the order of registration */

/* ---- buffers ---- */

/* Room for `more` bytes; false (and failed for good) when memory is short. */
static bool reserve(struct view_buffer *buffer, size_t more) {
    if (buffer->failed || more <= buffer->capacity - buffer->length)
        return !buffer->failed;
    size_t capacity = MAX(buffer->capacity, (size_t)FIRST_CAPACITY);
    while (capacity - buffer->length < more)
        capacity *= 2;
    char *text = krealloc(buffer->text, capacity);
    if (!text) {
        buffer->failed = true;
        return false;
    }
    buffer->text = text;
    buffer->capacity = capacity;
    return true;
}

void view_write(struct view_buffer *buffer, const char *text, size_t length) {
    if (!reserve(buffer, length))
        return;
    memcpy(buffer->text + buffer->length, text, length);
    buffer->length += length;
}

static void write_piece(void *context, const char *text, size_t length) {
    view_write(context, text, length);
}

void view_printf(struct view_buffer *buffer, const char *fmt, ...) {
    va_list arguments;
    va_start(arguments, fmt);
    format_callback(write_piece, buffer, fmt, arguments);
    va_end(arguments);
}

void view_buffer_free(struct view_buffer *buffer) {
    kfree(buffer->text);
    *buffer = (struct view_buffer){0};
}

/* ---- the registry ---- */

void view_register(struct view *view) {
    ASSERT(view->path[0] != '\0' && view->path[0] != '/');
    spin_lock(&registry_lock);
    list_add_tail(&view->node, &views);
    spin_unlock(&registry_lock);
}

void view_unregister(struct view *view) {
    spin_lock(&registry_lock);
    list_remove(&view->node);
    spin_unlock(&registry_lock);
    while (atomic_load(&view->users) > 0)
        rcu_synchronize(); /* sleeps: whoever shows it goes on meanwhile */
}

/* What is behind the directory `prefix` in `path`, or NULL if it lies elsewhere. */
static const char *below(const char *path, const char *prefix) {
    size_t length = strlen(prefix);
    if (length == 0)
        return path;
    return strncmp(path, prefix, length) == 0 && path[length] == '/' ? path + length + 1 : NULL;
}

/* Counted as in use, or NULL. */
static struct view *find(enum view_tree tree, const char *path) {
    struct view *view, *found = NULL;
    spin_lock(&registry_lock);
    list_for_each_entry(view, &views, node) {
        if (view->tree == tree && strcmp(view->path, path) == 0) {
            found = view;
            atomic_fetch_add(&view->users, 1u);
            break;
        }
    }
    spin_unlock(&registry_lock);
    return found;
}

int view_show(enum view_tree tree, const char *path, struct view_buffer *buffer) {
    struct view *view = find(tree, path);
    if (!view)
        return -ENOENT;
    if (view->show)
        view->show(buffer, view->context);
    int error = !view->show ? -EIO : buffer->failed ? -ENOMEM : 0;
    atomic_fetch_sub(&view->users, 1u);
    return error;
}

int view_store(enum view_tree tree, const char *path, const char *text, size_t length) {
    struct view *view = find(tree, path);
    if (!view)
        return -ENOENT;
    int result = view->store ? view->store(text, length, view->context) : -EACCES;
    atomic_fetch_sub(&view->users, 1u);
    return result;
}

enum view_kind view_kind(enum view_tree tree, const char *path) {
    struct view *view;
    enum view_kind kind = VIEW_NONE;
    spin_lock(&registry_lock);
    list_for_each_entry(view, &views, node) {
        if (view->tree != tree)
            continue;
        if (strcmp(view->path, path) == 0)
            kind = !view->store ? VIEW_FILE : view->show ? VIEW_WRITABLE_FILE : VIEW_WRITE_ONLY_FILE;
        else if (below(view->path, path))
            kind = VIEW_DIRECTORY;
        if (kind != VIEW_NONE)
            break;
    }
    spin_unlock(&registry_lock);
    return kind;
}

/* Whether a view registered before `stop` shows the same child of `directory`. */
static bool listed_before(const struct view *stop, const char *directory, const char *name, size_t length) {
    struct view *view;
    list_for_each_entry(view, &views, node) {
        if (view == stop)
            return false;
        const char *rest = view->tree == stop->tree ? below(view->path, directory) : NULL;
        if (rest && strncmp(rest, name, length) == 0 && (rest[length] == '\0' || rest[length] == '/'))
            return true;
    }
    return false;
}

bool view_list(enum view_tree tree, const char *directory, uint64_t *index, struct view_child *child) {
    struct view *view;
    uint64_t at = 0;
    bool found = false;
    spin_lock(&registry_lock);
    list_for_each_entry(view, &views, node) {
        if (at++ < *index)
            continue;
        const char *rest = view->tree == tree ? below(view->path, directory) : NULL;
        size_t length = rest && strchr(rest, '/') ? (size_t)(strchr(rest, '/') - rest) : strlen(rest ? rest : "");
        if (!rest || length >= sizeof child->name || listed_before(view, directory, rest, length))
            continue;
        memcpy(child->name, rest, length);
        child->name[length] = '\0';
        child->is_directory = rest[length] == '/';
        found = true;
        break;
    }
    spin_unlock(&registry_lock);
    *index = at;
    return found;
}

void view_show_help(enum view_tree tree, struct view_buffer *buffer) {
    struct view *view;
    uint64_t index = 0, at;
    do { /* not printing under the lock: printing allocates */
        const char *path = NULL, *help = NULL;
        at = 0;
        spin_lock(&registry_lock);
        list_for_each_entry(view, &views, node) {
            if (at++ == index && view->tree == tree) {
                path = view->path;
                help = view->help;
            }
        }
        spin_unlock(&registry_lock);
        if (path)
            view_printf(buffer, "%-24s %s\n", path, help ? help : "");
        index++;
    } while (index < at);
}
