/*
 * VESA framebuffers. Facts: "VESA BIOS Extension core functions standard 3.0" (VBE).
 */
#include "boot/stage2/video.h"

#include "boot/stage2/bios.h"
#include "boot/stage2/console.h"
#include "boot/stage2/error.h"
#include "boot/stage2/memory.h"
#include "boot/stage2/state.h"
#include "boot/stage2/trace.h"
#include "lib/bits.h"
#include "lib/string.h"

#define VBE_OK              0x004fu
#define VBE_INFO            ((struct vbe_info *)LAYOUT_BOUNCE)
#define VBE_MODE_INFO       ((struct vbe_mode_info *)(LAYOUT_BOUNCE + 0x1000))
#define VBE_SIGNATURE       "VESA"
#define VBE_VERSION_2       0x0200u
#define VBE_VERSION_3       0x0300u
#define VBE_LIST_END        0xffffu
#define VBE_LIST_MAX        512u
#define VBE_MODE_LINEAR     0x4000u /* use the linear framebuffer */
#define VBE_DIRECT_COLOUR   6u
#define LOW_MEMORY_END      0x100000u

#define VBE_MODE_NUMBER     0x3fffu /* in bx as function 4F03h returns it */
#define VBE_MODES_FIRST     0x100u  /* below are those of VGA */

enum vbe_function {
    VBE_GET_INFO = 0x4f00,
    VBE_GET_MODE = 0x4f01,
    VBE_SET_MODE = 0x4f02,
    VBE_CURRENT_MODE = 0x4f03
};

enum vbe_attribute { /* VBE 3.0 §4.4, ModeAttributes */
    VBE_SUPPORTED = 1u << 0,
    VBE_COLOUR = 1u << 3,
    VBE_GRAPHICS = 1u << 4,
    VBE_LINEAR = 1u << 7
};

/* VBE 3.0 §4.3, VbeInfoBlock. */
struct vbe_info {
    char signature[4];
    uint16_t version;
    uint16_t oem_string[2];
    uint32_t capabilities;
    uint16_t mode_list_offset, mode_list_segment;
    uint16_t memory_64kib;
    uint8_t rest[492];
} __attribute__((packed));

/* VBE 3.0 §4.4, ModeInfoBlock. */
struct vbe_mode_info {
    uint16_t attributes;
    uint8_t window[14];
    uint16_t pitch;
    uint16_t width, height;
    uint8_t character_width, character_height;
    uint8_t planes, bits_per_pixel, banks, memory_model;
    uint8_t bank_kib, image_pages, reserved;
    uint8_t red_width, red_position, green_width, green_position;
    uint8_t blue_width, blue_position, reserved_width, reserved_position;
    uint8_t direct_colour;
    uint32_t framebuffer;
    uint8_t reserved2[6];
    uint16_t linear_pitch; /* from here on VBE 3.0 */
    uint8_t banked_pages, linear_pages;
    uint8_t linear_red_width, linear_red_position, linear_green_width, linear_green_position;
    uint8_t linear_blue_width, linear_blue_position;
    uint8_t rest[196];
} __attribute__((packed));

_Static_assert(sizeof(struct vbe_info) == 512, "VbeInfoBlock");
_Static_assert(sizeof(struct vbe_mode_info) == 256, "ModeInfoBlock");
_Static_assert(offsetof(struct vbe_mode_info, framebuffer) == 40, "ModeInfoBlock");
_Static_assert(offsetof(struct vbe_mode_info, linear_pitch) == 50, "ModeInfoBlock");

static struct boot_video chosen; /* mode BOOT_VIDEO_NONE: stay with text */

static bool vbe_call(uint16_t function, uint32_t buffer, uint16_t ecx, uint16_t ebx) {
    struct bios_regs regs = {.eax = function, .ebx = ebx, .ecx = ecx,
                             .edi = bios_offset(buffer), .es = bios_segment(buffer)};

    bios_call(BIOS_VIDEO, &regs);
    return (regs.eax & 0xffff) == VBE_OK;
}

static bool read_controller(void) {
    memset(VBE_INFO, 0, sizeof(*VBE_INFO));
    memcpy(VBE_INFO->signature, "VBE2", 4);
    return vbe_call(VBE_GET_INFO, LAYOUT_BOUNCE, 0, 0) &&
           memcmp(VBE_INFO->signature, VBE_SIGNATURE, 4) == 0 &&
           VBE_INFO->version >= VBE_VERSION_2;
}

/* True if the component lies within a pixel. */
static bool is_plausible(struct boot_colour colour, uint32_t bits_per_pixel) {
    return colour.width > 0 && colour.position + colour.width <= bits_per_pixel;
}

