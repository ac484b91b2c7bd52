/*
 * Messages: of an error the code, a sentence, the detail and a remedy; of a warning one line.
 */
#include "boot/stage2/error.h"

#include "boot/stage2/bios.h"
#include "boot/stage2/console.h"
#include "boot/stage2/keys.h"
#include "boot/stage2/trace.h"
#include "lib/format.h"
#include "lib/string.h"

#define WAIT_MS 30000u
#define WARNING_COLUMNS 62u /* for sentence and detail, in one line of the narrowest usual screen */
#define WARNING_INDENT  14

struct error_text {
    uint8_t code;
    const char *sentence;
    const char *remedy;
};

static const struct error_text texts[] = {
    {ERROR_CPU_NO_CPUID, "this processor is too old: it has no CPUID", "use a 64-bit PC"},
    {ERROR_CPU_NO_LONG_MODE, "this processor cannot run 64-bit programs",
     "use a 64-bit PC, or a 64-bit processor model in the emulator"},
    {ERROR_CPU_FEATURE, "this processor lacks something every 64-bit PC has",
     "choose another processor model in the emulator"},
    {ERROR_A20, "memory above 1 MiB cannot be reached (A20 stays off)",
     "look for a gate A20 setting in the BIOS set-up"},
    {ERROR_MEMORY_MAP, "the BIOS does not say how much memory there is",
     "update the BIOS or reset its set-up to the defaults"},
    {ERROR_MEMORY_TOO_LITTLE, "there is too little memory", "give the machine 32 MiB or more"},
    {ERROR_MEMORY_LOW, "the BIOS leaves too little memory below 640 KiB",
     "switch off network boot and USB legacy support in the BIOS set-up"},
    {ERROR_DRIVE_NOT_FOUND, "no drive of the BIOS is the one this loader came from",
     "put the boot disk first in the BIOS set-up, or plug it in elsewhere"},
    {ERROR_PARTITION, "no usable partition table with one active partition",
     "write the image again, or mark the boot partition active"},
    {ERROR_VOLUME, "the active partition holds no usable FAT32 volume",
     "run fsck.fat on it, or write the image again"},
    {ERROR_DISK_READ, "the disk cannot be read", "try another port, or write another stick"},
    {ERROR_CONFIG_MISSING, "boot/astra.cfg cannot be used; going on with the defaults",
     "copy one to the boot partition"},
    {ERROR_CONFIG_LINE, "a line of boot/astra.cfg is ignored", "correct it"},
    {ERROR_CONFIG_SIZE, "boot/astra.cfg is too long; its end is ignored", "shorten it"},
    {ERROR_KERNEL_MISSING, "the kernel is not on the boot partition",
     "copy it there, or correct `kernel =` in boot/astra.cfg"},
    {ERROR_KERNEL_READ, "the kernel cannot be read", "copy it to the boot partition again"},
    {ERROR_KERNEL_FORMAT, "the kernel file is no x86-64 ELF program, or cut short",
     "copy it to the boot partition again"},
    {ERROR_KERNEL_ADDRESS, "the kernel is linked to addresses it cannot have",
     "link it as boot/bootinfo.h says"},
    {ERROR_KERNEL_MEMORY, "there is no memory where the kernel must be",
     "give the machine more memory"},
    {ERROR_KERNEL_CHECKSUM, "the kernel file is damaged: its checksum is wrong",
     "copy it to the boot partition again"},
    {ERROR_KERNEL_UNSEALED, "the kernel carries no checksum", "seal it with mkimage --seal"},
    {ERROR_RAMFS_MISSING, "the ramfs archive is not on the boot partition; going on without",
     "copy it there, or correct `ramfs =` in boot/astra.cfg"},
    {ERROR_RAMFS_READ, "the ramfs archive cannot be read", "copy it to the boot partition again"},
    {ERROR_RAMFS_MEMORY, "the ramfs archive does not fit in memory",
     "more memory, or a smaller archive: it must lie below 4 GiB"},
    {ERROR_RAMFS_CHECKSUM, "the ramfs archive is damaged: its checksum is wrong",
     "copy it to the boot partition again"},
    {ERROR_RAMFS_UNSEALED, "the ramfs archive carries no checksum",
     "make it with mkimage --make-ramfs"},
    {ERROR_RAMFS_FORMAT, "the ramfs archive is cut short or no cpio archive (newc)",
     "copy it to the boot partition again"},
    {ERROR_VIDEO_MODE, "the screen does not offer the mode asked for; text instead",
     "choose another `video =` in boot/astra.cfg"},
    {ERROR_NO_ACPI, "no ACPI tables found; power-off and other CPUs may not work",
     "switch ACPI on in the BIOS set-up"},
    {ERROR_PAGE_TABLES, "the kernel is too large for the loader's page tables",
     "make the kernel smaller"},
    {ERROR_EXCEPTION, "the loader itself failed (processor exception)",
     "report it with the line above"},
};

static struct error_message last;

static const struct error_text *find_text(enum error_code code) {
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        if (texts[i].code == code)
            return &texts[i];
    }
    return &texts[ARRAY_SIZE(texts) - 1];
}

static void report(enum error_code code, const char *detail, va_list arguments) {
    const struct error_text *text = find_text(code);

    last.code = code;
    last.sentence = text->sentence;
    (void)format_vsnprintf(last.detail, sizeof(last.detail), detail, arguments);
    console_fresh_line();
    console_printf("Astra boot error %u: %s\n  %s\n  Remedy: %s.\n", code, last.sentence,
                   last.detail, text->remedy);
}

const struct error_message *error_last(void) {
    return &last;
}

bool error_report(enum error_code code, const char *detail, ...) {
    va_list arguments;

    va_start(arguments, detail);
    report(code, detail, arguments);
    va_end(arguments);
    return false;
}

void error_give_up(void) {
    keys_drain(); /* what was typed before is no answer */
    console_printf("Press a key for the next boot device.\n");
    (void)keys_wait(WAIT_MS);
    error_next_device();
}

void error_next_device(void) {
    struct bios_regs regs = {0};

    bios_call(BIOS_NEXT_DEVICE, &regs);
    console_printf("The BIOS has no other boot device. Switch the machine off.\n");
    for (;;)
        __asm__ volatile("cli; hlt");
}

void error_fatal(enum error_code code, const char *detail, ...) {
    va_list arguments;

    va_start(arguments, detail);
    report(code, detail, arguments);
    va_end(arguments);
    error_give_up();
}

void error_warn(enum error_code code, uint64_t number, const char *detail, ...) {
    const char *sentence = find_text(code)->sentence;
    char line[ERROR_DETAIL_MAX];
    va_list arguments;

    va_start(arguments, detail);
    (void)format_vsnprintf(line, sizeof(line), detail, arguments);
    va_end(arguments);
    console_fresh_line();
    console_step("warning");
    console_printf("%u: %s", code, sentence);
    if (strlen(sentence) + strlen(line) >= WARNING_COLUMNS)
        console_printf("\n%*s", WARNING_INDENT, "");
    console_printf(" (%s)\n", line);
    trace_event(BOOT_EVENT_WARNING, code, number);
}
