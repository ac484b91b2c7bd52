/* The loader's "bus": what it left running, in boot_info's own terms. VGA text is the ISA bus's. */
#include "drivers/bus/loader.h"

#include "kernel/arch/boot.h"
#include "kernel/device/device.h"

#define NO_IRQ (-1)

static struct device framebuffer = {.bus = "loader", .id = "framebuffer", .name = "framebuffer", .irq = NO_IRQ};

void loader_scan(void) {
    const struct boot_video *video = &boot_info.video;

    if (video->mode != BOOT_VIDEO_LINEAR)
        return;
    framebuffer.memory[0].base = video->phys;
    framebuffer.memory[0].length = video->size;
    device_add(&framebuffer);
}
