/*
 * Descriptor tables (file_table.h).
 *
 * Invariants
 *  1. A number is in use iff its bit in `open` is set; its slot may still be NULL (reserved).
 *  2. Bit w of `full` is set iff word w of `open` has no clear bit.
 *  3. Every number below `lowest_free` is in use.
 *  4. Slot arrays only grow; an outgrown one is freed after a grace period, as readers may hold it.
 */
#include "fs/vfs/file_table.h"

#include "fs/vfs/file_lock.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "lib/bitmap.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"

#define INLINE_SLOTS 64u
#define SLOTS_MAX (1u << 18) /* the array of pointers is then 2 MiB, which kmalloc still gives */

struct slots {
    struct rcu_head rcu;
    uint32_t capacity; /* a multiple of 64 */
    struct file **files;
    uint32_t lowest_free; /* as far as is known */
    uint64_t *open, *close_on_exec, *full;
};

struct file_table {
    struct refcount refcount;
    struct spinlock lock; /* guards everything below; files and slots are read under RCU */
    struct slots *slots;
    struct slots inline_slots;
    struct file *inline_files[INLINE_SLOTS];
    uint64_t inline_words[3];
};

DEFINE_LOCK_CLASS(table_class, "file table");

/* ---- tables ---- */

struct file_table *file_table_create(void) {
    struct file_table *table = kzalloc(sizeof *table);
    if (!table)
        return NULL;
    refcount_init(&table->refcount, 1);
    spin_init(&table->lock, table_class);
    table->slots = &table->inline_slots;
    *table->slots = (struct slots){.capacity = INLINE_SLOTS,
                                   .files = table->inline_files,
                                   .open = &table->inline_words[0],
                                   .close_on_exec = &table->inline_words[1],
                                   .full = &table->inline_words[2]};
    return table;
}

/* One block: slots, three bitmaps, the array. NULL: no memory. */
static struct slots *slots_alloc(uint32_t capacity) {
    size_t words = capacity / 64;
    size_t full_words = BITMAP_WORDS(words);
    struct slots *slots =
        kzalloc(sizeof *slots + (2 * words + full_words) * sizeof(uint64_t) + capacity * sizeof(void *));
    if (!slots)
        return NULL;
    slots->capacity = capacity;
    slots->open = (uint64_t *)(slots + 1);
    slots->close_on_exec = slots->open + words;
    slots->full = slots->close_on_exec + words;
    slots->files = (struct file **)(void *)(slots->full + full_words);
    return slots;
}

static void slots_free(struct rcu_head *head) {
    kfree(container_of(head, struct slots, rcu));
}

static void slots_copy(struct slots *to, const struct slots *from) {
    size_t words = from->capacity / 64;
    to->lowest_free = from->lowest_free;
    memcpy(to->files, from->files, from->capacity * sizeof(void *));
    memcpy(to->open, from->open, words * sizeof(uint64_t));
    memcpy(to->close_on_exec, from->close_on_exec, words * sizeof(uint64_t));
    memcpy(to->full, from->full, BITMAP_WORDS(words) * sizeof(uint64_t));
}

static int table_grow(struct file_table *table, uint32_t descriptor) {
    struct slots *old = table->slots;
    if (descriptor >= SLOTS_MAX)
        return -EMFILE;
    struct slots *slots = slots_alloc(1u << log2_ceil(descriptor + 1));
    if (!slots)
        return -ENOMEM;
    slots_copy(slots, old);
    rcu_assign(table->slots, slots);
    if (old != &table->inline_slots)
        rcu_defer(&old->rcu, slots_free);
    return 0;
}

/* Makes room for `descriptor`. table->lock held. 0, -EMFILE or -ENOMEM. */
static inline int table_reach(struct file_table *table, uint32_t descriptor) {
    return likely(descriptor < table->slots->capacity) ? 0 : table_grow(table, descriptor);
}

