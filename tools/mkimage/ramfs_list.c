/* Reading the description of a ramfs: list files, and files of the host by name. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/mkimage/ramfs.h"

/* One line of a list file being taken apart. */
struct line {
    char *rest;
    char *origin; /* "FILE:LINE" */
};

static char *next_word(struct line *line, const char *what) {
    char *word = line->rest + strspn(line->rest, " \t");
    if (*word == '\0')
        die("%s: %s is missing", line->origin, what);
    char *end = word + strcspn(word, " \t");
    line->rest = *end == '\0' ? end : end + 1;
    *end = '\0';
    return word;
}

/* What is left of the line, without blanks around it: it may hold blanks itself. */
static char *rest_of(struct line *line, const char *what) {
    char *text = line->rest + strspn(line->rest, " \t");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r", text[length - 1]))
        text[--length] = '\0';
    if (length == 0)
        die("%s: %s is missing", line->origin, what);
    return text;
}

static uint32_t next_number(struct line *line, const char *what, int base, uint32_t maximum) {
    char *word = next_word(line, what);
    char *end;
    errno = 0;
    unsigned long value = strtoul(word, &end, base);
    if (*end != '\0' || errno != 0 || value > maximum)
        die("%s: %s is not a valid number: %s", line->origin, what, word);
    return (uint32_t)value;
}

static void parse_node(struct line *line, struct ramfs_entry *entry) {
    const char *kind = next_word(line, "the kind of node (c or b)");
    if (strcmp(kind, "c") != 0 && strcmp(kind, "b") != 0)
        die("%s: the kind of a node is c or b, not %s", line->origin, kind);
    entry->mode |= *kind == 'c' ? S_IFCHR : S_IFBLK;
    entry->rdev_major = next_number(line, "the major number", 10, UINT32_MAX);
    entry->rdev_minor = next_number(line, "the minor number", 10, UINT32_MAX);
}

static void parse_line(struct ramfs *ramfs, struct line *line) {
    struct ramfs_entry entry = {.mtime_s = build_time_s()};
    const char *type = next_word(line, "the type");
    entry.path = next_word(line, "the path");
    entry.mode = next_number(line, "the mode", 8, 07777);
    entry.uid = next_number(line, "the user id", 10, UINT32_MAX);
    entry.gid = next_number(line, "the group id", 10, UINT32_MAX);
    if (strcmp(type, "dir") == 0) {
        entry.mode |= S_IFDIR;
    } else if (strcmp(type, "file") == 0) {
        entry.mode |= S_IFREG;
        entry.source = rest_of(line, "the source file");
        entry.data = file_read(entry.source);
    } else if (strcmp(type, "symlink") == 0) {
        const char *target = rest_of(line, "the link's target");
        entry.mode |= S_IFLNK;
        entry.data = blob_copy(target, strlen(target));
    } else if (strcmp(type, "node") == 0) {
        parse_node(line, &entry);
    } else {
        die("%s: unknown type '%s' (dir, file, symlink and node are known)", line->origin, type);
    }
    ramfs_put(ramfs, &entry, line->origin);
}

void ramfs_add_list(struct ramfs *ramfs, const char *list_path) {
    struct blob text = file_read(list_path);
    char *at = (char *)text.bytes;
    for (unsigned number = 1; at; number++) {
        struct line line = {.rest = strsep(&at, "\n")};
        size_t blanks = strspn(line.rest, " \t\r");
        if (line.rest[blanks] == '\0' || line.rest[blanks] == '#')
            continue;
        line.origin = text_format("%s:%u", list_path, number);
        parse_line(ramfs, &line);
    }
}

static void add_tree(struct ramfs *ramfs, const char *host, const char *guest);

static void add_children(struct ramfs *ramfs, const char *host, const char *guest) {
    struct dirent **names;
    int count = scandir(host, &names, NULL, alphasort);
    if (count < 0)
        die("%s: %s", host, strerror(errno));
    for (int i = 0; i < count; i++) {
        const char *name = names[i]->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            add_tree(ramfs, text_format("%s/%s", host, name), text_format("%s/%s", guest, name));
        free(names[i]);
    }
    free(names);
}

static struct blob read_link(const char *path) {
    struct blob target = {.bytes = must_alloc(4097)};
    ssize_t length = readlink(path, (char *)target.bytes, 4096);
    if (length < 0)
        die("%s: %s", path, strerror(errno));
    target.size = (size_t)length;
    return target;
}

/* Adds `host` as `guest`; below the top, links are copied as links. */
static void add_tree(struct ramfs *ramfs, const char *host, const char *guest) {
    struct stat status;
    if (lstat(host, &status) != 0)
        die("%s: %s", host, strerror(errno));
    struct ramfs_entry entry = {
        .path = (char *)guest, .mode = status.st_mode, .mtime_s = build_time_s(), .source = host,
    };
    if (S_ISREG(status.st_mode))
        entry.data = file_read(host);
    else if (S_ISLNK(status.st_mode))
        entry.data = read_link(host);
    else if (!S_ISDIR(status.st_mode))
        die("%s: only files, directories and symbolic links can be added", host);
    ramfs_put(ramfs, &entry, host);
    if (S_ISDIR(status.st_mode))
        add_children(ramfs, host, guest);
}

void ramfs_add_host(struct ramfs *ramfs, const char *argument) {
    const char *colon = strrchr(argument, ':');
    if (!colon || colon == argument || colon[1] != '/')
        die("--add %s: must be HOST:GUEST, GUEST an absolute path", argument);
    char *host = strndup(argument, (size_t)(colon - argument));
    char *real = realpath(host, NULL);
    if (!real)
        die("--add %s: %s: %s", argument, host, strerror(errno));
    const char *guest = colon + 1;
    struct stat status;
    if (guest[strlen(guest) - 1] == '/' && stat(real, &status) == 0 && S_ISREG(status.st_mode))
        guest = text_format("%s%s", guest, basename(host));
    add_tree(ramfs, real, guest);
}
