/*
 * adjtimex(2), clock_adjtime(2): the clock's speed and offset, and what a time daemon notes about its quality.
 * An offset, with or without STA_PLL, is worked off at 500 ppm; leap seconds are left to the daemon.
 * Structures: linux/timex.h.
 */
#include "kernel/sys/sys_time.h"

#include "kernel/sync/spinlock.h"
#include "kernel/task/task.h"
#include "kernel/time/adjust.h"
#include "kernel/time/clock_id.h"
#include "lib/errno.h"

enum timex_mode {
    ADJ_OFFSET = 0x1, ADJ_FREQUENCY = 0x2, ADJ_MAXERROR = 0x4, ADJ_ESTERROR = 0x8, ADJ_STATUS = 0x10,
    ADJ_TIMECONST = 0x20, ADJ_TAI = 0x80, ADJ_SETOFFSET = 0x100, ADJ_MICRO = 0x1000, ADJ_NANO = 0x2000,
    ADJ_TICK = 0x4000,
    ADJ_ADJTIME = 0x8000,          /* adjtime(3): with ADJ_OFFSET; no privilege with ADJ_OFFSET_READONLY */
    ADJ_OFFSET_READONLY = 0x2000,
};
enum timex_status { STA_PLL = 0x1, STA_UNSYNC = 0x40, STA_CLOCKERR = 0x1000, STA_NANO = 0x2000, STA_READ_ONLY = 0xff00 };
enum timex_result { TIME_OK = 0, TIME_ERROR = 5 };

#define TICK_US_MIN 9000
#define TICK_US_MAX 11000
#define ERROR_MAX_US 16000000 /* what an unsynchronised clock may be off: NTP_PHASE_LIMIT */
#define CONSTANT_MAX 10
#define CONSTANT_MICRO 4      /* added to a time constant given while the unit is microseconds */
#define CONSTANT_FIRST 2
#define TAI_MAX 100000
#define FREQUENCY_LIMIT (INT64_MAX / 65536000) /* beyond it Linux's arithmetic would overflow: PPM_SCALE */

struct timex_user {
    uint32_t modes, padding0;
    int64_t offset, frequency, max_error, estimated_error;
    int32_t status, padding1;
    int64_t constant, precision, tolerance, seconds, fraction, tick;
    int64_t pps_frequency, pps_jitter;
    int32_t pps_shift, padding2;
    int64_t pps_stability, pps_jitters, pps_calibrations, pps_errors, pps_stabilities;
    int32_t tai, padding3[11];
};
_Static_assert(sizeof(struct timex_user) == 208, "linux/timex.h");

DEFINE_LOCK_CLASS(quality_class, "clock quality");
static struct spinlock quality_lock = SPINLOCK_INIT(quality_class);
static struct {
    int64_t max_error_us, estimated_error_us, constant;
    int32_t status, tai;
} quality = { /* quality_lock */
    .max_error_us = ERROR_MAX_US, .estimated_error_us = ERROR_MAX_US, .constant = CONSTANT_FIRST, .status = STA_UNSYNC,
};

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
    return value < low ? low : value > high ? high : value;
}

/* 0 or -errno. */
static int check(const struct timex_user *timex) {
    bool privileged = cred_has(current_cred(), CAP_SYS_TIME);
    int64_t unit = timex->modes & ADJ_NANO ? (int64_t)NS_PER_SEC : (int64_t)US_PER_SEC;

    if (timex->modes & ADJ_ADJTIME) {
        if (!(timex->modes & ADJ_OFFSET))
            return -EINVAL;
        bool only_asks = (timex->modes & ADJ_OFFSET_READONLY) && !(timex->modes & ADJ_SETOFFSET);
        return only_asks || privileged ? 0 : -EPERM;
    }
    if (timex->modes != 0 && !privileged)
        return -EPERM;
    if ((timex->modes & ADJ_TICK) && (timex->tick < TICK_US_MIN || timex->tick > TICK_US_MAX))
        return -EINVAL;
    if ((timex->modes & ADJ_FREQUENCY) && (timex->frequency > FREQUENCY_LIMIT || timex->frequency < -FREQUENCY_LIMIT))
        return -EINVAL;
    if ((timex->modes & ADJ_SETOFFSET) && (timex->fraction < 0 || timex->fraction >= unit))
        return -EINVAL;
    return 0;
}

static int64_t fraction_ns(int32_t status) {
    return status & STA_NANO ? 1 : (int64_t)NS_PER_US;
}

/* Moves the time of day at once. */
static int jump(const struct timex_user *timex) {
    int64_t delta_ns, fraction = timex->fraction * (timex->modes & ADJ_NANO ? 1 : (int64_t)NS_PER_US);

    if (__builtin_mul_overflow(timex->seconds, (int64_t)NS_PER_SEC, &delta_ns) ||
        __builtin_add_overflow(delta_ns, fraction, &delta_ns) || clock_realtime_step(delta_ns) < 0)
        return -EINVAL;
    realtime_was_set();
    return 0;
}