static void mark_open(struct slots *slots, uint32_t descriptor, bool close_on_exec) {
    bitmap_set(slots->open, descriptor);
    if (slots->open[descriptor / 64] == UINT64_MAX)
        bitmap_set(slots->full, descriptor / 64);
    if (close_on_exec)
        bitmap_set(slots->close_on_exec, descriptor);
    else
        bitmap_clear(slots->close_on_exec, descriptor);
}

static void mark_free(struct slots *slots, uint32_t descriptor) {
    bitmap_clear(slots->open, descriptor);
    bitmap_clear(slots->full, descriptor / 64);
    slots->lowest_free = MIN(slots->lowest_free, descriptor);
}

/* Lowest number >= minimum that is free; may be the capacity. table->lock held. */
static uint32_t find_free(const struct slots *slots, uint32_t minimum) {
    uint32_t words = slots->capacity / 64, first = MAX(minimum, slots->lowest_free);
    if (first >= slots->capacity)
        return first;
    uint32_t word = first / 64;
    uint64_t free_bits = ~slots->open[word] & (UINT64_MAX << (first % 64));
    if (!free_bits) {
        word = (uint32_t)bitmap_find_clear(slots->full, words, word + 1);
        if (word >= words)
            return slots->capacity;
        free_bits = ~slots->open[word];
    }
    return word * 64 + (uint32_t)__builtin_ctzll(free_bits);
}

struct file_table *file_table_copy(struct file_table *table) {
    struct file_table *copy = file_table_create();
    if (!copy)
        return NULL;
    spin_lock(&table->lock);
    if (table->slots->capacity > copy->slots->capacity &&
        table_reach(copy, table->slots->capacity - 1) != 0) {
        spin_unlock(&table->lock);
        file_table_put(copy);
        return NULL;
    }
    slots_copy(copy->slots, table->slots);
    size_t capacity = copy->slots->capacity;
    for (size_t fd = bitmap_find_set(copy->slots->open, capacity, 0); fd < capacity;
         fd = bitmap_find_set(copy->slots->open, capacity, fd + 1)) {
        if (copy->slots->files[fd])
            file_get(copy->slots->files[fd]);
        else
            mark_free(copy->slots, (uint32_t)fd); /* another thread is about to open it */
    }
    spin_unlock(&table->lock);
    return copy;
}

void file_table_get(struct file_table *table) {
    refcount_get(&table->refcount);
}

bool file_table_get_not_zero(struct file_table *table) {
    return refcount_get_not_zero(&table->refcount);
}

/* The end of one descriptor: the file has left the table. */
static void close_file(struct file_table *table, struct file *file) {
    if (unlikely(!list_is_empty(&file->inode->file_locks)))
        file_locks_release_posix(file, table);
    if (file->ops && unlikely(file->ops->closed != NULL)) /* O_PATH gives a file no methods */
        file->ops->closed(file);
    file_put(file);
}

static void table_free(struct rcu_head *head) {
    kfree(container_of(head, struct file_table, inline_slots.rcu));
}

void file_table_put(struct file_table *table) {
    if (!refcount_put(&table->refcount))
        return;
    struct slots *slots = table->slots;
    for (size_t fd = bitmap_find_set(slots->open, slots->capacity, 0); fd < slots->capacity;
         fd = bitmap_find_set(slots->open, slots->capacity, fd + 1)) {
        if (slots->files[fd])
            close_file(table, slots->files[fd]);
    }
    if (slots != &table->inline_slots)
        rcu_defer(&slots->rcu, slots_free);
    rcu_defer(&table->inline_slots.rcu, table_free);
}

/* ---- descriptors of the running task ---- */

static struct file_table *current_table(void) {
    return current_task()->files;
}

static bool table_is_shared(struct file_table *table) {
    return refcount_read(&table->refcount) != 1;
}

