#include "kernel/proc/first.h"

#define LOG_TAG "boot"

#include "kernel/log/cmdline.h"
#include "kernel/log/log.h"
#include "kernel/log/panic.h"
#include "kernel/proc/clone.h"
#include "lib/format.h"
#include "lib/string.h"

#define INIT_DEFAULT "/sys/bin/init"
#define INIT_DIRECTORY "/sys/bin/"
#define WORDS_MAX 32
#define WORD_BYTES 256

/* Arguments of the kernel itself, kept from the program. */
static const char *const kernel_words[] = {
    "init", "console", "selftest", "panic", "loglevel", "quiet", "noapic", "nosmp", "root", "maxcpus",
};

static char path[WORD_BYTES];
static char variables[WORDS_MAX][WORD_BYTES];
static const char *arguments[WORDS_MAX + 1];
static const char *environment[WORDS_MAX + 1];
static unsigned argument_count, variable_count;

static bool is_kernel_word(const char *key) {
    for (unsigned i = 0; i < ARRAY_SIZE(kernel_words); i++)
        if (strcmp(key, kernel_words[i]) == 0)
            return true;
    return false;
}

static void word_pass_on(void *context, const char *key, const char *value) {
    (void)context;
    if (is_kernel_word(key))
        return;
    if (value == NULL || value[0] == '\0') {
        if (argument_count < WORDS_MAX)
            arguments[argument_count++] = key;
    } else if (variable_count < WORDS_MAX) {
        format_snprintf(variables[variable_count], WORD_BYTES, "%s=%s", key, value);
        environment[variable_count] = variables[variable_count];
        variable_count++;
    }
}

static void program_choose(void) {
    const char *name = cmdline_value("init");
    if (name == NULL || name[0] == '\0')
        strlcpy(path, INIT_DEFAULT, sizeof path);
    else if (strchr(name, '/') != NULL)
        strlcpy(path, name, sizeof path);
    else
        format_snprintf(path, sizeof path, "%s%s", INIT_DIRECTORY, name);
    arguments[argument_count++] = path;
    cmdline_each(word_pass_on, NULL);
}

void first_program_start(void) {
    program_choose();
    int error = process_start_init(path, arguments, environment);
    if (error < 0)
        panic("no memory for the first process: error %d", -error);
}
