/*
 * The new program's stack as it finds it at its first instruction (psABI AMD64 §3.4.1), and where
 * things go in a new address space:
 *
 *   vDSO        above the stack, at random in what its last page table leaves: it costs no table of its own
 *   stack_top   random, at the top of user space
 *   stack       grows down to RLIMIT_STACK
 *   mmap_top    below the room for the stack, random; mappings are placed downward from here
 *   PIE, heap   in the middle; programs with fixed addresses at the bottom
 */
#include "kernel/arch/cpu.h"
#include "kernel/arch/fpu.h"
#include "kernel/log/panic.h"
#include "kernel/proc/exec_image.h"
#include "kernel/proc/rseq.h"
#include "kernel/task/cred.h"
#include "kernel/task/rlimit.h"
#include "kernel/vm/map.h"
#include "kernel/vm/page_table.h"
#include "lib/errno.h"
#include "lib/string.h"

#define STACK_RANDOM_PAGES (1ull << 22)
#define MMAP_RANDOM_PAGES (1ull << 28)
#define STACK_ROOM_MIN (128ull << 20)
#define STACK_ROOM_MAX (USER_ADDRESS_END / 6 * 5)
#define STACK_MAPPED (128ull << 10) /* mapped below the first stack pointer: saves growing it page by page */

/* Above the stack; the stack makes room for it where it would reach the end of its page table. */
static void place_vdso(struct exec_image *image) {
    uint64_t highest = MIN(ALIGN_UP(image->stack_top, LEAF_SPAN), USER_ADDRESS_END) - exec_vdso_size();

    image->stack_top = MIN(image->stack_top, highest);
    uint64_t places = ((highest - image->stack_top) >> PAGE_SHIFT) + 1;
    image->vdso_data = image->stack_top + image->random[EXEC_RANDOM_STACK] / STACK_RANDOM_PAGES % places * PAGE_SIZE;
}

void exec_choose_layout(struct exec_image *image) {
    uint64_t limit = rlimit_current(RLIMIT_STACK);
    uint64_t room = MIN(MAX(limit, STACK_ROOM_MIN), STACK_ROOM_MAX) + STACK_RANDOM_PAGES * PAGE_SIZE + STACK_GUARD_GAP;

    image->stack_limit = limit;
    image->stack_top = USER_ADDRESS_END - image->random[EXEC_RANDOM_STACK] % STACK_RANDOM_PAGES * PAGE_SIZE;
    place_vdso(image);
    image->space->mmap_top =
        ALIGN_DOWN(USER_ADDRESS_END - room, PAGE_SIZE) - image->random[EXEC_RANDOM_MMAP] % MMAP_RANDOM_PAGES * PAGE_SIZE;
}

/* linux/auxvec.h, asm/auxvec.h */
enum auxv_type {
    AT_NULL = 0, AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_PAGESZ = 6, AT_BASE = 7, AT_FLAGS = 8,
    AT_ENTRY = 9, AT_UID = 11, AT_EUID = 12, AT_GID = 13, AT_EGID = 14, AT_PLATFORM = 15,
    AT_HWCAP = 16, AT_CLKTCK = 17, AT_SECURE = 23, AT_RANDOM = 25, AT_HWCAP2 = 26,
    AT_RSEQ_FEATURE_SIZE = 27, AT_RSEQ_ALIGN = 28, AT_EXECFN = 31, AT_SYSINFO_EHDR = 33, AT_MINSIGSTKSZ = 51,
};
#define CLOCK_TICKS_PER_SECOND 100u /* USER_HZ */
#define SIGNAL_FRAME_ROOM 1024u     /* ucontext, siginfo, red zone and alignment, beside the FPU image */

static uint64_t string_address(const struct exec_image *image, uint64_t base, uint32_t number) {
    return base + image->strings.offsets[number];
}

