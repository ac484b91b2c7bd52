#include "kernel/debug/symbols.h"

#include "kernel/arch/image.h"
#include "lib/format.h"
#include "lib/ksyms.h"

bool address_is_kernel_text(uint64_t address) {
    return address >= (uintptr_t)kernel_text_start && address < (uintptr_t)kernel_text_end;
}

static size_t table_size(void) {
    return (size_t)(ksyms_end - ksyms_start);
}

/* The function that holds the byte at `address - back`, and how far `address` is into it. */
static size_t format_back(char *text, size_t size, uint64_t address, uint32_t back) {
    uint32_t into;
    const char *name = NULL;
    if (address_is_kernel_text(address - back))
        name = ksyms_lookup(ksyms_start, table_size(), (uint32_t)(address - back - (uintptr_t)kernel_text_start), &into);
    int length = name ? format_snprintf(text, size, "%s+%#x", name, into + back) : format_snprintf(text, size, "?");
    return (size_t)length;
}

size_t symbol_format(char *text, size_t size, uint64_t address) {
    return format_back(text, size, address, 0);
}

size_t symbol_format_return(char *text, size_t size, uint64_t address) {
    return format_back(text, size, address, 1);
}

uint64_t symbol_address(const char *name) {
    uint32_t offset;
    if (ksyms_find(ksyms_start, table_size(), name, &offset) < 0)
        return 0;
    return (uintptr_t)kernel_text_start + offset;
}
