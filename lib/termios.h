/*
 * struct termios and its flags as Linux x86-64 programs pass them to TCGETS and TCSETS
 * (include/uapi/asm-generic/termbits.h; meanings: POSIX Base Definitions ch. 11, termios(3)).
 * The names are the C library's, so a host file includes either this or <termios.h>.
 */
#pragma once

#include <stdint.h>

#define NCCS 19

struct termios {
    uint32_t c_iflag, c_oflag, c_cflag, c_lflag;
    uint8_t c_line;
    uint8_t c_cc[NCCS];
};

_Static_assert(sizeof(struct termios) == 36, "the kernel's struct termios, not the C library's");

/* c_cc; a character of 0 is disabled */
enum {
    VINTR, VQUIT, VERASE, VKILL, VEOF, VTIME, VMIN, VSWTC, VSTART, VSTOP, VSUSP, VEOL, VREPRINT,
    VDISCARD, VWERASE, VLNEXT, VEOL2,
};

/* c_iflag */
#define IGNBRK 0000001u
#define BRKINT 0000002u
#define IGNPAR 0000004u
#define PARMRK 0000010u
#define INPCK 0000020u
#define ISTRIP 0000040u
#define INLCR 0000100u
#define IGNCR 0000200u
#define ICRNL 0000400u
#define IUCLC 0001000u
#define IXON 0002000u
#define IXANY 0004000u
#define IXOFF 0010000u
#define IMAXBEL 0020000u
#define IUTF8 0040000u

/* c_oflag */
#define OPOST 0000001u
#define OLCUC 0000002u
#define ONLCR 0000004u
#define OCRNL 0000010u
#define ONOCR 0000020u
#define ONLRET 0000040u
#define TABDLY 0014000u
#define TAB3 0014000u

/* c_cflag */
#define CBAUD 0010017u
#define B9600 0000015u
#define B38400 0000017u
#define B115200 0010002u
#define CSIZE 0000060u
#define CS5 0000000u
#define CS6 0000020u
#define CS7 0000040u
#define CS8 0000060u
#define CSTOPB 0000100u
#define CREAD 0000200u
#define PARENB 0000400u
#define PARODD 0001000u
#define HUPCL 0002000u
#define CLOCAL 0004000u

/* c_lflag */
#define ISIG 0000001u
#define ICANON 0000002u
#define ECHO 0000010u
#define ECHOE 0000020u
#define ECHOK 0000040u
#define ECHONL 0000100u
#define NOFLSH 0000200u
#define TOSTOP 0000400u
#define ECHOCTL 0001000u
#define ECHOKE 0004000u
#define IEXTEN 0100000u
