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
#define NUMBER_MARK '#'

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

void view_ranges(struct view_buffer *buffer, uint64_t bits) {
    const char *separator = "";
    for (unsigned first = 0; first < 64; first++) {
        unsigned last = first;
        if (!(bits & BIT(first)))
            continue;
        while (last < 63 && (bits & BIT(last + 1)))
            last++;
        view_printf(buffer, last > first ? "%s%u-%u" : "%s%u", separator, first, last);
        separator = ",";
        first = last;
    }
}

void view_buffer_free(struct view_buffer *buffer) {
    kfree(buffer->text);
    *buffer = (struct view_buffer){0};
}

/* ---- the registry ---- */

void view_register(struct view *view) {
    ASSERT(view->path[0] != '\0' && view->path[0] != '/');
    ASSERT(view->instances <= VIEW_INSTANCES_MAX && (view->instances > 0) == (strchr(view->path, NUMBER_MARK) != NULL));
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

/* Reads a number below `limit` as it is printed; NULL: there is none. */
static const char *read_number(const char *text, uint32_t limit, uint32_t *number) {
    const char *first = text;
    uint32_t value = 0;
    while (*text >= '0' && *text <= '9' && value < limit)
        value = value * 10 + (uint32_t)(*text++ - '0');
    if (text == first || value >= limit || (*first == '0' && text > first + 1))
        return NULL;
    *number = value;
    return text;
}

/* What of the view's path is left behind `text`, or NULL if it does not begin like that. */
static const char *match(const struct view *view, const char *text, uint32_t *instance) {
    const char *path = view->path;
    for (; *text != '\0'; path++) {
        if (*path == NUMBER_MARK)
            text = read_number(text, view->instances, instance);
        else
            text = *path == *text ? text + 1 : NULL;
        if (!text)
            return NULL;
    }
    return path;
}

/* What of the view's path is below `directory`, or NULL if it lies elsewhere. */
static const char *below(const struct view *view, const char *directory) {
    uint32_t instance;
    const char *rest = match(view, directory, &instance);
    if (!rest || directory[0] == '\0')
        return rest;
    return *rest == '/' ? rest + 1 : NULL;
}

static bool is_path_of(const struct view *view, const char *path, uint32_t *instance) {
    const char *rest = match(view, path, instance);
    return rest && *rest == '\0';
}

/* Counted as in use, or NULL. */
static struct view *find(enum view_tree tree, const char *path, uint32_t *instance) {
    struct view *view, *found = NULL;
    spin_lock(&registry_lock);
    list_for_each_entry(view, &views, node) {
        if (view->tree == tree && is_path_of(view, path, instance)) {
            found = view;
            atomic_fetch_add(&view->users, 1u);
            break;
        }
    }
    spin_unlock(&registry_lock);
    return found;
}

int view_show(enum view_tree tree, const char *path, struct view_buffer *buffer) {
    struct view *view = find(tree, path, &buffer->instance);
    if (!view)
        return -ENOENT;
    if (view->show)
        view->show(buffer, view->context);
    int error = !view->show ? -EIO : buffer->failed ? -ENOMEM : 0;
    atomic_fetch_sub(&view->users, 1u);
    return error;
}

int view_store(enum view_tree tree, const char *path, const char *text, size_t length) {
    uint32_t instance;
    struct view *view = find(tree, path, &instance);
    if (!view)
        return -ENOENT;
    int result = view->store ? view->store(text, length, view->context) : -EACCES;
    atomic_fetch_sub(&view->users, 1u);
    return result;
}

enum view_kind view_kind(enum view_tree tree, const char *path) {
    struct view *view;
    enum view_kind kind = VIEW_NONE;
    uint32_t instance;
    spin_lock(&registry_lock);
    list_for_each_entry(view, &views, node) {
        if (view->tree != tree)
            continue;
        if (is_path_of(view, path, &instance))
            kind = !view->store ? VIEW_FILE : view->show ? VIEW_WRITABLE_FILE : VIEW_WRITE_ONLY_FILE;
        else if (below(view, path))
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
        const char *rest = view->tree == stop->tree ? below(view, directory) : NULL;
        if (rest && strncmp(rest, name, length) == 0 && (rest[length] == '\0' || rest[length] == '/'))
            return true;
    }
    return false;
}

/* The child of `directory` that leads to the view, or to one instance of it. False: none, or there was one like it. */
static bool get_child(const struct view *view, const char *directory, uint32_t instance, struct view_child *child) {
    const char *rest = below(view, directory);
    const char *slash = rest ? strchr(rest, '/') : NULL;
    size_t length = slash ? (size_t)(slash - rest) : strlen(rest ? rest : "");
    if (!rest || length + 2 >= sizeof child->name || listed_before(view, directory, rest, length))
        return false;
    const char *mark = memchr(rest, NUMBER_MARK, length);
    size_t before = mark ? (size_t)(mark - rest) : length;
    memcpy(child->name, rest, before);
    child->name[before] = '\0';
    if (mark)
        format_snprintf(child->name + before, sizeof child->name - before, "%u%.*s", instance,
                        (int)(length - before - 1), mark + 1);
    child->is_directory = slash != NULL;
    child->more = mark && instance + 1 < view->instances;
    return true;
}

/* *index counts views, and instances of each. */
bool view_list(enum view_tree tree, const char *directory, uint64_t *index, struct view_child *child) {
    struct view *view;
    uint64_t at = 0, start = *index / VIEW_INSTANCES_MAX;
    uint32_t instance = (uint32_t)(*index % VIEW_INSTANCES_MAX);
    bool found = false;
    spin_lock(&registry_lock);
    list_for_each_entry(view, &views, node) {
        if (at++ < start)
            continue;
        found = view->tree == tree && get_child(view, directory, instance, child);
        if (found)
            break;
        instance = 0;
    }
    spin_unlock(&registry_lock);
    *index = found && child->more ? (at - 1) * VIEW_INSTANCES_MAX + instance + 1 : at * VIEW_INSTANCES_MAX;
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
