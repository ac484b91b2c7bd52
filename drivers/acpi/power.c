/* ACPI 6.4 §4.8.3.2 (PM1 control), §4.8.3.6 (reset register), §16.1 (entering S5). */
#define LOG_TAG "acpi"
#include "drivers/acpi/power.h"

#include "kernel/arch/cpu.h"
#include "kernel/arch/io.h"
#include "kernel/device/power.h"
#include "kernel/firmware/acpi.h"
#include "kernel/log/log.h"
#include "kernel/mm/kernel_map.h"
#include "kernel/time/clock.h"

#define PM1_SCI_ENABLED BIT(0)
#define PM1_SLEEP_TYPE_SHIFT 10u
#define PM1_SLEEP_TYPE_MASK (7u << PM1_SLEEP_TYPE_SHIFT)
#define PM1_SLEEP_ENABLE BIT(13)
#define ENABLE_WAIT_US 1000u
#define ENABLE_WAITS 300u  /* firmware may take its time to hand over */
#define WAIT_FOR_OFF_US 500000u
#define WAIT_FOR_RESET_US 100000u

/* Bochs' shutdown port takes this word (bochs iodev/unmapped.cc). */
#define BOCHS_SHUTDOWN_PORT 0x8900u
#define BOCHS_DEBUG_PORT 0xe9u /* reads as its own number on Bochs and QEMU's debug console */

static bool is_io(const struct acpi_address *address) {
    return address->space == ACPI_SPACE_IO && address->address != 0 && address->address <= UINT16_MAX;
}

/* From legacy mode, where the firmware handles power events itself, to ACPI mode. */
static void enable_acpi(const struct acpi_fadt *fadt) {
    uint16_t control = (uint16_t)fadt->pm1a_control.address;

    if (io_in16(control) & PM1_SCI_ENABLED || !fadt->smi_command_port || !fadt->acpi_enable)
        return;
    io_out8((uint16_t)fadt->smi_command_port, fadt->acpi_enable);
    for (unsigned i = 0; i < ENABLE_WAITS && !(io_in16(control) & PM1_SCI_ENABLED); i++)
        clock_delay_us(ENABLE_WAIT_US);
}

static void enter_sleep(const struct acpi_address *control, uint8_t type) {
    uint16_t port = (uint16_t)control->address;
    uint16_t value = (uint16_t)((io_in16(port) & ~PM1_SLEEP_TYPE_MASK) | (uint32_t)type << PM1_SLEEP_TYPE_SHIFT);

    io_out16(port, value);
    io_out16(port, (uint16_t)(value | PM1_SLEEP_ENABLE));
}

static void acpi_off(void) {
    const struct acpi_fadt *fadt = acpi_fadt();
    struct acpi_sleep_type type;

    if (!acpi_soft_off_type(&type) || !is_io(&fadt->pm1a_control))
        return;
    enable_acpi(fadt);
    enter_sleep(&fadt->pm1a_control, type.a);
    if (is_io(&fadt->pm1b_control))
        enter_sleep(&fadt->pm1b_control, type.b);
    clock_delay_us(WAIT_FOR_OFF_US);
    log_warn("soft-off had no effect");
}

static volatile uint8_t *reset_memory; /* where the reset register is memory: mapped at boot, for any context */

static void acpi_reset(void) {
    const struct acpi_fadt *fadt = acpi_fadt();

    if (reset_memory)
        *reset_memory = fadt->reset_value;
    else if (is_io(&fadt->reset))
        io_out8((uint16_t)fadt->reset.address, fadt->reset_value);
    clock_delay_us(WAIT_FOR_RESET_US);
}

static void emulator_off(void) {
    if (io_in8(BOCHS_DEBUG_PORT) != BOCHS_DEBUG_PORT)
        return;
    for (const char *word = "Shutdown"; *word; word++)
        io_out8(BOCHS_SHUTDOWN_PORT, (uint8_t)*word);
}

static struct power_method acpi_method = {.name = "acpi", .off = acpi_off};
static struct power_method emulator_method = {.name = "emulator", .off = emulator_off};

void acpi_power_init(void) {
    const struct acpi_fadt *fadt = acpi_fadt();

    if (fadt) {
        if (fadt->reset_supported && fadt->reset.space == ACPI_SPACE_MEMORY && fadt->reset.address)
            reset_memory = kernel_map_device(fadt->reset.address, 1, MAP_UNCACHED);
        if (fadt->reset_supported && (reset_memory || is_io(&fadt->reset)))
            acpi_method.reset = acpi_reset;
        power_register(&acpi_method);
    }
    power_register(&emulator_method);
}