/* True if the picture fits the card's memory, and that is not the machine's. */
static bool is_placed_well(const struct boot_video *video) {
    uint64_t card_bytes = (uint64_t)VBE_INFO->memory_64kib << 16;

    return video->pitch >= video->width * ((video->bits_per_pixel + 7) / 8) &&
           video->phys >= LOW_MEMORY_END && video->phys + video->size <= UINT32_MAX &&
           (card_bytes == 0 || video->size <= card_bytes) &&
           !memory_is_touched(video->phys, video->size);
}

/* Fills in `video` from the mode information; false if this is no mode that we can use. */
static bool describe(uint16_t mode, struct boot_video *video) {
    const struct vbe_mode_info *m = VBE_MODE_INFO;
    const uint16_t wanted = VBE_SUPPORTED | VBE_COLOUR | VBE_GRAPHICS | VBE_LINEAR;
    bool vbe3 = VBE_INFO->version >= VBE_VERSION_3 && m->linear_pitch != 0;

    if ((m->attributes & wanted) != wanted || m->memory_model != VBE_DIRECT_COLOUR ||
        m->bits_per_pixel < 15 || m->bits_per_pixel > 32)
        return false;
    *video = (struct boot_video){
        .phys = m->framebuffer,
        .mode = BOOT_VIDEO_LINEAR,
        .width = m->width,
        .height = m->height,
        .pitch = vbe3 ? m->linear_pitch : m->pitch,
        .bits_per_pixel = m->bits_per_pixel,
        .vbe_mode = mode,
    };
    video->red = vbe3 ? (struct boot_colour){m->linear_red_position, m->linear_red_width}
                      : (struct boot_colour){m->red_position, m->red_width};
    video->green = vbe3 ? (struct boot_colour){m->linear_green_position, m->linear_green_width}
                        : (struct boot_colour){m->green_position, m->green_width};
    video->blue = vbe3 ? (struct boot_colour){m->linear_blue_position, m->linear_blue_width}
                       : (struct boot_colour){m->blue_position, m->blue_width};
    video->size = (uint64_t)video->pitch * video->height;
    return is_placed_well(video) && is_plausible(video->red, video->bits_per_pixel) &&
           is_plausible(video->green, video->bits_per_pixel) &&
           is_plausible(video->blue, video->bits_per_pixel);
}

/* Goes through the mode list, which may be empty; keeps the deepest mode that is as asked for. */
static void search(uint32_t width, uint32_t height, uint32_t bits) {
    uint32_t list = (uint32_t)VBE_INFO->mode_list_segment * 16 + VBE_INFO->mode_list_offset;

    for (unsigned i = 0; i < VBE_LIST_MAX; i++) {
        uint16_t mode = bios_word(list + i * 2);
        struct boot_video video;

        if (mode == VBE_LIST_END)
            return;
        memset(VBE_MODE_INFO, 0, sizeof(*VBE_MODE_INFO));
        if (!vbe_call(VBE_GET_MODE, LAYOUT_BOUNCE + 0x1000, mode, 0) || !describe(mode, &video))
            continue;
        if (video.width == width && video.height == height && (bits == 0 || video.bits_per_pixel == bits) &&
            video.bits_per_pixel > chosen.bits_per_pixel)
            chosen = video;
    }
}

void video_choose(uint32_t width, uint32_t height, uint32_t bits) {
    trace_step(BOOT_STEP_VIDEO);
    if (width != 0) {
        console_step("video");
        if (read_controller())
            search(width, height, bits);
        if (chosen.mode == BOOT_VIDEO_LINEAR)
            console_printf("%ux%u, %u bits a pixel, at %#x\n", width, height,
                           chosen.bits_per_pixel, (uint32_t)chosen.phys);
        else
            error_warn(ERROR_VIDEO_MODE, width << 16 | height, "%ux%u", width, height);
    }
    trace_step_done(BOOT_STEP_VIDEO, chosen.vbe_mode);
}

const struct boot_video *video_chosen(void) {
    return &chosen;
}

/* Sets the mode. False if the BIOS fails, or claims success and then names a mode of VGA. */
static bool set_mode(uint16_t mode) {
    struct bios_regs regs = {.eax = VBE_CURRENT_MODE};

    if (!vbe_call(VBE_SET_MODE, 0, 0, mode | VBE_MODE_LINEAR))
        return false;
    bios_call(BIOS_VIDEO, &regs);
    return (regs.eax & 0xffff) != VBE_OK || (regs.ebx & VBE_MODE_NUMBER) >= VBE_MODES_FIRST;
}

void video_activate(void) {
    if (chosen.mode == BOOT_VIDEO_LINEAR) {
        if (set_mode(chosen.vbe_mode)) {
            boot_info()->video = chosen;
            memory_claim(chosen.phys, chosen.size, BOOT_MEM_FRAMEBUFFER);
            return;
        }
        console_ensure_text();
        error_warn(ERROR_VIDEO_MODE, chosen.vbe_mode, "mode %#x cannot be set", chosen.vbe_mode);
    }
    console_describe_screen();
}