/* With a reference; under RCU a slot may change while it is looked at. */
static struct file *find_and_get(struct file_table *table, uint32_t descriptor) {
    struct file *file = NULL;
    rcu_read_lock();
    struct slots *slots = rcu_dereference(table->slots);
    while (descriptor < slots->capacity && (file = rcu_dereference(slots->files[descriptor])) &&
           !refcount_get_not_zero(&file->refcount)) {
        slots = rcu_dereference(table->slots);
    }
    rcu_read_unlock();
    return file;
}

struct file_use file_use_path(int descriptor) {
    struct file_table *table = current_table();
    if (unlikely(table_is_shared(table))) {
        struct file *file = find_and_get(table, (uint32_t)descriptor);
        return (struct file_use){file, file != NULL};
    }
    struct slots *slots = table->slots;
    bool exists = (uint32_t)descriptor < slots->capacity;
    return (struct file_use){exists ? slots->files[descriptor] : NULL, false};
}

struct file_use file_use(int descriptor) {
    struct file_use use = file_use_path(descriptor);
    if (likely(use.file && !(use.file->abilities & FILE_IS_PATH)))
        return use;
    file_use_end(use);
    return (struct file_use){NULL, false};
}

struct file *file_table_file(struct file_table *table, int descriptor) {
    return find_and_get(table, (uint32_t)descriptor);
}

bool file_table_closes_on_exec(struct file_table *table, int descriptor) {
    spin_lock(&table->lock);
    const struct slots *slots = table->slots;
    bool closes = (uint32_t)descriptor < slots->capacity && bitmap_test(slots->close_on_exec, (uint32_t)descriptor);
    spin_unlock(&table->lock);
    return closes;
}

int file_table_next(struct file_table *table, int start) {
    spin_lock(&table->lock);
    struct slots *slots = table->slots;
    size_t fd = bitmap_find_set(slots->open, slots->capacity, (size_t)start);
    while (fd < slots->capacity && !slots->files[fd])
        fd = bitmap_find_set(slots->open, slots->capacity, fd + 1);
    int found = fd < slots->capacity ? (int)fd : -1;
    spin_unlock(&table->lock);
    return found;
}

int descriptor_reserve(int minimum, bool close_on_exec) {
    struct file_table *table = current_table();
    uint64_t limit = rlimit_current(RLIMIT_NOFILE);
    spin_lock(&table->lock);
    uint32_t descriptor = find_free(table->slots, (uint32_t)minimum);
    int error = descriptor >= limit ? -EMFILE : table_reach(table, descriptor);
    if (!error) {
        mark_open(table->slots, descriptor, close_on_exec);
        if ((uint32_t)minimum <= table->slots->lowest_free)
            table->slots->lowest_free = descriptor + 1;
    }
    spin_unlock(&table->lock);
    return error ? error : (int)descriptor;
}

void descriptor_install(int descriptor, struct file *file) {
    struct file_table *table = current_table();
    spin_lock(&table->lock);
    ASSERT(bitmap_test(table->slots->open, (size_t)descriptor));
    ASSERT(!table->slots->files[descriptor]);
    rcu_assign(table->slots->files[descriptor], file);
    spin_unlock(&table->lock);
}

void descriptor_cancel(int descriptor) {
    struct file_table *table = current_table();
    spin_lock(&table->lock);
    mark_free(table->slots, (uint32_t)descriptor);
    spin_unlock(&table->lock);
}

/* Takes the file out of its slot; NULL if there is none. table->lock held. */
static struct file *take_out(struct slots *slots, uint32_t descriptor) {
    struct file *file = slots->files[descriptor];
    if (!file)
        return NULL;
    rcu_assign(slots->files[descriptor], NULL);
    mark_free(slots, descriptor);
    return file;
}

int descriptor_close(int descriptor) {
    struct file_table *table = current_table();
    struct file *file = NULL;
    spin_lock(&table->lock);
    if ((uint32_t)descriptor < table->slots->capacity)
        file = take_out(table->slots, (uint32_t)descriptor);
    spin_unlock(&table->lock);
    if (!file)
        return -EBADF;
    close_file(table, file);
    return 0;
}

