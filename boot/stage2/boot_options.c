/*
 * The choice.
 */
#include "boot/stage2/boot_options.h"

static struct boot_options options;

struct boot_options *boot_options(void) {
    return &options;
}
