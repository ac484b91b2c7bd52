/*
 * Capabilities across changes of user numbers and across exec, as capabilities(7), credentials(7) and prctl(2) have it:
 * which are kept, which are lost, which come back. The same on Linux, as root, where set-user-ID bits count. "ok NAME" a part.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/fsuid.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/programs/parts.h"

enum {
    CAP_CHOWN = 0, CAP_DAC_OVERRIDE = 1, CAP_DAC_READ_SEARCH = 2, CAP_FOWNER = 3, CAP_FSETID = 4, CAP_KILL = 5, CAP_SETPCAP = 8,
    CAP_LINUX_IMMUTABLE = 9, CAP_MKNOD = 27, CAP_MAC_OVERRIDE = 32,
};
enum { NO_ROOT = 1, NO_SETUID_FIXUP = 4, KEEP_CAPS = 0x10, NO_AMBIENT_RAISE = 0x40 };
#define BIT(capability) (1ull << (capability))
#define FILE_SET (BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_FOWNER) | BIT(CAP_FSETID) | \
                  BIT(CAP_LINUX_IMMUTABLE) | BIT(CAP_MKNOD) | BIT(CAP_MAC_OVERRIDE))
#define USER 1000
#define VERSION_3 0x20080522

struct state {
    uint32_t uid, euid, suid, gid, egid, sgid;
    uint64_t effective, permitted, inheritable, ambient;
    int secure_bits, secure, dumpable, death_signal, persona;
};

static char place[4096]; /* where programs with set-user-ID bits may stand */
static uint64_t bounding;

/* ---- the sets ---- */

static int get_sets(struct state *s) {
    uint32_t header[2] = {VERSION_3}, data[6];
    if (syscall(SYS_capget, header, data) != 0)
        return -1;
    s->effective = data[0] | (uint64_t)data[3] << 32;
    s->permitted = data[1] | (uint64_t)data[4] << 32;
    s->inheritable = data[2] | (uint64_t)data[5] << 32;
    return 0;
}

static int set_sets(uint64_t effective, uint64_t permitted, uint64_t inheritable) {
    uint32_t header[2] = {VERSION_3}, data[6] = {
        (uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable,
        (uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32),
    };
    return (int)syscall(SYS_capset, header, data);
}

static uint64_t numbers_set(int option, int argument) {
    uint64_t set = 0;
    for (int capability = 0; capability < 64; capability++)
        if (prctl(option, argument >= 0 ? argument : capability, argument >= 0 ? capability : 0, 0, 0) == 1)
            set |= BIT(capability);
    return set;
}

static struct state state_now(void) {
    struct state s;
    getresuid(&s.uid, &s.euid, &s.suid);
    getresgid(&s.gid, &s.egid, &s.sgid);
    get_sets(&s);
    s.ambient = numbers_set(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET);
    s.secure_bits = prctl(PR_GET_SECUREBITS);
    s.secure = (int)getauxval(AT_SECURE);
    s.dumpable = prctl(PR_GET_DUMPABLE);
    prctl(PR_GET_PDEATHSIG, &s.death_signal);
    s.persona = personality(0xffffffff);
    return s;
}

static int raise_ambient(int capability) {
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
}

/* ---- children ---- */

static char program[4200]; /* what run_as_child executes; empty: it tells what it is itself */

/* What `changes`, then the program, make of a child. All zero if they fail: it returns 0 for good. */
static struct state after(int (*changes)(void), const char *name) {
    struct state s = {0};
    int ends[2], status;
    pipe(ends);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        int failed = changes ? changes() : 0;
        if (failed)
            printf("%s: change %d failed (errno %d)\n", part, failed, errno);
        if (failed)
            _exit(1);
        if (name) {
            dup2(ends[1], 1);
            snprintf(program, sizeof program, "%s%s", place, name);
            execl(program, program, "state", NULL);
            _exit(2);
        }
        s = state_now();
        _exit(write(ends[1], &s, sizeof s) != sizeof s);
    }
    close(ends[1]);
    if (read(ends[0], &s, sizeof s) != sizeof s)
        s = (struct state){.uid = 12345};
    close(ends[0]);
    waitpid(pid, &status, 0);
    CHECK(status == 0);
    return s;
}

