/* lib/parse.c: any text as a command line, each word or value as a number. */
#include "lib/parse.h"

#include <stdlib.h>
#include <string.h>

#include "lib/assert.h"
#include "tests/fuzz/fuzz.h"

int fuzz_one(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1), *rest = text, *word;
    uint64_t number;

    memcpy(text, data, size);
    text[size] = '\0';
    while (parse_word(&rest, &word) > 0) {
        ASSERT(word >= text && rest > word && rest <= text + size);
        ASSERT(strlen(word) <= (size_t)(rest - word));
        char *value = parse_value(word);
        ASSERT(parse_u64(value ? value : word, &number) <= 0);
    }
    free(text);
    return 0;
}
