/* Dates of the Gregorian calendar and seconds since 1970-01-01 00:00:00 UTC. Pure; any context. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct calendar_time {
    uint32_t year;  /* 1970.. */
    uint8_t month;  /* 1..12 */
    uint8_t day;    /* 1..31 */
    uint8_t hour, minute, second;
};

/* Is it a date and a time that exist? (No leap seconds.) */
bool calendar_is_valid(const struct calendar_time *time);
/* `time` must be valid. */
int64_t calendar_to_unix(const struct calendar_time *time);
void calendar_from_unix(int64_t seconds, struct calendar_time *time); /* seconds >= 0 */