/* A copy of this program. */
static void copy_program(const char *name, uid_t uid, gid_t gid, mode_t mode) {
    static char bytes[1 << 16];
    int from = open("/proc/self/exe", O_RDONLY);
    ssize_t count;
    snprintf(program, sizeof program, "%s%s", place, name);
    unlink(program);
    int to = open(program, O_WRONLY | O_CREAT, 0700);
    CHECK(from >= 0 && to >= 0);
    while ((count = read(from, bytes, sizeof bytes)) > 0)
        CHECK(write(to, bytes, (size_t)count) == count);
    close(from), close(to);
    CHECK(chown(program, uid, gid) == 0 && chmod(program, mode) == 0);
}

static int become_user(void) {
    return setresgid(USER, USER, USER) != 0 || setresuid(USER, USER, USER) != 0;
}

/* ---- changes of user numbers ---- */

static int raise_and_become_user(void) {
    struct state s;
    if (get_sets(&s) != 0 || set_sets(s.effective, s.permitted, BIT(CAP_KILL)) != 0 || raise_ambient(CAP_KILL) != 0)
        return 1;
    return become_user();
}

static void root_becomes_a_user(void) {
    struct state s = after(raise_and_become_user, NULL);
    CHECK(s.permitted == 0 && s.effective == 0 && s.ambient == 0 && s.inheritable == BIT(CAP_KILL));
    CHECK(s.dumpable == 0);
}

static int keep(void) {
    return prctl(PR_SET_KEEPCAPS, 1) != 0 ? 1 : raise_and_become_user();
}

static void kept_capabilities(void) {
    struct state s = after(keep, NULL);
    CHECK(s.permitted == bounding && s.effective == 0 && s.ambient == 0 && s.secure_bits == KEEP_CAPS);
    s = after(keep, "plain");
    CHECK(s.permitted == 0 && s.effective == 0 && s.secure_bits == 0 && s.secure == 0 && s.uid == USER);
}

static int leave(void) {
    return setresuid(-1, USER, -1);
}
static int leave_and_return(void) {
    return leave() != 0 || setresuid(-1, 0, -1) != 0;
}
static int with_less_leave_and_return(void) {
    return set_sets(BIT(CAP_SETPCAP) | BIT(7), bounding & ~BIT(CAP_KILL), 0) != 0 || leave_and_return() != 0;
}

static void effective_user(void) {
    struct state s = after(leave, NULL);
    CHECK(s.permitted == bounding && s.effective == 0);
    s = after(leave_and_return, NULL);
    CHECK(s.permitted == bounding && s.effective == bounding);
    s = after(with_less_leave_and_return, NULL);
    CHECK(s.permitted == (bounding & ~BIT(CAP_KILL)) && s.effective == s.permitted);
}

static int touch_files_as_user(void) {
    return setfsuid(USER) != 0;
}
static int touch_files_as_root(void) {
    return setfsuid(USER) != 0 || setfsuid(0) != USER;
}
static int set_all_again(void) {
    return setfsuid(USER) != 0 || setresuid(0, 0, 0) != 0;
}

static void user_of_files(void) {
    struct state s = after(touch_files_as_user, NULL);
    CHECK(s.effective == (bounding & ~FILE_SET) && s.permitted == bounding);
    s = after(touch_files_as_root, NULL);
    CHECK(s.effective == bounding);
    s = after(set_all_again, NULL); /* the effective user has not changed */
    CHECK(s.effective == (bounding & ~FILE_SET));
}

static int no_fixup(void) {
    return prctl(PR_SET_SECUREBITS, NO_SETUID_FIXUP) != 0 ? 1 : raise_and_become_user();
}
static int no_fixup_of_files(void) {
    return prctl(PR_SET_SECUREBITS, NO_SETUID_FIXUP) != 0 || setfsuid(USER) != 0;
}

static void without_fixup(void) {
    struct state s = after(no_fixup, NULL);
    CHECK(s.permitted == bounding && s.effective == bounding && s.ambient == BIT(CAP_KILL));
    s = after(no_fixup, "plain");
    CHECK(s.permitted == BIT(CAP_KILL) && s.effective == BIT(CAP_KILL) && s.secure == 0);
    s = after(no_fixup_of_files, NULL);
    CHECK(s.effective == bounding);
}

static int lock_bits(void) {
    return prctl(PR_SET_SECUREBITS, KEEP_CAPS << 1 | NO_AMBIENT_RAISE) != 0 || prctl(PR_SET_KEEPCAPS, 1) == 0 || errno != EPERM ||
           prctl(PR_SET_SECUREBITS, 0) == 0 || errno != EPERM || prctl(PR_SET_SECUREBITS, 0x100000 | KEEP_CAPS << 1) == 0 ||
           set_sets(bounding, bounding, BIT(CAP_KILL)) != 0 || raise_ambient(CAP_KILL) == 0 || errno != EPERM;
}

