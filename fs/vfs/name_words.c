/* The rarer parts of name_words.h: pages' ends, names of known length, long names. Pure. */
#include "fs/vfs/name_words.h"

uint64_t word_load_bytes(const char *text) {
    uint64_t word = 0;
    for (unsigned i = 0; i < WORD_BYTES && text[i] != '\0'; i++)
        word |= (uint64_t)(unsigned char)text[i] << (8 * i);
    return word;
}

void name_key_init(struct name_key *key, const char *name, uint32_t length) {
    uint64_t state = 0;
    *key = (struct name_key){.name = name, .length = length};
    for (uint32_t i = 0; i < length; i += WORD_BYTES) {
        uint64_t word = word_first(word_load(name + i), MIN(length - i, WORD_BYTES));
        if (i == 0)
            key->first = word;
        state = name_hash_word(state, word);
    }
    key->hash = name_hash_end(state);
}

bool name_equal_rest(const char *padded, const char *name, uint32_t length) {
    for (uint32_t i = WORD_BYTES; i < length; i += WORD_BYTES) {
        uint64_t word;
        __builtin_memcpy(&word, padded + i, WORD_BYTES);
        if (word != word_first(word_load(name + i), MIN(length - i, WORD_BYTES)))
            return false;
    }
    return true;
}
