/*
 * The real-time clock (Motorola MC146818 data sheet; IBM AT Technical Reference for the ports): read
 * once at boot for the time of day. It is taken to run in UTC.
 */
#define LOG_TAG "rtc"
#include "kernel/arch/io.h"
#include "kernel/arch/irqflags.h"
#include "kernel/device/device.h"
#include "kernel/firmware/acpi.h"
#include "kernel/log/log.h"
#include "kernel/random/random.h"
#include "kernel/time/clock.h"
#include "lib/calendar.h"
#include "lib/errno.h"
#include "lib/string.h"

enum rtc_register {
    RTC_SECOND = 0x00, RTC_MINUTE = 0x02, RTC_HOUR = 0x04, RTC_DAY = 0x07, RTC_MONTH = 0x08, RTC_YEAR = 0x09,
    RTC_STATUS_A = 0x0a, RTC_STATUS_B = 0x0b, RTC_STATUS_D = 0x0d,
};

#define PORT_INDEX 0u /* bit 7 masks NMI: left clear, NMIs reach the kernel's handler */
#define PORT_DATA 1u
#define A_UPDATING BIT(7)
#define B_24_HOURS BIT(1)
#define B_BINARY BIT(2)
#define D_VALID BIT(7) /* the battery has held */
#define HOUR_PM BIT(7)
#define READ_TRIES 100u
#define UPDATE_WAIT_US 100u
#define UPDATE_WAITS 30u /* an update takes less than 2.3 ms */

static uint8_t cmos_read(const struct device *device, uint8_t index) {
    uint64_t flags = irq_save();
    io_out8((uint16_t)(device->io[0].base + PORT_INDEX), index);
    uint8_t value = io_in8((uint16_t)(device->io[0].base + PORT_DATA));
    irq_restore(flags);
    return value;
}

static uint8_t from_bcd(uint8_t value) {
    return (uint8_t)((value >> 4) * 10 + (value & 0x0f));
}

struct raw_time {
    uint8_t second, minute, hour, day, month, year, century;
};

static struct raw_time read_raw(const struct device *device) {
    const struct acpi_fadt *fadt = acpi_fadt();

    for (unsigned i = 0; i < UPDATE_WAITS && (cmos_read(device, RTC_STATUS_A) & A_UPDATING); i++)
        clock_delay_us(UPDATE_WAIT_US);
    return (struct raw_time){
        .second = cmos_read(device, RTC_SECOND),
        .minute = cmos_read(device, RTC_MINUTE),
        .hour = cmos_read(device, RTC_HOUR),
        .day = cmos_read(device, RTC_DAY),
        .month = cmos_read(device, RTC_MONTH),
        .year = cmos_read(device, RTC_YEAR),
        .century = fadt && fadt->century_index ? cmos_read(device, fadt->century_index) : 0,
    };
}

static struct calendar_time decode(struct raw_time raw, uint8_t status_b) {
    bool pm = !(status_b & B_24_HOURS) && (raw.hour & HOUR_PM);
    uint8_t *fields = &raw.second;

    raw.hour &= (uint8_t)~HOUR_PM;
    for (size_t i = 0; i < sizeof raw && !(status_b & B_BINARY); i++)
        fields[i] = from_bcd(fields[i]);
    if (!(status_b & B_24_HOURS))
        raw.hour = (uint8_t)(raw.hour % 12 + (pm ? 12 : 0));
    uint32_t century = raw.century >= 19 && raw.century <= 29 ? raw.century : raw.year < 70 ? 20 : 19;
    return (struct calendar_time){century * 100 + raw.year, raw.month, raw.day, raw.hour, raw.minute, raw.second};
}

/* Two equal readings in a row were not torn by an update. */
static bool read_time(const struct device *device, struct calendar_time *time) {
    struct raw_time last = read_raw(device);

    for (unsigned i = 0; i < READ_TRIES; i++) {
        struct raw_time raw = read_raw(device);
        if (memcmp(&raw, &last, sizeof raw) == 0) {
            *time = decode(raw, cmos_read(device, RTC_STATUS_B));
            return calendar_is_valid(time);
        }
        last = raw;
    }
    return false;
}

static int rtc_probe(struct device *device) {
    struct calendar_time time;

    if (cmos_read(device, RTC_STATUS_B) == UINT8_MAX)
        return -ENODEV;
    if (!(cmos_read(device, RTC_STATUS_D) & D_VALID))
        log_warn("the battery is empty");
    if (!read_time(device, &time)) {
        log_warn("the clock holds no valid time: it is 1970");
        return 0;
    }
    random_mix(&time, sizeof time);
    clock_realtime_set((uint64_t)calendar_to_unix(&time) * NS_PER_SEC);
    log_info("%04u-%02u-%02u %02u:%02u:%02u UTC", time.year, time.month, time.day, time.hour, time.minute, time.second);
    return 0;
}

static const char *const rtc_ids[] = {"PNP0B00", NULL};

DRIVER(rtc) = {.name = "rtc", .bus = "isa", .ids = rtc_ids, .probe = rtc_probe};