static void locked_bits(void) {
    CHECK(after(lock_bits, NULL).secure_bits == (KEEP_CAPS << 1 | NO_AMBIENT_RAISE));
}

/* ---- what capset allows ---- */

static int inherit_more(void) {
    uint64_t less = bounding & ~(BIT(CAP_KILL) | BIT(CAP_SETPCAP));
    if (set_sets(bounding, bounding & ~BIT(CAP_KILL), BIT(CAP_KILL)) == 0 || errno != EPERM) /* effective beyond permitted */
        return 1;
    if (prctl(PR_CAPBSET_DROP, CAP_MKNOD) != 0 || set_sets(bounding, bounding, BIT(CAP_MKNOD)) == 0 || errno != EPERM)
        return 2; /* outside the bounding set */
    if (set_sets(less | BIT(CAP_SETPCAP), less | BIT(CAP_SETPCAP), 0) != 0)
        return 3;
    if (set_sets(less | BIT(CAP_SETPCAP), less | BIT(CAP_SETPCAP), BIT(CAP_KILL)) != 0)
        return 4; /* CAP_SETPCAP: not permitted, but inheritable */
    if (set_sets(less, less, BIT(CAP_KILL)) != 0)
        return 5; /* it stays */
    if (set_sets(less, less, BIT(CAP_KILL) | BIT(CAP_SETPCAP)) == 0 || errno != EPERM)
        return 6;
    return set_sets(less | BIT(CAP_KILL), less | BIT(CAP_KILL), BIT(CAP_KILL)) == 0;
}

static int ambient_goes_too(void) {
    return set_sets(bounding, bounding, BIT(CAP_KILL)) != 0 || raise_ambient(CAP_KILL) != 0 || set_sets(bounding, bounding, 0) != 0;
}

static void what_may_be_set(void) {
    CHECK(after(inherit_more, NULL).inheritable == BIT(CAP_KILL));
    CHECK(after(ambient_goes_too, NULL).ambient == 0);
}

/* ---- exec ---- */

static int with_ambient(void) {
    if (prctl(PR_SET_KEEPCAPS, 1) != 0 || become_user() != 0)
        return 1;
    return set_sets(BIT(CAP_KILL), BIT(CAP_KILL) | BIT(CAP_CHOWN), BIT(CAP_KILL)) != 0 || raise_ambient(CAP_KILL) != 0;
}

static void a_user_executes(void) {
    struct state s = after(with_ambient, "plain");
    CHECK(s.permitted == BIT(CAP_KILL) && s.effective == BIT(CAP_KILL) && s.ambient == BIT(CAP_KILL) && s.secure == 0);
    CHECK(s.dumpable == 1);
    s = after(with_ambient, "setuid");
    CHECK(s.uid == USER && s.euid == 0 && s.suid == 0 && s.permitted == bounding && s.effective == bounding);
    CHECK(s.ambient == 0 && s.inheritable == BIT(CAP_KILL) && s.secure == 1 && s.dumpable == 0);
    s = after(with_ambient, "setgid");
    CHECK(s.gid == USER && s.egid == 7 && s.sgid == 7 && s.permitted == 0 && s.ambient == 0 && s.secure == 1);
    s = after(with_ambient, "owned"); /* set-user-ID of who runs it */
    CHECK(s.euid == USER && s.secure == 0 && s.ambient == BIT(CAP_KILL));
}

static int as_set_user(void) {
    return set_sets(bounding, bounding, BIT(CAP_KILL)) != 0 || setresgid(USER, USER, USER) != 0 || setresuid(USER, 0, 0) != 0 ||
           raise_ambient(CAP_KILL) != 0;
}
static int as_left(void) {
    return setresuid(0, USER, 0);
}

static void a_set_user_executes(void) {
    struct state s = after(as_set_user, "plain"); /* its user is still not who runs it */
    CHECK(s.uid == USER && s.euid == 0 && s.permitted == bounding && s.effective == bounding && s.secure == 1 && s.ambient == 0);
    s = after(as_left, "plain");
    CHECK(s.uid == 0 && s.euid == USER && s.permitted == bounding && s.effective == 0 && s.secure == 1);
}

