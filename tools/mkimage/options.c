/* Taking the command line apart: options.h. */
#include "tools/mkimage/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help_text[] =
    "mkimage makes Astra's disk image, changes one, and explains one.\n"
    "\n"
    "mkimage --stage1 F --stage2 F --kernel F --config F RAMFS... -o IMG    make an image\n"
    "mkimage --edit IMG [CHANGE...] [-o IMG2]    change an image (without -o in place)\n"
    "mkimage --explain IMG                       print its map and verify it; status 1 if wrong\n"
    "mkimage --make-ramfs LIST [RAMFS...] [--depfile F] -o F    make a ramfs archive\n"
    "mkimage --seal KERNEL -o F                  fill in the kernel's checksum note\n"
    "\n"
    "RAMFS, in this order:\n"
    "  --ramfs F            a cpio archive to start from\n"
    "  --ramfs-list F       lines of: type path mode uid gid [source, target or c|b major minor]\n"
    "  --ramfs-dir D        everything below a directory of the host\n"
    "  --add HOST:GUEST     a file or directory of the host, at an absolute path\n"
    "CHANGE, and also when making an image:\n"
    "  --add HOST:GUEST     as above, into boot/ramfs.cpio\n"
    "  --append ARGS        add to the kernel command line in boot/astra.cfg\n"
    "  --kernel F, --ramfs F, --config F, --readme F    replace the file in boot/\n"
    "  --replace PATH=F     put the host's file F at PATH on the boot partition\n"
    "  --remove PATH        remove a file from the boot partition\n"
    "when making an image:\n"
    "  --sector-size N      for disks with sectors of 512 (default) or 4096 bytes\n"
    "  --size MIB           size of the boot partition, at least 33 (default: what it needs)\n"
    "  --disk-id HEX        instead of one derived from the contents\n"
    "\n"
    "-o writes to a temporary file that is renamed when complete. Times in the image come from\n"
    "SOURCE_DATE_EPOCH, so that the same input gives the same bytes.\n";

enum {
    OPTION_EDIT = 256, OPTION_EXPLAIN, OPTION_MAKE_RAMFS, OPTION_SEAL, OPTION_STAGE1,
    OPTION_STAGE2, OPTION_KERNEL, OPTION_RAMFS, OPTION_CONFIG, OPTION_README, OPTION_DEPFILE,
    OPTION_RAMFS_LIST, OPTION_RAMFS_DIR, OPTION_ADD, OPTION_REPLACE, OPTION_REMOVE, OPTION_APPEND,
    OPTION_SECTOR_SIZE, OPTION_SIZE, OPTION_DISK_ID
};

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"output", required_argument, NULL, 'o'},
    {"edit", required_argument, NULL, OPTION_EDIT},
    {"explain", required_argument, NULL, OPTION_EXPLAIN},
    {"make-ramfs", required_argument, NULL, OPTION_MAKE_RAMFS},
    {"seal", required_argument, NULL, OPTION_SEAL},
    {"stage1", required_argument, NULL, OPTION_STAGE1},
    {"stage2", required_argument, NULL, OPTION_STAGE2},
    {"kernel", required_argument, NULL, OPTION_KERNEL},
    {"ramfs", required_argument, NULL, OPTION_RAMFS},
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"readme", required_argument, NULL, OPTION_README},
    {"depfile", required_argument, NULL, OPTION_DEPFILE},
    {"ramfs-list", required_argument, NULL, OPTION_RAMFS_LIST},
    {"ramfs-dir", required_argument, NULL, OPTION_RAMFS_DIR},
    {"add", required_argument, NULL, OPTION_ADD},
    {"replace", required_argument, NULL, OPTION_REPLACE},
    {"remove", required_argument, NULL, OPTION_REMOVE},
    {"append", required_argument, NULL, OPTION_APPEND},
    {"sector-size", required_argument, NULL, OPTION_SECTOR_SIZE},
    {"size", required_argument, NULL, OPTION_SIZE},
    {"disk-id", required_argument, NULL, OPTION_DISK_ID},
    {NULL, 0, NULL, 0},
};

static void list_add(struct option_list *list, const char *value) {
    list->values = must_realloc(list->values, (list->count + 1) * sizeof(*list->values));
    list->values[list->count++] = value;
}

