/* lib/cpio.c: any bytes as an archive; every member must lie inside it. */
#include "lib/cpio.h"

#include <string.h>

#include "lib/assert.h"
#include "tests/fuzz/fuzz.h"

int fuzz_one(const uint8_t *data, size_t size) {
    struct cpio_reader reader;
    struct cpio_member member;
    struct cpio_checksum checksum;
    size_t previous = 0;
    cpio_reader_init(&reader, data, size);
    while (cpio_next(&reader, &member) > 0) {
        const uint8_t *name = (const uint8_t *)member.name;
        ASSERT(name > data && name + member.name_length < data + size);
        ASSERT(member.name_length > 0 && member.name_length == strlen(member.name));
        ASSERT(member.data > name && member.data <= data + size);
        ASSERT(member.size <= (size_t)(data + size - member.data));
        ASSERT(reader.offset > previous && reader.offset <= size);
        previous = reader.offset;
    }
    ASSERT(cpio_checksum(data, size, &checksum) <= 1);
    return 0;
}
