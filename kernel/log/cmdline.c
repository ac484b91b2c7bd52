#define LOG_TAG "cmdline"
#include "kernel/log/cmdline.h"

#include <stddef.h>

#include "boot/bootinfo.h"
#include "kernel/log/log.h"
#include "lib/parse.h"
#include "lib/string.h"

#define WORDS_MAX 128u

static struct {
    const char *key, *value; /* value NULL: a bare word */
} words[WORDS_MAX];
static size_t word_count;

static char original[BOOT_CMDLINE_MAX + 1];
static char split[BOOT_CMDLINE_MAX + 1]; /* cut up by the parser; the words point into it */

void cmdline_init(const char *text) {
    strlcpy(original, text, sizeof original);
    strlcpy(split, text, sizeof split);
    char *rest = split, *word;
    int found;
    word_count = 0;
    while ((found = parse_word(&rest, &word)) > 0) {
        if (word_count == WORDS_MAX) {
            log_warn("more than %u words: the rest is ignored", WORDS_MAX);
            return;
        }
        words[word_count].value = parse_value(word);
        words[word_count++].key = word;
    }
    if (found < 0)
        log_warn("unclosed quote: the rest is ignored");
}

const char *cmdline_text(void) {
    return original;
}

const char *cmdline_value(const char *key) {
    for (size_t i = word_count; i-- > 0;)
        if (strcmp(words[i].key, key) == 0)
            return words[i].value ? words[i].value : "";
    return NULL;
}

uint64_t cmdline_number(const char *key, uint64_t otherwise) {
    const char *text = cmdline_value(key);
    uint64_t value;
    if (!text || *text == 0)
        return otherwise;
    if (parse_u64(text, &value) < 0) {
        log_warn("%s=%s is not a number", key, text);
        return otherwise;
    }
    return value;
}

void cmdline_each(void (*visit)(void *context, const char *key, const char *value), void *context) {
    for (size_t i = 0; i < word_count; i++)
        visit(context, words[i].key, words[i].value);
}
