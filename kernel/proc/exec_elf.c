/*
 * Loading ELF programs: the executable and the dynamic linker it asks for (PT_INTERP). Segments are
 * mapped from the page cache, privately; what lies behind a segment's file part is zero
 * (System V ABI, chapter 5). All addresses and sizes come from the file: nothing is trusted.
 */
#include "kernel/mm/slab.h"
#include "kernel/proc/exec_image.h"
#include "kernel/vm/map.h"
#include "lib/errno.h"
#include "lib/errptr.h"
#include "lib/string.h"

/* Two thirds up user space, as on Linux; random bits on top. */
#define PIE_BASE 0x555555554000ull
#define PIE_RANDOM_PAGES (1ull << 28)
#define BRK_RANDOM_PAGES (1ull << 13)

struct program {
    struct file *file;
    struct elf_header header;
    struct elf_segment *segments;
    uint64_t base; /* added to the file's addresses */
    uint64_t start, end; /* of its memory, by the file's addresses, page aligned */
};

/* The part of the file that holds the segment table: already read, or to be read. */
static int read_segments(struct program *program, const uint8_t *head, size_t head_size) {
    const struct elf_header *header = &program->header;
    size_t size = header->segment_count * sizeof(struct elf_segment);

    program->segments = kmalloc(size);
    if (!program->segments)
        return -ENOMEM;
    if (header->segments_offset <= head_size && size <= head_size - header->segments_offset) {
        memcpy(program->segments, head + header->segments_offset, size);
        return 0;
    }
    int64_t count = file_read_at(program->file, program->segments, size, header->segments_offset);
    return count == (int64_t)size ? 0 : count < 0 ? (int)count : -ENOEXEC;
}

/* Reads and checks everything that the file says about itself. */
static int read_program(struct program *program, const uint8_t *head, size_t head_size) {
    uint64_t file_size = program->file->inode->size;
    int error = elf_read_header(head, head_size, file_size, &program->header);

    if (error)
        return error;
    error = read_segments(program, head, head_size);
    if (!error)
        error = elf_check_segments(program->segments, program->header.segment_count, file_size);
    if (error)
        return error;
    elf_memory_range(program->segments, program->header.segment_count, &program->start, &program->end);
    if (program->end > USER_ADDRESS_END)
        return -ENOEXEC;
    program->start = ALIGN_DOWN(program->start, PAGE_SIZE);
    program->end = ALIGN_UP(program->end, PAGE_SIZE);
    return 0;
}

static uint32_t prot_of(const struct elf_segment *segment) {
    return (segment->flags & ELF_FLAG_READ ? (uint32_t)PROT_READ : 0) |
           (segment->flags & ELF_FLAG_WRITE ? (uint32_t)PROT_WRITE : 0) |
           (segment->flags & ELF_FLAG_EXECUTE ? (uint32_t)PROT_EXEC : 0);
}

/* A mapping error that only a malformed file can cause is the file's fault. */
static int map_error(int64_t result) {
    return result >= 0 ? 0 : result == -EPERM ? -EINVAL : (int)result;
}

/*
 * Zeroes the rest of the last page of a segment's file part: all of it, since the dynamic linker allocates its
 * first memory behind its own end.
 */
static int clear_tail(struct space *space, uint64_t address, uint64_t end) {
    static const uint8_t zeros[512];

    while (address < end) {
        size_t size = MIN(end - address, sizeof zeros);
        if (space_write(space, address, zeros, size) != (int64_t)size)
            return -ENOMEM;
        address += size;
    }
    return 0;
}

static int map_segment(struct space *space, const struct program *program, const struct elf_segment *segment) {
    uint64_t address = program->base + segment->vaddr, file_end = address + segment->file_size;
    uint64_t start = ALIGN_DOWN(address, PAGE_SIZE), mapped_end = start;
    uint64_t memory_end = ALIGN_UP(address + segment->memory_size, PAGE_SIZE);
    uint32_t prot = prot_of(segment);
    int error = 0;

    if (segment->file_size > 0) {
        mapped_end = ALIGN_UP(file_end, PAGE_SIZE);
        error = map_error(space_map(space, start, mapped_end - start, prot, MAP_PRIVATE | MAP_FIXED, program->file,
                                    ALIGN_DOWN(segment->offset, PAGE_SIZE)));
        if (!error && segment->memory_size > segment->file_size && prot & PROT_WRITE)
            error = clear_tail(space, file_end, mapped_end);
    }
    if (!error && memory_end > mapped_end)
        error = map_error(space_map(space, mapped_end, memory_end - mapped_end, prot,
                                    MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, NULL, 0));
    return error;
}

static int map_segments(struct space *space, const struct program *program) {
    int error = 0;

    for (unsigned i = 0; i < program->header.segment_count && !error; i++) {
        const struct elf_segment *segment = &program->segments[i];
        if (segment->type == ELF_SEGMENT_LOAD && segment->memory_size > 0)
            error = map_segment(space, program, segment);
    }
    return error;
}

/* The strictest alignment that a LOAD segment asks for. */
static uint64_t alignment(const struct program *program) {
    uint64_t align = PAGE_SIZE;

    for (unsigned i = 0; i < program->header.segment_count; i++)
        if (program->segments[i].type == ELF_SEGMENT_LOAD)
            align = MAX(align, program->segments[i].align);
    return align;
}

