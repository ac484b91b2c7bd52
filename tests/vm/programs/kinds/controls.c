/* ioctl. What only some kinds know is asked of all. */
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/vm/programs/kinds/kinds.h"

#define KD_GET_MODE      0x4b3b
#define VT_GET_STATE     0x5603
#define RANDOM_ENTROPY   0x80045200
#define GET_FLAGS        0x80086601
#define GET_VERSION      0x80087601
#define GET_ATTRIBUTES   0x801c581f
#define DEVICE_SIZE      0x1260
#define GET_BLOCK_SIZE   2
#define UNKNOWN          0x1234

static char room[256];
static int one = 1, zero;

static long result_number(int fd, unsigned long request) {
    int number = -1;
    long result = checked(ioctl(fd, request, &number));
    return result < 0 ? result : number;
}

static long readable(int fd) { return result_number(fd, FIONREAD); }
static long block_size(int fd) { return result_number(fd, GET_BLOCK_SIZE); }
static long discipline(int fd) { return result_number(fd, TIOCGETD); }
static long packet_mode(int fd) { return result_number(fd, 0x80045438 /* TIOCGPKT */); }
static long locked(int fd) { return result_number(fd, 0x80045439 /* TIOCGPTLCK */); }

static long close_on_exec(int fd) {
    long result = checked(ioctl(fd, FIOCLEX));
    return result < 0 ? result : checked(syscall(SYS_fcntl, fd, 1 /* F_GETFD */));
}

#define IOCTL(name, request, argument) RAW("ioctl-" name, PLAIN, ioctl, request, argument)

static const struct call calls[] = {
    MADE("ioctl-fionread", NUMBER, readable)
    IOCTL("fionread-nowhere", FIONREAD, 8)
    IOCTL("fionbio", FIONBIO, ADDRESS(&zero))
    IOCTL("fionbio-nowhere", FIONBIO, 8)
    IOCTL("fioasync", FIOASYNC, ADDRESS(&one))
    IOCTL("fioasync-nowhere", FIOASYNC, 8)
    MADE("ioctl-fioclex", NUMBER, close_on_exec)
    IOCTL("fionclex", FIONCLEX, 0)
    IOCTL("fioqsize", FIOQSIZE, ADDRESS(room))
    MADE("ioctl-figetbsz", NUMBER, block_size)
    IOCTL("fibmap", 1, ADDRESS(&zero))
    IOCTL("getflags", GET_FLAGS, ADDRESS(room))
    IOCTL("getversion", GET_VERSION, ADDRESS(room))
    IOCTL("getattributes", GET_ATTRIBUTES, ADDRESS(room))
    IOCTL("tcgets", TCGETS, ADDRESS(room))
    IOCTL("tcgets-nowhere", TCGETS, 8)
    IOCTL("tcgets2", 0x802c542a, ADDRESS(room))
    IOCTL("tcsets-nowhere", TCSETS, 8)
    IOCTL("tiocgwinsz", TIOCGWINSZ, ADDRESS(room))
    IOCTL("tiocgwinsz-nowhere", TIOCGWINSZ, 8)
    IOCTL("tiocgpgrp", TIOCGPGRP, ADDRESS(room))
    IOCTL("tiocspgrp-nowhere", TIOCSPGRP, 8)
    IOCTL("tiocgsid", TIOCGSID, ADDRESS(room))
    IOCTL("tiocoutq", TIOCOUTQ, ADDRESS(room))
    MADE("ioctl-tiocgetd", NUMBER, discipline)
    IOCTL("tiocmget", TIOCMGET, ADDRESS(room))
    IOCTL("tiocgptn", TIOCGPTN, ADDRESS(room))
    MADE("ioctl-tiocgpkt", NUMBER, packet_mode)
    MADE("ioctl-tiocgptlck", NUMBER, locked)
    IOCTL("tiocgptpeer", 0x5441, 0x102 /* O_RDWR | O_NOCTTY */)
    IOCTL("tiocgdev", 0x80045432, ADDRESS(room))
    IOCTL("tiocgexcl", 0x80045440, ADDRESS(room))
    IOCTL("tcflsh", TCFLSH, 0)
    IOCTL("tcflsh-unknown", TCFLSH, 7)
    IOCTL("tcxonc-unknown", TCXONC, 7)
    IOCTL("tiocsti-nowhere", TIOCSTI, 8)
    IOCTL("tiocgicount", TIOCGICOUNT, ADDRESS(room))
    IOCTL("tiocgserial", TIOCGSERIAL, ADDRESS(room))
    IOCTL("kdgetmode", KD_GET_MODE, ADDRESS(room))
    IOCTL("vt-getstate", VT_GET_STATE, ADDRESS(room))
    IOCTL("rndgetentcnt", RANDOM_ENTROPY, ADDRESS(room))
    IOCTL("siocatmark", 0x8905, ADDRESS(room))
    IOCTL("blkgetsize", DEVICE_SIZE, ADDRESS(room))
    IOCTL("unknown", UNKNOWN, ADDRESS(room))
    IOCTL("unknown-nowhere", 0xffffffff, 8)
    IOCTL("zero", 0, 0)
};

const struct calls ioctl_calls = ALL_OF(calls);