int descriptor_open(struct file *file, bool close_on_exec) {
    if (IS_ERR(file))
        return PTR_ERR(file);
    int descriptor = descriptor_reserve(0, close_on_exec);
    if (descriptor < 0)
        file_put(file);
    else
        descriptor_install(descriptor, file);
    return descriptor;
}

int descriptor_replace(int descriptor, struct file *file, bool close_on_exec) {
    struct file_table *table = current_table();
    uint32_t number = (uint32_t)descriptor;
    struct file *old = NULL;
    int error = -EBADF;
    if (number < rlimit_current(RLIMIT_NOFILE)) {
        spin_lock(&table->lock);
        error = table_reach(table, number);
        if (!error) {
            old = table->slots->files[number];
            /* Reserved by another thread's open that has not finished: Linux answers EBUSY. */
            if (!old && bitmap_test(table->slots->open, number))
                error = -EBUSY;
        }
        if (!error) {
            rcu_assign(table->slots->files[number], file);
            mark_open(table->slots, number, close_on_exec);
        }
        spin_unlock(&table->lock);
    }
    if (error) {
        file_put(file);
        return error == -EMFILE ? -EBADF : error;
    }
    if (old)
        close_file(table, old);
    return descriptor;
}

/* The descriptor is open; table->lock held. */
static bool is_open(const struct slots *slots, int descriptor) {
    return (uint32_t)descriptor < slots->capacity && slots->files[descriptor];
}

int descriptor_close_on_exec(int descriptor) {
    struct file_table *table = current_table();
    spin_lock(&table->lock);
    int result = -EBADF;
    if (is_open(table->slots, descriptor))
        result = bitmap_test(table->slots->close_on_exec, (size_t)descriptor);
    spin_unlock(&table->lock);
    return result;
}

int descriptor_set_close_on_exec(int descriptor, bool on) {
    struct file_table *table = current_table();
    spin_lock(&table->lock);
    int result = -EBADF;
    if (is_open(table->slots, descriptor)) {
        mark_open(table->slots, (uint32_t)descriptor, on);
        result = 0;
    }
    spin_unlock(&table->lock);
    return result;
}

/* Closes descriptors first..last, or those of them that are marked close-on-exec. */
static void close_marked(struct file_table *table, bool only_close_on_exec, unsigned first,
                         unsigned last) {
    for (size_t fd = first;; fd++) {
        spin_lock(&table->lock);
        struct slots *slots = table->slots;
        fd = bitmap_find_set(only_close_on_exec ? slots->close_on_exec : slots->open,
                             slots->capacity, fd);
        bool found = fd < slots->capacity && fd <= last;
        struct file *file = found ? take_out(slots, (uint32_t)fd) : NULL;
        if (found)
            bitmap_clear(slots->close_on_exec, fd);
        spin_unlock(&table->lock);
        if (file)
            close_file(table, file);
        if (!found)
            return;
    }
}

void file_table_close_on_exec(struct file_table *table) {
    close_marked(table, true, 0, UINT32_MAX);
}

void descriptor_close_range(unsigned first, unsigned last, bool only_mark) {
    struct file_table *table = current_table();
    if (!only_mark) {
        close_marked(table, false, first, last);
        return;
    }
    spin_lock(&table->lock);
    struct slots *slots = table->slots;
    for (size_t fd = bitmap_find_set(slots->open, slots->capacity, first);
         fd < slots->capacity && fd <= last; fd = bitmap_find_set(slots->open, slots->capacity, fd + 1))
        bitmap_set(slots->close_on_exec, fd);
    spin_unlock(&table->lock);
}

int file_table_unshare(void) {
    struct file_table *table = current_table();
    if (!table_is_shared(table))
        return 0;
    struct file_table *copy = file_table_copy(table);
    if (!copy)
        return -ENOMEM;
    current_task()->files = copy;
    file_table_put(table);
    return 0;
}