/* Fills space->auxv; returns the number of words, the two of AT_NULL included. */
static unsigned fill_auxv(struct exec_image *image, uint64_t base) {
    const struct cred *cred = image->cred ? image->cred : current_cred();
    const uint64_t entries[][2] = {
        {AT_SYSINFO_EHDR, exec_vdso_header(image)},
        {AT_MINSIGSTKSZ, arch_fpu_image_size() + SIGNAL_FRAME_ROOM},
        {AT_HWCAP, cpuid(1, 0).edx},
        {AT_PAGESZ, PAGE_SIZE},
        {AT_CLKTCK, CLOCK_TICKS_PER_SECOND},
        {AT_PHDR, image->segments_address},
        {AT_PHENT, sizeof(struct elf_segment)},
        {AT_PHNUM, image->segment_count},
        {AT_BASE, image->interpreter_base},
        {AT_FLAGS, 0},
        {AT_ENTRY, image->entry},
        {AT_UID, cred->uid},
        {AT_EUID, cred->euid},
        {AT_GID, cred->gid},
        {AT_EGID, cred->egid},
        {AT_SECURE, image->secure},
        {AT_RANDOM, string_address(image, base, image->random_string)},
        {AT_HWCAP2, 0},
        {AT_EXECFN, string_address(image, base, image->name_string)},
        {AT_PLATFORM, string_address(image, base, image->platform_string)},
        {AT_RSEQ_FEATURE_SIZE, RSEQ_FEATURE_SIZE},
        {AT_RSEQ_ALIGN, RSEQ_ALIGN},
        {AT_NULL, 0},
    };

    _Static_assert(sizeof entries <= sizeof image->space->auxv, "space->auxv");
    memcpy(image->space->auxv, entries, sizeof entries);
    return sizeof entries / sizeof(uint64_t);
}

/* Writes words to the new stack through a small buffer. */
struct word_writer {
    struct space *space;
    uint64_t address;
    unsigned count;
    bool failed;
    uint64_t words[64];
};

static void flush_words(struct word_writer *writer) {
    size_t size = writer->count * sizeof(uint64_t);

    if (space_write(writer->space, writer->address, writer->words, size) != (int64_t)size)
        writer->failed = true;
    writer->address += size;
    writer->count = 0;
}

static void write_word(struct word_writer *writer, uint64_t word) {
    writer->words[writer->count++] = word;
    if (writer->count == ARRAY_SIZE(writer->words))
        flush_words(writer);
}

static int map_stack(struct exec_image *image, uint64_t base) {
    uint64_t low = ALIGN_DOWN(image->stack_pointer, PAGE_SIZE);
    uint64_t extra = MIN(STACK_MAPPED, ALIGN_DOWN(image->stack_limit, PAGE_SIZE));
    uint64_t end = base + (uint64_t)image->strings.page_count * PAGE_SIZE;
    uint32_t flags = VMA_READ | VMA_WRITE | VMA_MAY_READ | VMA_MAY_WRITE | VMA_MAY_EXECUTE | VMA_GROWS_DOWN | VMA_ACCOUNT |
                     VMA_STACK | (image->executable_stack ? VMA_EXECUTE : 0u);

    if (!map_range_is_free(image->space, low - extra, end))
        return -ENOMEM;
    struct vma *vma = vma_create(image->space, low - extra, end, flags);
    if (!vma)
        return -ENOMEM;
    vma_link(vma);
    for (; image->strings.page_count > 0; image->strings.page_count--) {
        uint32_t i = image->strings.page_count - 1;
        if (space_insert_page(image->space, base + i * PAGE_SIZE, image->strings.pages[i]) != 0)
            return -ENOMEM;
    }
    return 0;
}

static int write_pointers(struct exec_image *image, uint64_t base, unsigned auxv_words) {
    struct word_writer writer = {.space = image->space, .address = image->stack_pointer};
    uint64_t strings = image->argument_count + image->environment_count;

    write_word(&writer, image->argument_count);
    for (uint64_t i = 0; i < strings; i++) {
        if (i == image->argument_count)
            write_word(&writer, 0);
        write_word(&writer, string_address(image, base, (uint32_t)i));
    }
    if (image->environment_count == 0)
        write_word(&writer, 0);
    write_word(&writer, 0);
    for (unsigned i = 0; i < auxv_words; i++)
        write_word(&writer, image->space->auxv[i]);
    flush_words(&writer);
    return writer.failed ? -ENOMEM : 0;
}

static void note_strings(struct exec_image *image, uint64_t base) {
    struct space *space = image->space;
    uint32_t arguments = (uint32_t)image->argument_count;
    uint32_t all = arguments + (uint32_t)image->environment_count;

    ASSERT(all < image->strings.count);
    space->arguments_start = string_address(image, base, 0);
    space->arguments_end = space->environment_start = string_address(image, base, arguments);
    space->environment_end = string_address(image, base, all);
    space->stack_start = image->stack_pointer;
}

int exec_build_stack(struct exec_image *image) {
    uint64_t base = image->stack_top - (uint64_t)image->strings.page_count * PAGE_SIZE;
    unsigned auxv_words = fill_auxv(image, base);
    /* argc, both lists with their ends, the auxiliary vector */
    uint64_t words = image->argument_count + image->environment_count + 3 + auxv_words;

    image->stack_pointer = ALIGN_DOWN(base + image->strings.offsets[0] - words * sizeof(uint64_t), 16);
    note_strings(image, base);
    int error = map_stack(image, base);
    return error ? error : write_pointers(image, base, auxv_words);
}
