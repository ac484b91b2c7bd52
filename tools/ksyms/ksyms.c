/*
 * ksyms KERNEL OUT: writes the table of lib/ksyms.h from the symbols of KERNEL's .text section.
 *
 * The input is what the linker has just made, so its structure is trusted; a kernel without
 * symbols or .text is reported.
 */
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ksyms.h"

struct symbol {
    uint32_t offset; /* from the start of .text */
    int rank;        /* among symbols of one address the lowest is kept */
    const char *name;
};

struct elf_file {
    const uint8_t *bytes;
    const Elf64_Shdr *sections;
    unsigned section_count;
    const char *section_names;
};

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("ksyms: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    exit(1);
}

static void *read_file(const char *path) {
    FILE *stream = fopen(path, "rb");
    if (!stream || fseek(stream, 0, SEEK_END) != 0)
        die("%s: %s", path, strerror(errno));
    size_t size = (size_t)ftell(stream);
    void *bytes = malloc(size + 1);
    rewind(stream);
    if (!bytes || fread(bytes, 1, size, stream) != size)
        die("%s: cannot read", path);
    fclose(stream);
    return bytes;
}

static const Elf64_Shdr *find_section(const struct elf_file *file, const char *name) {
    for (unsigned i = 0; i < file->section_count; i++) {
        if (strcmp(file->section_names + file->sections[i].sh_name, name) == 0)
            return &file->sections[i];
    }
    die("the kernel has no %s section", name);
}

static struct elf_file open_elf(const char *path) {
    struct elf_file file = {.bytes = read_file(path)};
    const Elf64_Ehdr *header = (const void *)file.bytes;
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        die("%s: not an ELF file", path);
    file.sections = (const void *)(file.bytes + header->e_shoff);
    file.section_count = header->e_shnum;
    file.section_names =
        (const void *)(file.bytes + file.sections[header->e_shstrndx].sh_offset);
    return file;
}

/* Functions first, then labels of assembly code; global before local. -1: not wanted. */
static int symbol_rank(const Elf64_Sym *symbol, const char *name) {
    unsigned type = ELF64_ST_TYPE(symbol->st_info);
    int local = ELF64_ST_BIND(symbol->st_info) == STB_LOCAL;
    if (type == STT_FUNC)
        return local;
    return type == STT_NOTYPE && name[0] != '\0' && !strchr(name, '.') ? 2 + local : -1;
}

static size_t collect(const struct elf_file *file, struct symbol **symbols) {
    const Elf64_Shdr *text = find_section(file, ".text");
    const Elf64_Shdr *table = find_section(file, ".symtab");
    const char *names = (const void *)(file->bytes + file->sections[table->sh_link].sh_offset);
    const Elf64_Sym *entries = (const void *)(file->bytes + table->sh_offset);
    size_t total = table->sh_size / sizeof(*entries);
    size_t count = 0;
    *symbols = calloc(total, sizeof(**symbols));
    if (!*symbols)
        die("out of memory");
    for (size_t i = 0; i < total; i++) {
        const char *name = names + entries[i].st_name;
        int rank = symbol_rank(&entries[i], name);
        uint64_t offset = entries[i].st_value - text->sh_addr;
        if (rank >= 0 && entries[i].st_shndx == text - file->sections && offset < text->sh_size)
            (*symbols)[count++] = (struct symbol){(uint32_t)offset, rank, name};
    }
    return count;
}

static int compare(const void *a, const void *b) {
    const struct symbol *x = a;
    const struct symbol *y = b;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return x->rank != y->rank ? x->rank - y->rank : strcmp(x->name, y->name);
}

static size_t drop_duplicates(struct symbol *symbols, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || symbols[i].offset != symbols[kept - 1].offset)
            symbols[kept++] = symbols[i];
    }
    return kept;
}

static void write_table(FILE *out, const struct symbol *symbols, size_t count) {
    struct ksyms_header header = {.magic = KSYMS_MAGIC, .count = (uint32_t)count};
    for (size_t i = 0; i < count; i++)
        header.names_bytes += (uint32_t)strlen(symbols[i].name) + 1;
    fwrite(&header, sizeof(header), 1, out);
    uint32_t name_offset = 0;
    for (size_t i = 0; i < count; i++) {
        struct ksyms_entry entry = {symbols[i].offset, name_offset};
        fwrite(&entry, sizeof(entry), 1, out);
        name_offset += (uint32_t)strlen(symbols[i].name) + 1;
    }
    for (size_t i = 0; i < count; i++)
        fwrite(symbols[i].name, strlen(symbols[i].name) + 1, 1, out);
}

int main(int argc, char **argv) {
    struct symbol *symbols;
    if (argc != 3)
        die("usage: ksyms KERNEL OUT");
    struct elf_file file = open_elf(argv[1]);
    size_t count = collect(&file, &symbols);
    qsort(symbols, count, sizeof(*symbols), compare);
    count = drop_duplicates(symbols, count);
    FILE *out = fopen(argv[2], "wb");
    if (!out)
        die("%s: %s", argv[2], strerror(errno));
    write_table(out, symbols, count);
    if (ferror(out) || fclose(out) != 0)
        die("%s: cannot write", argv[2]);
    free(symbols);
    free((void *)file.bytes);
    return 0;
}
