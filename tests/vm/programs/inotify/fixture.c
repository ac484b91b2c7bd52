/* What all of them need. */
#include "tests/vm/programs/inotify/inotify.h"

int in;
char events[65536];

static char text[8192];

static const struct { uint32_t bit; const char *name; } names[] = {
    {IN_ACCESS, "ACCESS"}, {IN_MODIFY, "MODIFY"}, {IN_ATTRIB, "ATTRIB"}, {IN_CLOSE_WRITE, "CLOSEW"},
    {IN_CLOSE_NOWRITE, "CLOSE"}, {IN_OPEN, "OPEN"}, {IN_MOVED_FROM, "FROM"}, {IN_MOVED_TO, "TO"},
    {IN_CREATE, "CREATE"}, {IN_DELETE, "DELETE"}, {IN_DELETE_SELF, "GONE"}, {IN_MOVE_SELF, "MOVED"},
    {IN_UNMOUNT, "UNMOUNT"}, {IN_Q_OVERFLOW, "OVERFLOW"}, {IN_IGNORED, "IGNORED"}, {IN_ISDIR, "dir"},
};

/* All that there is, as "1:OPEN 1:CREATE+dir(name)". Moves get letters for their cookies. */
const char *news(void) {
    uint32_t cookies[26];
    int cookie_count = 0;
    char *at = text;
    *at = '\0';
    ssize_t got;
    while ((got = read(in, events, sizeof events)) > 0) {
        for (char *p = events; p < events + got;) {
            struct inotify_event *event = (void *)p;
            p += sizeof *event + event->len;
            if (at > text + sizeof text - 400)
                continue;
            at += sprintf(at, "%s%d:", at > text ? " " : "", event->wd);
            int first = 1;
            for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
                if (event->mask & names[i].bit) {
                    at += sprintf(at, "%s%s", first ? "" : "+", names[i].name);
                    first = 0;
                }
            if (event->len)
                at += sprintf(at, "(%s)", event->name);
            if (event->cookie) {
                int i = 0;
                while (i < cookie_count && cookies[i] != event->cookie)
                    i++;
                if (i == cookie_count)
                    cookies[cookie_count++] = event->cookie;
                at += sprintf(at, "%c", 'a' + i);
            }
        }
    }
    return text;
}

int make(const char *name) {
    int fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
    OK(fd);
    return fd;
}

void begin(const char *name) {
    section = name;
    in = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    OK(in);
}