/* Where position-independent code goes: at `hint`, or (0) where mmap would put it. */
static int choose_base(struct space *space, struct program *program, uint64_t hint) {
    uint64_t align = alignment(program), length = program->end - program->start;

    program->base = 0;
    if (program->header.type == ELF_TYPE_EXEC)
        return 0;
    if (length > USER_ADDRESS_END || align > USER_ADDRESS_END || program->start >= align)
        return -ENOEXEC;
    if (!hint) {
        int64_t place = map_place(space, 0, length + align - PAGE_SIZE, 0);
        if (place < 0)
            return (int)place;
        hint = (uint64_t)place;
    }
    program->base = ALIGN_UP(hint, align) - ALIGN_DOWN(program->start, align);
    return length <= USER_ADDRESS_END - program->base - program->start ? 0 : -ENOMEM;
}

/* Address of the segment table in memory, for AT_PHDR; 0 if it is not loaded. */
static uint64_t segments_address(const struct program *program) {
    uint64_t offset = program->header.segments_offset;

    for (unsigned i = 0; i < program->header.segment_count; i++) {
        const struct elf_segment *segment = &program->segments[i];
        if (segment->type == ELF_SEGMENT_LOAD && offset >= segment->offset &&
            offset - segment->offset < segment->file_size)
            return program->base + segment->vaddr + (offset - segment->offset);
    }
    return 0;
}

/*
 * A dynamic linker that is run as a program (or a static one that may be anywhere) is kept away from where the
 * programs that it may load go: mmap chooses its place, as for one that a program asks for.
 */
static bool is_loader(const struct program *program) {
    return program->header.type == ELF_TYPE_DYN &&
           !elf_find_segment(program->segments, program->header.segment_count, ELF_SEGMENT_INTERP);
}

/* For /proc/PID/stat and brk: where code and data are. Behind a loader there would be no room to grow. */
static void note_layout(struct exec_image *image, const struct program *program) {
    struct space *space = image->space;

    space->code_start = space->data_start = UINT64_MAX;
    for (unsigned i = 0; i < program->header.segment_count; i++) {
        const struct elf_segment *segment = &program->segments[i];
        uint64_t start = program->base + segment->vaddr, end = start + segment->file_size;
        if (segment->type != ELF_SEGMENT_LOAD)
            continue;
        if (segment->flags & ELF_FLAG_EXECUTE) {
            space->code_start = MIN(space->code_start, start);
            space->code_end = MAX(space->code_end, end);
        }
        if (segment->flags & ELF_FLAG_WRITE) {
            space->data_start = MIN(space->data_start, start);
            space->data_end = MAX(space->data_end, end);
        }
    }
    if (space->code_start == UINT64_MAX)
        space->code_start = 0;
    if (space->data_start == UINT64_MAX)
        space->data_start = 0;
    uint64_t heap = is_loader(program) ? PIE_BASE : program->base + program->end;
    space->brk_start = heap + image->random[EXEC_RANDOM_BRK] % BRK_RANDOM_PAGES * PAGE_SIZE;
    space->brk = space->brk_start;
}

static int map_program(struct exec_image *image, struct program *program) {
    uint64_t hint = is_loader(program) ? 0 : PIE_BASE + image->random[EXEC_RANDOM_BASE] % PIE_RANDOM_PAGES * PAGE_SIZE;
    int error = choose_base(image->space, program, hint);

    if (!error)
        error = map_segments(image->space, program);
    if (error)
        return error;
    const struct elf_segment *stack =
        elf_find_segment(program->segments, program->header.segment_count, ELF_SEGMENT_GNU_STACK);
    image->executable_stack = stack && stack->flags & ELF_FLAG_EXECUTE;
    image->entry = image->start = program->base + program->header.entry;
    image->segments_address = segments_address(program);
    image->segment_count = program->header.segment_count;
    note_layout(image, program);
    return 0;
}

/* The dynamic linker's path from the file; NULL: none is wanted; or ERR_PTR. */
static char *read_interpreter_path(const struct program *program) {
    const struct elf_segment *segment =
        elf_find_segment(program->segments, program->header.segment_count, ELF_SEGMENT_INTERP);

    if (!segment)
        return NULL;
    if (segment->file_size < 2 || segment->file_size > PATH_MAX)
        return ERR_PTR(-ENOEXEC);
    char *path = kmalloc(segment->file_size);
    if (!path)
        return ERR_PTR(-ENOMEM);
    int64_t count = file_read_at(program->file, path, segment->file_size, segment->offset);
    if (count == (int64_t)segment->file_size && path[count - 1] == 0)
        return path;
    kfree(path);
    return ERR_PTR(count < 0 ? (int)count : -ENOEXEC);
}

static int map_interpreter(struct exec_image *image, struct program *program) {
    uint8_t head[sizeof(struct elf_header)];
    int64_t count = file_read_at(program->file, head, sizeof head, 0);

    if (count < 0)
        return (int)count;
    int error = read_program(program, head, (size_t)count);
    if (error)
        return error == -ENOEXEC ? -ELIBBAD : error;
    error = choose_base(image->space, program, 0);
    if (!error)
        error = map_segments(image->space, program);
    image->start = program->base + program->header.entry;
    image->interpreter_base = program->base;
    return error;
}

static int load_interpreter(struct exec_image *image, const struct program *main) {
    char *path = read_interpreter_path(main);

    if (IS_ERR_OR_NULL(path))
        return PTR_ERR(path);
    struct program program = {.file = exec_open_file(path)};
    kfree(path);
    if (IS_ERR(program.file))
        return PTR_ERR(program.file);
    int error = map_interpreter(image, &program);
    kfree(program.segments);
    file_put(program.file);
    return error;
}

int exec_load_elf(struct exec_image *image) {
    struct program program = {.file = image->file};
    int error = read_program(&program, image->head, image->head_size);

    if (!error)
        error = map_program(image, &program);
    if (!error)
        error = load_interpreter(image, &program);
    kfree(program.segments);
    return error;
}