static void set_quality(const struct timex_user *timex) {
    uint64_t flags = spin_lock_irqsave(&quality_lock);
    if (timex->modes & ADJ_STATUS)
        quality.status = (quality.status & STA_READ_ONLY) | (timex->status & ~STA_READ_ONLY);
    if (timex->modes & ADJ_NANO)
        quality.status |= STA_NANO;
    if (timex->modes & ADJ_MICRO)
        quality.status &= ~STA_NANO;
    if (timex->modes & ADJ_MAXERROR)
        quality.max_error_us = timex->max_error;
    if (timex->modes & ADJ_ESTERROR)
        quality.estimated_error_us = timex->estimated_error;
    if (timex->modes & ADJ_TIMECONST) {
        int64_t constant = clamp(timex->constant, 0, CONSTANT_MAX) + (quality.status & STA_NANO ? 0 : CONSTANT_MICRO);
        quality.constant = clamp(constant, 0, CONSTANT_MAX);
    }
    if ((timex->modes & ADJ_TAI) && timex->constant >= 0 && timex->constant <= TAI_MAX)
        quality.tai = (int32_t)timex->constant;
    spin_unlock_irqrestore(&quality_lock, flags);
}

static void set_speed(const struct timex_user *timex) {
    struct clock_adjustment adjustment = clock_adjustment_read();

    if (timex->modes & ADJ_FREQUENCY)
        adjustment.frequency = clamp(timex->frequency, -ADJUST_FREQUENCY_MAX, ADJUST_FREQUENCY_MAX);
    if (timex->modes & ADJ_TICK)
        adjustment.tick_us = (uint32_t)timex->tick;
    if (timex->modes & (ADJ_FREQUENCY | ADJ_TICK))
        clock_adjustment_set(adjustment);
}

/* The offset in ns; as far as the clock can be asked to work it off. */
static int64_t offset_ns(int64_t offset, int64_t unit_ns) {
    int64_t ns;
    if (__builtin_mul_overflow(offset, unit_ns, &ns))
        return offset < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}

static void set_offset(const struct timex_user *timex) {
    int32_t status = atomic_load_relaxed(&quality.status);
    int64_t limit_ns = (int64_t)NS_PER_SEC / 2; /* MAXPHASE */

    if ((timex->modes & ADJ_OFFSET) && (status & STA_PLL))
        clock_offset_set(clamp(offset_ns(timex->offset, fraction_ns(status)), -limit_ns, limit_ns));
}

/* adjtime(3): the answer is what was left of the last offset. */
static void set_once(struct timex_user *timex) {
    int64_t left_ns = clock_offset_left_ns();

    if (!(timex->modes & ADJ_OFFSET_READONLY))
        clock_offset_set(offset_ns(timex->offset, (int64_t)NS_PER_US));
    timex->offset = left_ns / (int64_t)NS_PER_US;
}

static void describe(struct timex_user *timex) {
    struct clock_adjustment adjustment = clock_adjustment_read();
    uint64_t now_ns = clock_realtime_ns();
    int64_t left_ns = clock_offset_left_ns();
    uint64_t flags = spin_lock_irqsave(&quality_lock);
    int64_t offset = timex->modes & ADJ_ADJTIME ? timex->offset : left_ns / fraction_ns(quality.status);
    *timex = (struct timex_user){
        .modes = timex->modes, .offset = offset, .frequency = adjustment.frequency,
        .max_error = quality.max_error_us, .estimated_error = quality.estimated_error_us, .status = quality.status,
        .constant = quality.constant, .precision = 1, .tolerance = ADJUST_FREQUENCY_MAX, .tick = adjustment.tick_us,
        .seconds = (int64_t)(now_ns / NS_PER_SEC),
        .fraction = (int64_t)(now_ns % NS_PER_SEC) / fraction_ns(quality.status), .tai = quality.tai,
    };
    spin_unlock_irqrestore(&quality_lock, flags);
}

/* enum timex_result, or -errno. */
static int64_t adjust(struct timex_user *timex) {
    int error = check(timex);

    if (error == 0 && (timex->modes & ADJ_SETOFFSET) && !(timex->modes & ADJ_ADJTIME))
        error = jump(timex);
    if (error < 0)
        return error;
    if (timex->modes & ADJ_ADJTIME) {
        set_once(timex);
    } else {
        set_quality(timex);
        set_speed(timex);
        set_offset(timex);
    }
    describe(timex);
    return timex->status & (STA_UNSYNC | STA_CLOCKERR) ? TIME_ERROR : TIME_OK;
}

int64_t sys_adjtimex(struct timex_user __user *timex) {
    struct timex_user copy;

    if (get_user(copy, timex) < 0)
        return -EFAULT;
    int64_t result = adjust(&copy);
    return result >= 0 && put_user(copy, timex) < 0 ? -EFAULT : result;
}

enum { CLOCK_KIND_MASK = 7, CLOCK_OF_DESCRIPTOR = 3 }; /* CPUCLOCK_CLOCK_MASK, CLOCKFD of linux/posix-timers.h */

int64_t sys_clock_adjtime(int clock, struct timex_user __user *timex) {
    if (clock == CLOCK_REALTIME)
        return sys_adjtimex(timex);
    bool by_descriptor = clock < 0 && (clock & CLOCK_KIND_MASK) == CLOCK_OF_DESCRIPTOR; /* there are none */
    bool known = clock < 0 ? !by_descriptor : cpu_clock_is_one(clock) || clock_is_known(clock);
    return known ? -EOPNOTSUPP : -EINVAL;
}
