/*
 * ISA "bus": a table of the fixed devices, less what the firmware denies. Drivers make sure that
 * a device is really there. Ids are those of Plug and Play (PNP BIOS specification, device ids).
 */
#include "drivers/bus/isa.h"

#include "kernel/arch/boot.h"
#include "kernel/device/device.h"
#include "kernel/firmware/acpi.h"

#define NO_IRQ (-1)

/* IBM AT Technical Reference: ports and lines. */
static struct device rtc = {.bus = "isa", .id = "PNP0B00", .name = "rtc", .io = {{0x70, 2}}, .irq = 8};
static struct device com[] = {
    {.bus = "isa", .id = "PNP0501", .name = "com1", .io = {{0x3f8, 8}}, .irq = 4},
    {.bus = "isa", .id = "PNP0501", .name = "com2", .io = {{0x2f8, 8}}, .irq = 3},
    {.bus = "isa", .id = "PNP0501", .name = "com3", .io = {{0x3e8, 8}}, .irq = 4},
    {.bus = "isa", .id = "PNP0501", .name = "com4", .io = {{0x2e8, 8}}, .irq = 3},
};
static struct device vga = {
    .bus = "isa", .id = "PNP0900", .name = "vga", .io = {{0x3c0, 32}}, .memory = {{0xb8000, 0x8000}}, .irq = NO_IRQ,
};
static struct device keyboard = {
    .bus = "isa", .id = "PNP0303", .name = "ps2kbd", .io = {{0x60, 1}, {0x64, 1}}, .irq = 1,
};

void isa_scan(void) {
    const struct acpi_fadt *fadt = acpi_fadt();

    for (unsigned i = 0; i < ARRAY_SIZE(com); i++)
        device_add(&com[i]);
    if (boot_info.video.mode == BOOT_VIDEO_TEXT && (!fadt || fadt->has_vga))
        device_add(&vga);
    if (!fadt || fadt->has_8042)
        device_add(&keyboard);
    if (!fadt || fadt->has_rtc)
        device_add(&rtc);
}
