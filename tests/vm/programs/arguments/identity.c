/* Rows: users, groups, capabilities, prctl. */
#include "tests/vm/programs/arguments/arguments.h"

static const uint32_t groups[4] = {1, 2, 3, 4};
static const uint32_t version[2] = {0x20080522, 0};
static const uint32_t none[6];

#define PRCTL(name, code, ...) ROW(prctl, name, 0, A_SAME(code), __VA_ARGS__)

static const struct row rows[] = {
    ROW(getuid, "", HARMLESS | NUMBERED)
    ROW(geteuid, "", HARMLESS | NUMBERED)
    ROW(getgid, "", HARMLESS | NUMBERED)
    ROW(getegid, "", HARMLESS | NUMBERED)
    ROW(setuid, "", 0, A_OWNER(1))
    ROW(setgid, "", 0, A_OWNER(1))
    ROW(setreuid, "", 0, A_OWNER(1), A_OWNER(1))
    ROW(setregid, "", 0, A_OWNER(1), A_OWNER(1))
    ROW(setresuid, "", 0, A_OWNER(1), A_OWNER(1), A_OWNER(1))
    ROW(setresgid, "", 0, A_OWNER(1), A_OWNER(1), A_OWNER(1))
    ROW(setfsuid, "", NUMBERED, A_OWNER(1))
    ROW(setfsgid, "", NUMBERED, A_OWNER(1))
    ROW(getresuid, "", HARMLESS, A_OUT(4), A_OUT(4), A_OUT(4))
    ROW(getresgid, "", HARMLESS, A_OUT(4), A_OUT(4), A_OUT(4))
    ROW(getgroups, "", HARMLESS, A_LENGTH(64), A_OUT(4))
    ROW(setgroups, "", 0, A_LENGTH(4), A_IN(groups))
    ROW(capget, "", HARMLESS, A_IN_OUT(version), A_OUT(24))
    ROW(capget, "-query", HARMLESS, A_IN_OUT(version), A_NO_OUT(24))
    ROW(capset, "", 0, A_IN_OUT(version), A_IN(none))
    PRCTL("", 3, A_CHOICE(0), A_SAME(0), A_SAME(0), A_SAME(0))
    ROW(prctl, "-code", 0, A_CHOICE(3), A_SAME(0), A_SAME(0), A_SAME(0), A_SAME(0))
    ROW(prctl, "-code-1", 0, A_CHOICE(3), A_SAME(1), A_SAME(0), A_SAME(0), A_SAME(0))
    PRCTL("-pdeathsig", 1, A_SIGNAL(10))
    PRCTL("-get-pdeathsig", 2, A_OUT(4))
    PRCTL("-dumpable", 4, A_CHOICE(1))
    PRCTL("-name", 15, A_STRING("name"))
    PRCTL("-get-name", 16, A_OUT(16))
    PRCTL("-bounding", 23, A_CHOICE(1))
    PRCTL("-subreaper", 36, A_CHOICE(1))
    PRCTL("-get-subreaper", 37, A_OUT(4))
    PRCTL("-no-new-privs", 38, A_CHOICE(1), A_CHOICE(0), A_CHOICE(0), A_CHOICE(0))
    PRCTL("-get-no-new-privs", 39, A_CHOICE(0), A_CHOICE(0), A_CHOICE(0), A_CHOICE(0))
    PRCTL("-tid-address", 40, A_OUT(8))
    PRCTL("-ambient", 47, A_CHOICE(1), A_CHOICE(1), A_CHOICE(0), A_CHOICE(0))
};

const struct rows identity_rows = ROWS(rows);
