/* /dev/console, /dev/tty, /dev/tty0 and the choice of where the log is shown. */
#define LOG_TAG "console"
#include "kernel/tty/console.h"

#include "kernel/log/cmdline.h"
#include "kernel/task/task.h"
#include "kernel/tty/pty.h"
#include "kernel/tty/tty_internal.h"
#include "lib/string.h"

#define SERIAL_CONSOLE "ttyS0"
#define SCREEN_CONSOLE "tty1"
#define SCREEN_ALIAS "tty0" /* the virtual terminal shown, in Linux's arguments */
#define LOG_LEVEL_MAX 8u /* `loglevel=` shows lines below it, as on Linux */

/* "ttyS0,115200n8" names ttyS0. */
static size_t name_length(const char *value) {
    const char *comma = strchr(value, ',');
    return comma ? (size_t)(comma - value) : strlen(value);
}

static bool names(const char *value, const char *name) {
    size_t length = name_length(value);
    if (length == strlen(SCREEN_ALIAS) && memcmp(value, SCREEN_ALIAS, length) == 0)
        return strcmp(name, SCREEN_CONSOLE) == 0;
    return strlen(name) == length && memcmp(value, name, length) == 0;
}

struct search {
    const char *name;
    bool found;
};

static void compare(void *context, const char *key, const char *value) {
    struct search *search = context;
    if (value && strcmp(key, "console") == 0 && names(value, search->name))
        search->found = true;
}

static bool is_wanted(const char *name) {
    struct search search = {name, false};

    if (!cmdline_has("console"))
        return strcmp(name, SERIAL_CONSOLE) == 0 || strcmp(name, SCREEN_CONSOLE) == 0;
    cmdline_each(compare, &search);
    return search.found;
}

void console_offer(const char *name, struct log_sink *sink) {
    if (!is_wanted(name))
        return;
    uint64_t below = cmdline_number("loglevel", cmdline_has("quiet") ? LOG_WARNING : LOG_LEVEL_MAX - 1);
    sink->level = (enum log_level)MIN(below ? below - 1 : 0, (uint64_t)LOG_DEBUG);
    log_sink_add(sink);
}

struct tty *console_tty(void) {
    const char *value = cmdline_value("console");
    struct tty *tty = NULL;

    if (value && names(value, SCREEN_CONSOLE))
        tty = tty_find(SCREEN_CONSOLE, strlen(SCREEN_CONSOLE));
    else if (value)
        tty = tty_find(value, name_length(value));
    if (!tty)
        tty = tty_find(SERIAL_CONSOLE, strlen(SERIAL_CONSOLE));
    return tty ? tty : tty_find(SCREEN_CONSOLE, strlen(SCREEN_CONSOLE));
}

/* The file becomes one of the terminal behind the name. */
static int open_as(struct tty *tty, struct inode *inode, struct file *file) {
    if (!tty)
        return -ENXIO;
    int error = stream_open(inode, file);
    if (!error)
        error = tty_open_file(tty, file, false);
    if (!error)
        file->ops = &tty_file_ops;
    return error;
}

static int console_open(struct inode *inode, struct file *file) {
    return open_as(console_tty(), inode, file);
}

/* /dev/tty0: the virtual terminal that is shown. */
static int screen_open(struct inode *inode, struct file *file) {
    return open_as(tty_find(SCREEN_CONSOLE, strlen(SCREEN_CONSOLE)), inode, file);
}

/* /dev/tty: the running process's controlling terminal. */
static int own_tty_open(struct inode *inode, struct file *file) {
    struct tty *tty = tty_get_controlling();
    int error = open_as(tty, inode, file);

    if (tty)
        tty_put(tty);
    return error;
}

static const struct file_ops console_ops = {.open = console_open};
static const struct file_ops own_tty_ops = {.open = own_tty_open};
static const struct file_ops screen_ops = {.open = screen_open};

/* Linux admin-guide/devices.txt: major 5 are alternate terminals, major 4 minor 0 the screen shown. */
static struct devfs_node nodes[] = {
    {.name = "tty", .mode = S_IFCHR | 0666, .major = 5, .minor = 0, .ops = &own_tty_ops},
    {.name = "console", .mode = S_IFCHR | 0600, .major = 5, .minor = 1, .ops = &console_ops},
    {.name = SCREEN_ALIAS, .mode = S_IFCHR | 0620, .major = 4, .minor = 0, .ops = &screen_ops},
};

void console_init(void) {
    tty_views_init();
    pty_init();
    for (unsigned i = 0; i < ARRAY_SIZE(nodes); i++) {
        if (devfs_register(&nodes[i]) != 0)
            log_error("/dev/%s could not be made", nodes[i].name);
    }
}
