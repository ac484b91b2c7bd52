#include "user/boottrace/table.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 64u

/* The file with a NUL behind it, or NULL with a message. */
static char *read_whole(const char *folder, const char *name) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    errno = 0;
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t capacity = 0;
    ssize_t length = file ? getdelim(&text, &capacity, '\0', file) : -1;

    if (length < 0) {
        fprintf(stderr, "boottrace: %s: %s\n", path, errno ? strerror(errno) : "it is empty");
        free(text);
        text = NULL;
    }
    if (file)
        fclose(file);
    return text;
}

static size_t count_words(const char *text, const char *until) {
    size_t count = 0;

    for (const char *at = text; at < until && *at; at++)
        count += *at > ' ' && (at == text || at[-1] <= ' ');
    return count;
}

/* Writes a NUL behind each word and notes where it begins. */
static void cut(char *text, char **words) {
    size_t count = 0;

    for (char *word = strtok(text, " \n"); word; word = strtok(NULL, " \n"))
        words[count++] = word;
}

bool table_read(struct table *table, const char *folder, const char *name) {
    *table = (struct table){.text = read_whole(folder, name)};
    if (!table->text)
        return false;
    table->columns = count_words(table->text, strchrnul(table->text, '\n'));
    size_t words = count_words(table->text, table->text + strlen(table->text));

    if (table->columns == 0 || table->columns > COLUMNS_MAX || words % table->columns != 0) {
        fprintf(stderr, "boottrace: %s/%s is not a table\n", folder, name);
        free(table->text);
        return false;
    }
    table->rows = words / table->columns - 1;
    table->words = calloc(words, sizeof *table->words);
    if (!table->words) {
        fprintf(stderr, "boottrace: no memory\n");
        free(table->text);
        return false;
    }
    cut(table->text, table->words);
    return true;
}

void table_free(struct table *table) {
    free(table->words);
    free(table->text);
}

const char *table_text(const struct table *table, size_t row, const char *heading) {
    for (size_t i = 0; i < table->columns; i++)
        if (strcmp(table->words[i], heading) == 0)
            return table->words[(row + 1) * table->columns + i];
    return "";
}

uint64_t table_number(const struct table *table, size_t row, const char *heading) {
    const char *text = table_text(table, row, heading);
    return strtoull(text, NULL, strncmp(text, "0x", 2) == 0 ? 16 : 10);
}

uint64_t table_hex(const struct table *table, size_t row, const char *heading) {
    return strtoull(table_text(table, row, heading), NULL, 16);
}

uint64_t value_read(const char *folder, const char *name, const char *value) {
    char *text = read_whole(folder, name);
    size_t length = strlen(value);
    uint64_t number = 0;

    for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (strncmp(line, value, length) == 0 && line[length] == ' ')
            number = strtoull(line + length, NULL, 10);
    free(text);
    return number;
}
