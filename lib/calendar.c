/* Gregorian calendar: the year is taken to begin in March, so that the leap day comes last. */
#include "lib/calendar.h"

#define DAYS_PER_ERA 146097 /* 400 years */
#define DAYS_TO_EPOCH 719468 /* from 0000-03-01 to 1970-01-01 */
#define SECONDS_PER_DAY 86400

static bool is_leap(uint32_t year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

bool calendar_is_valid(const struct calendar_time *time) {
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (time->year < 1970 || time->month < 1 || time->month > 12 || time->hour > 23 || time->minute > 59 ||
        time->second > 59)
        return false;
    unsigned last = days[time->month - 1] + (time->month == 2 && is_leap(time->year));
    return time->day >= 1 && time->day <= last;
}

int64_t calendar_to_unix(const struct calendar_time *time) {
    int64_t year = (int64_t)time->year - (time->month <= 2);
    int64_t era = year / 400, year_of_era = year % 400;
    int64_t month = (time->month + 9) % 12; /* March is 0 */
    int64_t day_of_year = (153 * month + 2) / 5 + time->day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    int64_t days = era * DAYS_PER_ERA + day_of_era - DAYS_TO_EPOCH;

    return days * SECONDS_PER_DAY + time->hour * 3600 + time->minute * 60 + time->second;
}

void calendar_from_unix(int64_t seconds, struct calendar_time *time) {
    int64_t days = seconds / SECONDS_PER_DAY + DAYS_TO_EPOCH, rest = seconds % SECONDS_PER_DAY;
    int64_t era = days / DAYS_PER_ERA, day_of_era = days % DAYS_PER_ERA;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;

    time->day = (uint8_t)(day_of_year - (153 * month + 2) / 5 + 1);
    time->month = (uint8_t)(month < 10 ? month + 3 : month - 9);
    time->year = (uint32_t)(year_of_era + era * 400 + (time->month <= 2));
    time->hour = (uint8_t)(rest / 3600);
    time->minute = (uint8_t)(rest / 60 % 60);
    time->second = (uint8_t)(rest % 60);
}