static int with_less(void) {
    return set_sets(BIT(CAP_KILL), BIT(CAP_KILL), BIT(CAP_KILL));
}
static int without_root(void) {
    return prctl(PR_SET_SECUREBITS, NO_ROOT) != 0;
}
static int bounded(void) {
    return prctl(PR_CAPBSET_DROP, CAP_CHOWN) != 0 || prctl(PR_CAPBSET_DROP, CAP_KILL) != 0 ||
           set_sets(bounding, bounding, 0) != 0;
}
static int inheritable_then_bounded(void) {
    return set_sets(bounding, bounding, BIT(CAP_KILL)) != 0 || prctl(PR_CAPBSET_DROP, CAP_KILL) != 0;
}

static void root_executes(void) {
    struct state s = after(NULL, "plain");
    CHECK(s.permitted == bounding && s.effective == bounding && s.secure == 0 && s.dumpable == 1);
    s = after(with_less, "plain"); /* all come back; others may not look at what it was */
    CHECK(s.permitted == bounding && s.effective == bounding && s.dumpable == 0);
    s = after(without_root, "plain");
    CHECK(s.permitted == 0 && s.effective == 0 && s.secure == 0 && s.secure_bits == NO_ROOT);
    s = after(bounded, "plain");
    CHECK(s.permitted == (bounding & ~(BIT(CAP_CHOWN) | BIT(CAP_KILL))) && s.effective == s.permitted);
    s = after(inheritable_then_bounded, "plain");
    CHECK(s.permitted == bounding && s.effective == bounding);
}

/* ---- no_new_privs ---- */

static int give_up(void) {
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}
static int user_gives_up(void) {
    return with_ambient() != 0 || give_up() != 0;
}
static int root_with_less_gives_up(void) {
    return with_less() != 0 || give_up() != 0;
}
static int set_user_gives_up(void) {
    return as_set_user() != 0 || give_up() != 0;
}

static void no_new_privileges(void) {
    struct state s = after(user_gives_up, "setuid");
    CHECK(s.euid == USER && s.permitted == BIT(CAP_KILL) && s.secure == 0);
    s = after(root_with_less_gives_up, "plain");
    CHECK(s.uid == 0 && s.permitted == BIT(CAP_KILL) && s.effective == BIT(CAP_KILL));
    s = after(set_user_gives_up, "plain");
    CHECK(s.uid == USER && s.euid == USER && s.suid == USER && s.permitted == bounding && s.secure == 1 && s.dumpable == 0);
}

/* ---- what else new rights take away ---- */

static int with_habits(void) {
    return become_user() != 0 || prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || personality(ADDR_NO_RANDOMIZE | 1) < 0;
}

static void habits(void) {
    struct state s = after(with_habits, "plain");
    CHECK(s.death_signal == SIGTERM && (s.persona & ADDR_NO_RANDOMIZE));
    s = after(with_habits, "setuid");
    CHECK(s.death_signal == 0 && !(s.persona & ADDR_NO_RANDOMIZE));
}

static const struct part parts[] = {
    PART(root_becomes_a_user), PART(kept_capabilities), PART(effective_user), PART(user_of_files), PART(without_fixup),
    PART(locked_bits), PART(what_may_be_set), PART(a_user_executes), PART(a_set_user_executes), PART(root_executes),
    PART(no_new_privileges), PART(habits),
};

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "state") == 0) {
        struct state s = state_now();
        return write(1, &s, sizeof s) != sizeof s;
    }
    setvbuf(stdout, NULL, _IONBF, 0);
    ssize_t length = readlink("/proc/self/exe", place, sizeof place - 1);
    if (length <= 0)
        return 2;
    strrchr(place, '/')[1] = 0;
    bounding = numbers_set(PR_CAPBSET_READ, -1);
    part = "copies";
    copy_program("plain", 0, 0, 0755);
    copy_program("setuid", 0, 0, 04755);
    copy_program("setgid", 0, 7, 02755);
    copy_program("owned", USER, USER, 04755);
    int status = run_parts(parts, sizeof parts / sizeof parts[0], argc > 1 ? argv[1] : NULL);
    static const char *const names[] = {"plain", "setuid", "setgid", "owned"};
    for (int i = 0; i < 4; i++) {
        snprintf(program, sizeof program, "%s%s", place, names[i]);
        unlink(program);
    }
    return status;
}
