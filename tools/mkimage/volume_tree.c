/* The tree of a volume's files, and reading one from an existing volume: volume.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fat_read.h"
#include "tools/mkimage/volume.h"

enum { MAX_DEPTH = 32, WINDOW_BYTES = 65536 };

struct volume_node *volume_new(void) {
    struct volume_node *root = must_alloc(sizeof(*root));
    root->name = must_strdup("");
    root->is_directory = true;
    return root;
}

static struct volume_node *find_child(struct volume_node *directory, const char *name,
                                      size_t length) {
    for (size_t i = 0; i < directory->child_count; i++) {
        if (fat_name_matches(directory->children[i]->name, name, length))
            return directory->children[i];
    }
    return NULL;
}

static struct volume_node *add_child(struct volume_node *directory, const char *name,
                                     size_t length) {
    struct volume_node *node = must_alloc(sizeof(*node));
    node->name = strndup(name, length);
    directory->children = must_realloc(
        directory->children, (directory->child_count + 1) * sizeof(*directory->children));
    directory->children[directory->child_count++] = node;
    return node;
}

/* The length of the first component of *path, which is moved to it. */
static size_t component(const char **path) {
    *path += strspn(*path, "/");
    return strcspn(*path, "/");
}

struct volume_node *volume_find(struct volume_node *root, const char *path) {
    struct volume_node *node = root;
    size_t length;
    while (node && (length = component(&path)) > 0) {
        node = find_child(node, path, length);
        path += length;
    }
    return node;
}

void volume_put(struct volume_node *root, const char *path, struct blob data) {
    struct volume_node *node = root;
    const char *rest = path;
    size_t length;
    while ((length = component(&rest)) > 0) {
        struct volume_node *child = find_child(node, rest, length);
        bool last = rest[length + strspn(rest + length, "/")] == '\0';
        if (!child) {
            child = add_child(node, rest, length);
            child->is_directory = !last;
        }
        if (child->is_directory == last)
            die("%s: %s is %s", path, child->name, last ? "a directory" : "not a directory");
        node = child;
        rest += length;
    }
    if (node == root)
        die("'%s' is not a file's path", path);
    node->data = data;
}

bool volume_remove(struct volume_node *root, const char *path) {
    struct volume_node *node = volume_find(root, path);
    if (!node || node == root || node->child_count > 0)
        return false;
    char *parent_path = must_strdup(path);
    size_t end = strlen(parent_path);
    while (end > 0 && parent_path[end - 1] == '/')
        end--;
    while (end > 0 && parent_path[end - 1] != '/')
        end--;
    parent_path[end] = '\0';
    struct volume_node *parent = volume_find(root, parent_path);
    for (size_t i = 0; i < parent->child_count; i++) {
        if (parent->children[i] == node)
            parent->children[i] = parent->children[--parent->child_count];
    }
    return true;
}

/* A volume in memory, for lib/fat_read.c. */
struct memory_volume {
    const uint8_t *bytes;
    size_t size;
    const char *origin;
    struct fat_volume volume;
};

static int read_memory(void *context, uint64_t sector, uint32_t count, void *buffer) {
    const struct memory_volume *memory = context;
    uint64_t nsectors = memory->size / FAT_SECTOR;
    if (sector > nsectors || count > nsectors - sector)
        return -EIO;
    memcpy(buffer, memory->bytes + sector * FAT_SECTOR, (size_t)count * FAT_SECTOR);
    return 0;
}

static void check(const struct memory_volume *memory, const char *name, int error) {
    if (error < 0)
        die("%s: cannot read '%s' on the FAT volume: %s", memory->origin, name,
            error == -EUCLEAN ? "the volume is damaged" : strerror(-error));
}

static struct blob read_data(struct memory_volume *memory, const struct fat_entry *entry) {
    struct blob data = {.bytes = must_alloc(entry->size + 1ul), .size = entry->size};
    struct fat_file file;
    uint32_t nread;
    fat_file_open(entry, &file);
    int error = fat_file_read(&memory->volume, &file, data.bytes, entry->size, &nread);
    check(memory, entry->name, error);
    return data;
}

static void read_directory(struct memory_volume *memory, struct volume_node *directory,
                           uint32_t first_cluster, unsigned depth) {
    struct fat_dir *dir = must_alloc(sizeof(*dir));
    struct fat_entry *entry = must_alloc(sizeof(*entry));
    int status;
    if (depth > MAX_DEPTH)
        die("%s: directories are nested too deeply on the FAT volume", memory->origin);
    fat_dir_open(&memory->volume, first_cluster, dir);
    while ((status = fat_dir_next(&memory->volume, dir, entry)) > 0) {
        if (strcmp(entry->name, ".") == 0 || strcmp(entry->name, "..") == 0)
            continue;
        struct volume_node *node = add_child(directory, entry->name, strlen(entry->name));
        node->is_directory = entry->attributes & FAT_ATTR_DIRECTORY;
        if (node->is_directory)
            read_directory(memory, node, entry->first_cluster, depth + 1);
        else
            node->data = read_data(memory, entry);
    }
    check(memory, directory->name, status);
    free(entry);
    free(dir);
}

struct volume_node *volume_read(const uint8_t *bytes, size_t size, const char *origin) {
    struct memory_volume memory = {.bytes = bytes, .size = size, .origin = origin};
    struct volume_node *root = volume_new();
    int error = fat_volume_open(&memory.volume, read_memory, &memory, must_alloc(WINDOW_BYTES),
                                WINDOW_BYTES);
    if (error == -EINVAL)
        die("%s: no FAT32 volume in the boot partition", origin);
    check(&memory, "/", error);
    read_directory(&memory, root, 0, 0);
    return root;
}