static uint32_t parse_number(const char *option, const char *text, int base) {
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, base);
    if (*text == '\0' || *end != '\0' || errno != 0 || value > UINT32_MAX)
        die("--%s: not a valid number: %s", option, text);
    return (uint32_t)value;
}

static void set_mode(struct options *options, enum mode mode) {
    if (options->subject)
        die("--edit, --explain, --make-ramfs and --seal exclude each other");
    options->mode = mode;
    options->subject = optarg;
}

/* Where the value of an option that takes one path is kept; NULL for the others. */
static const char **path_option(struct options *options, int option) {
    switch (option) {
    case 'o': return &options->output;
    case OPTION_STAGE1: return &options->stage1;
    case OPTION_STAGE2: return &options->stage2;
    case OPTION_KERNEL: return &options->kernel;
    case OPTION_RAMFS: return &options->ramfs;
    case OPTION_CONFIG: return &options->config;
    case OPTION_README: return &options->readme;
    case OPTION_DEPFILE: return &options->depfile;
    default: return NULL;
    }
}

static struct option_list *list_option(struct options *options, int option) {
    switch (option) {
    case OPTION_RAMFS_LIST: return &options->ramfs_lists;
    case OPTION_RAMFS_DIR: return &options->ramfs_dirs;
    case OPTION_ADD: return &options->add;
    case OPTION_REPLACE: return &options->replace;
    case OPTION_REMOVE: return &options->remove;
    case OPTION_APPEND: return &options->append;
    default: return NULL;
    }
}

static void other_option(struct options *options, int option) {
    switch (option) {
    case OPTION_EDIT: set_mode(options, MODE_EDIT); break;
    case OPTION_EXPLAIN: set_mode(options, MODE_EXPLAIN); break;
    case OPTION_MAKE_RAMFS: set_mode(options, MODE_RAMFS); break;
    case OPTION_SEAL: set_mode(options, MODE_SEAL); break;
    case OPTION_DISK_ID: options->disk_id = parse_number("disk-id", optarg, 16); break;
    case OPTION_SIZE:
        options->partition_bytes = (uint64_t)parse_number("size", optarg, 10) << 20;
        if (options->partition_bytes < 33u << 20)
            die("--size: a FAT32 volume has 33 MiB or more");
        break;
    case OPTION_SECTOR_SIZE:
        options->sector_bytes = parse_number("sector-size", optarg, 10);
        if (options->sector_bytes != 512 && options->sector_bytes != 4096)
            die("--sector-size: 512 or 4096");
        break;
    case 'h':
        fputs(help_text, stdout);
        exit(0);
    default: die("see mkimage --help"); /* getopt has said what is wrong */
    }
}

static void check_options(const struct options *options) {
    bool build = options->mode == MODE_BUILD;
    if (build && !(options->stage1 && options->stage2 && options->kernel && options->config))
        die("--stage1, --stage2, --kernel and --config are needed; see mkimage --help");
    if (build && !options->ramfs && options->ramfs_lists.count + options->ramfs_dirs.count == 0)
        die("--ramfs, --ramfs-list or --ramfs-dir is needed; see mkimage --help");
    if (!options->output && (build || options->mode == MODE_RAMFS || options->mode == MODE_SEAL))
        die("-o is needed; see mkimage --help");
    if (options->mode == MODE_EDIT && (options->stage1 || options->stage2))
        die("--edit changes the boot partition only, not stage1 and stage2");
    if (options->mode == MODE_EXPLAIN && options->output)
        die("--explain writes nothing");
}

struct options options_parse(int argc, char **argv) {
    struct options options = {.mode = MODE_BUILD, .sector_bytes = 512};
    int option;
    while ((option = getopt_long(argc, argv, "ho:", long_options, NULL)) != -1) {
        const char **path = path_option(&options, option);
        struct option_list *list = list_option(&options, option);
        if (path && *path)
            die("an option is given twice: %s and %s", *path, optarg);
        if (path)
            *path = optarg;
        else if (list)
            list_add(list, optarg);
        else
            other_option(&options, option);
    }
    if (optind < argc)
        die("unexpected argument: %s", argv[optind]);
    check_options(&options);
    return options;
}
