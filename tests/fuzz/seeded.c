/* A seeded bug behind four bytes: found only by a fuzzer that mutates and learns from coverage. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

int fuzz_one(const uint8_t *data, size_t size) {
    static const char magic[] = "Astr";
    size_t matched = 0;

    if (size > 0 && data[0] == magic[0])
        matched = 1;
    if (matched == 1 && size > 1 && data[1] == magic[1])
        matched = 2;
    if (matched == 2 && size > 2 && data[2] == magic[2])
        matched = 3;
    if (matched == 3 && size > 3 && data[3] == magic[3])
        matched = 4;
    volatile char *block = calloc(4, 1);
    char past = block[matched]; /* one too far for the full match */
    free((void *)block);
    return past;
}
