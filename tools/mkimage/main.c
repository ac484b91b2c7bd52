/* mkimage: makes, changes and explains disk images. See `mkimage --help` and README.md. */
#include <string.h>

#include "boot/bootinfo.h"
#include "tools/mkimage/image.h"
#include "tools/mkimage/options.h"
#include "tools/mkimage/ramfs.h"

/* Everything the options say about the ramfs, on top of the archive `base` if that is not empty. */
static struct ramfs collect_ramfs(const struct options *options, const struct blob *base,
                                  const char *origin) {
    struct ramfs ramfs = {0};
    if (base->size > 0)
        ramfs_add_archive(&ramfs, base, origin);
    if (options->mode == MODE_RAMFS)
        ramfs_add_list(&ramfs, options->subject);
    for (size_t i = 0; i < options->ramfs_lists.count; i++)
        ramfs_add_list(&ramfs, options->ramfs_lists.values[i]);
    for (size_t i = 0; i < options->ramfs_dirs.count; i++)
        ramfs_add_host(&ramfs, text_format("%s:/", options->ramfs_dirs.values[i]));
    for (size_t i = 0; i < options->add.count; i++)
        ramfs_add_host(&ramfs, options->add.values[i]);
    return ramfs;
}

static bool changes_ramfs(const struct options *options) {
    return options->ramfs_lists.count + options->ramfs_dirs.count + options->add.count > 0;
}

static struct blob read_optional(const char *path) {
    return path ? file_read(path) : (struct blob){0};
}

/* "PATH=HOSTFILE": HOSTFILE may hold further '='. */
static void replace_file(struct volume_node *files, const char *argument) {
    const char *equals = strchr(argument, '=');
    if (!equals || equals == argument)
        die("--replace %s: must be PATH=HOSTFILE", argument);
    volume_put(files, strndup(argument, (size_t)(equals - argument)), file_read(equals + 1));
}

static void put_kernel(struct volume_node *files, const char *path) {
    struct blob kernel = file_read(path);
    kernel_seal(&kernel, path);
    volume_put(files, IMAGE_KERNEL, kernel);
}

static void put_ramfs(struct volume_node *files, const struct options *options) {
    struct volume_node *old = volume_find(files, IMAGE_RAMFS);
    struct blob base = options->ramfs ? file_read(options->ramfs)
                       : old          ? old->data
                                      : (struct blob){0};
    const char *origin = options->ramfs ? options->ramfs : IMAGE_RAMFS;
    if (changes_ramfs(options)) {
        struct ramfs ramfs = collect_ramfs(options, &base, origin);
        base = ramfs_archive(&ramfs);
    }
    volume_put(files, IMAGE_RAMFS, base);
}

static void append_arguments(struct volume_node *files, const struct option_list *append) {
    for (size_t i = 0; i < append->count; i++) {
        struct volume_node *old = volume_find(files, IMAGE_CONFIG);
        struct blob config = old ? old->data : (struct blob){.bytes = must_alloc(1)};
        volume_put(files, IMAGE_CONFIG, config_append(&config, append->values[i]));
    }
}

/* What the options put on the boot partition; the order is that of the files on a new volume. */
static void apply_changes(struct volume_node *files, const struct options *options) {
    if (options->kernel)
        put_kernel(files, options->kernel);
    if (options->ramfs || changes_ramfs(options))
        put_ramfs(files, options);
    if (options->config)
        volume_put(files, IMAGE_CONFIG, file_read(options->config));
    if (options->readme)
        volume_put(files, IMAGE_README, file_read(options->readme));
    for (size_t i = 0; i < options->replace.count; i++)
        replace_file(files, options->replace.values[i]);
    for (size_t i = 0; i < options->remove.count; i++) {
        if (!volume_remove(files, options->remove.values[i]))
            die("--remove %s: no such file or empty directory", options->remove.values[i]);
    }
    append_arguments(files, &options->append);
    struct volume_node *config = volume_find(files, IMAGE_CONFIG);
    if (config && (options->config || options->append.count > 0))
        config_check(&config->data);
}

static void build(const struct options *options) {
    struct image_parts parts = {
        .stage1 = file_read(options->stage1), .stage2 = file_read(options->stage2),
        .files = volume_new(), .sector_bytes = options->sector_bytes,
        .partition_bytes = options->partition_bytes, .disk_id = options->disk_id,
    };
    apply_changes(parts.files, options);
    struct blob image = image_build(&parts);
    file_write_atomically(options->output, image.bytes, image.size);
}

static void edit(const struct options *options) {
    struct image image = image_open(options->subject);
    struct volume_node *files = volume_read(image.bytes.bytes + image.partition_start,
                                            image.partition_bytes, image.path);
    apply_changes(files, options);
    image_replace_volume(&image, files);
    file_write_atomically(options->output ? options->output : options->subject, image.bytes.bytes,
                          image.bytes.size);
}

static int explain(const struct options *options) {
    struct image image = image_open(options->subject);
    return image_explain(&image) == 0 ? 0 : 1;
}

static void make_ramfs(const struct options *options) {
    struct blob base = read_optional(options->ramfs);
    struct ramfs ramfs = collect_ramfs(options, &base, options->ramfs);
    struct blob archive = ramfs_archive(&ramfs);
    file_write_atomically(options->output, archive.bytes, archive.size);
    if (options->depfile)
        ramfs_write_depfile(&ramfs, options->depfile, options->output);
}

static void seal(const struct options *options) {
    struct blob kernel = file_read(options->subject);
    kernel_seal(&kernel, options->subject);
    file_write_atomically(options->output, kernel.bytes, kernel.size);
}

int main(int argc, char **argv) {
    struct options options = options_parse(argc, argv);
    switch (options.mode) {
    case MODE_BUILD: build(&options); break;
    case MODE_EDIT: edit(&options); break;
    case MODE_EXPLAIN: return explain(&options);
    case MODE_RAMFS: make_ramfs(&options); break;
    case MODE_SEAL: seal(&options); break;
    }
    return 0;
}
