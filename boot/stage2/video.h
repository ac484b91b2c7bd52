/*
 * The screen that the kernel gets: text as it is, or a VESA framebuffer on request.
 */
#pragma once

#include <stdint.h>

#include "boot/bootinfo.h"

/*
 * Step: looks for a framebuffer mode of that size (0: text) and number of bits a pixel (0: the
 * deepest). Finding none is a warning.
 */
void video_choose(uint32_t width, uint32_t height, uint32_t bits);

/* What will be switched to; mode BOOT_VIDEO_NONE: the screen stays in text mode. */
const struct boot_video *video_chosen(void);

/*
 * Switches to what was chosen and describes the screen in boot_info. The last use of the screen
 * through the BIOS: after it, a framebuffer shows no loader messages.
 */
void video_activate(void);
