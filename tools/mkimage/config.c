/* Changing the `append` line of astra.cfg; the rest of the file stays byte for byte. */
#include <stdlib.h>
#include <string.h>

#include "boot/bootinfo.h"
#include "tools/mkimage/image.h"

/* Length of the line at `line`, without its newline and a carriage return before that. */
static size_t line_length(const char *line) {
    size_t length = strcspn(line, "\n");
    return length > 0 && line[length - 1] == '\r' ? length - 1 : length;
}

/* The value of the line if its key is `append`, else NULL. */
static const char *append_value(const char *line) {
    static const char key[] = "append";
    line += strspn(line, " \t");
    if (strncmp(line, key, strlen(key)) != 0)
        return NULL;
    line += strlen(key);
    line += strspn(line, " \t");
    if (*line != '=')
        return NULL;
    return line + 1 + strspn(line + 1, " \t");
}

/* The last `append` line's value, which is the one that counts; NULL if there is none. */
static const char *find_append(const char *text) {
    const char *found = NULL;
    for (const char *line = text; *line != '\0'; line += strspn(line, "\n")) {
        const char *value = append_value(line);
        found = value ? value : found;
        line += strcspn(line, "\n");
    }
    return found;
}

static struct blob insert(const struct blob *config, size_t at, const char *text) {
    size_t length = strlen(text);
    struct blob result = {.size = config->size + length};
    result.bytes = must_alloc(result.size + 1);
    memcpy(result.bytes, config->bytes, at);
    memcpy(result.bytes + at, text, length);
    memcpy(result.bytes + at + length, config->bytes + at, config->size - at);
    return result;
}

struct blob config_append(const struct blob *config, const char *arguments) {
    const char *text = (const char *)config->bytes;
    if (strpbrk(arguments, "\r\n"))
        die("--append: the arguments hold a line break");
    if (memchr(config->bytes, '\0', config->size))
        die("%s: not a text file", IMAGE_CONFIG);
    const char *value = find_append(text);
    if (!value) {
        bool ends_line = config->size == 0 || text[config->size - 1] == '\n';
        return insert(config, config->size,
                      text_format("%sappend = %s\n", ends_line ? "" : "\n", arguments));
    }
    size_t length = line_length(value);
    if (length + 1 + strlen(arguments) > BOOT_CMDLINE_MAX)
        die("--append: the kernel command line would have more than %u bytes", BOOT_CMDLINE_MAX);
    return insert(config, (size_t)(value - text) + length,
                  text_format("%s%s", length > 0 ? " " : "", arguments));
}
