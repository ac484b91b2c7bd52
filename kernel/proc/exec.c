/* execve: from a path and strings to a running program. The order of the steps is in build(). */
#include "kernel/proc/exec.h"

#include "kernel/log/panic.h"
#include "kernel/mm/slab.h"
#include "kernel/proc/exec_commit.h"
#include "kernel/proc/exec_image.h"
#include "kernel/random/random.h"
#include "kernel/task/task.h"
#include "kernel/task/cred.h"
#include "lib/errno.h"
#include "lib/string.h"

#define AT_RANDOM_SIZE 16u

static void image_free(struct exec_image *image) {
    for (unsigned i = 0; i < image->script_string_count; i++)
        kfree(image->script_strings[i]);
    exec_strings_free(&image->strings);
    if (image->space)
        space_put(image->space);
    if (image->cred)
        cred_discard(image->cred);
    exec_release_file(image);
    kfree(image);
}

/* A program always gets at least one argument (CVE-2021-4034 is what happens otherwise). */
static int collect_arguments(struct exec_image *image, const struct string_vector *arguments) {
    unsigned scripts = image->script_string_count;

    for (unsigned i = scripts; i-- > 0;) {
        int error = exec_strings_add(&image->strings, image->script_strings[i], true);
        if (error)
            return error;
    }
    int64_t count = exec_strings_add_vector(&image->strings, arguments, scripts ? 1 : 0);
    if (count < 0)
        return (int)count;
    image->argument_count = scripts + (uint64_t)count;
    if (image->argument_count > 0)
        return 0;
    image->argument_count = 1;
    return exec_strings_add(&image->strings, "", true);
}

uint64_t exec_randomize = RANDOMIZE_BRK_TOO;

/* personality(2), /proc/sys/kernel/randomize_va_space. */
static void limit_randomness(struct exec_image *image) {
    if (exec_randomize == RANDOMIZE_NOTHING || image->personality & ADDR_NO_RANDOMIZE)
        memset(image->random, 0, sizeof image->random);
    else if (exec_randomize == RANDOMIZE_PLACES)
        image->random[EXEC_RANDOM_BRK] = 0;
}

static int collect_strings(struct exec_image *image, const struct string_vector *arguments,
                           const struct string_vector *environment) {
    struct exec_strings *strings = &image->strings;
    uint8_t random[AT_RANDOM_SIZE + sizeof image->random];
    int error = collect_arguments(image, arguments);

    if (error)
        return error;
    int64_t count = exec_strings_add_vector(strings, environment, 0);
    if (count < 0)
        return (int)count;
    image->environment_count = (uint64_t)count;
    random_bytes(random, sizeof random);
    memcpy(image->random, random + AT_RANDOM_SIZE, sizeof image->random);
    limit_randomness(image);
    image->random_string = strings->count;
    error = exec_strings_add_bytes(strings, random, AT_RANDOM_SIZE);
    image->platform_string = strings->count;
    if (!error)
        error = exec_strings_add(strings, "x86_64", true);
    image->name_string = strings->count;
    if (!error)
        error = exec_strings_add(strings, image->name, true);
    return error;
}

/* Everything that can fail. The new space is nobody's yet. */
static int build(struct exec_image *image, const struct path *path, const struct string_vector *arguments,
                 const struct string_vector *environment) {
    int error = exec_set_file(image, exec_open_path(path));

    if (!error)
        error = exec_follow_scripts(image);
    if (!error)
        error = exec_strings_init(&image->strings);
    if (!error)
        error = exec_prepare_cred(image);
    if (!error)
        error = collect_strings(image, arguments, environment);
    if (error)
        return error;
    image->space = space_create();
    if (!image->space)
        return -ENOMEM;
    exec_choose_layout(image);
    error = exec_load_elf(image);
    if (!error)
        error = exec_build_stack(image);
    return error ? error : exec_map_vdso(image);
}

int exec_path(const struct path *path, const char *name, bool reachable, const struct string_vector *arguments,
              const struct string_vector *environment) {
    struct exec_image *image = kzalloc(sizeof *image);

    if (!image)
        return -ENOMEM;
    image->name = name;
    image->name_reachable = reachable;
    int error = build(image, path, arguments, environment);
    if (!error)
        error = exec_commit(image);
    image_free(image);
    return error;
}

int exec_init(const char *name, const char *const arguments[], const char *const environment[]) {
    struct string_vector argument_vector = {.kernel = true, .pointers = arguments};
    struct string_vector environment_vector = {.kernel = true, .pointers = environment};
    struct path path;
    int error = path_lookup(NULL, name, 0, &path);

    if (error)
        return error;
    error = exec_path(&path, name, true, &argument_vector, &environment_vector);
    path_put(&path);
    return error;
}
