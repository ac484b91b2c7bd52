/* Rows: the machine. */
#include "tests/vm/programs/arguments/arguments.h"

static const uint64_t nothing_to_adjust[26]; /* struct timex, of which modes is 0 */

#define MAGIC1 0xfee1dead
#define MAGIC2 672274793

static const struct row rows[] = {
    ROW(uname, "", HARMLESS, A_OUT(390))
    ROW(sysinfo, "", HARMLESS, A_OUT(112))
    ROW(sethostname, "", 0, A_DATA_IN(4), A_LENGTH(4))
    ROW(setdomainname, "", 0, A_DATA_IN(4), A_LENGTH(4))
    ROW(getrandom, "", HARMLESS | NUMBERED, A_DATA_OUT(16), A_LENGTH(16), A_FLAGS(0))
    ROW(syslog, "", HARMLESS, A_CHOICE(10), A_SAME(0), A_SAME(0))
    ROW(syslog, "-read", 0, A_SAME(3), A_DATA_OUT(16), A_LENGTH(16))
    ROW(adjtimex, "", 0, A_IN_OUT(nothing_to_adjust))
    ROW(clock_adjtime, "", 0, A_CHOICE(0), A_IN_OUT(nothing_to_adjust))
    ROW(ioprio_get, "", HARMLESS | NUMBERED, A_CHOICE(1), A_PID(0))
    ROW(ioprio_set, "", 0, A_CHOICE(1), A_PID(0), A_LENGTH(2 << 13))
    ROW(vhangup, "", 0)
    ROW(reboot, "", 0, A_CHOICE(MAGIC1), A_SAME(MAGIC2), A_SAME(0), A_NO_IN(8))
    ROW(reboot, "-magic", 0, A_SAME(MAGIC1), A_CHOICE(MAGIC2), A_SAME(0), A_NO_IN(8))
    ROW(ioperm, "", 0, A_LENGTH(0x80), A_LENGTH(1), A_CHOICE(0))
    ROW(ioperm, "-allow", 0, A_LENGTH(0x80), A_LENGTH(1), A_CHOICE(1))
    ROW(iopl, "", 0, A_CHOICE(0))
    ROW(reboot, "-command", 0, A_SAME(MAGIC1), A_SAME(MAGIC2), A_CHOICE(0), A_NO_IN(8))
};

const struct rows system_rows = ROWS(rows);
