/* The order in which devices come up: consoles are joined before the buses find what they are made of. */
#include "drivers/drivers.h"

#include "drivers/acpi/power.h"
#include "drivers/bus/isa.h"
#include "drivers/bus/loader.h"
#include "drivers/char/char_devices.h"
#include "kernel/device/device.h"
#include "kernel/input/input.h"
#include "kernel/tty/vt_terminal.h"

void drivers_init(void) {
    device_init();
    char_devices_init();
    input_init();
    vt_terminal_init();  /* waits for a display and keyboards */
    acpi_power_init();
    loader_scan();
    isa_scan();
}
