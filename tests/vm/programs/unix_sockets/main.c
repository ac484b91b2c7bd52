/*
 * AF_UNIX sockets, checked the same on Linux and on Astra: prints "ok NAME" for each part or what is wrong.
 */
#include "tests/vm/programs/unix_sockets/unix_sockets.h"

static const struct part parts[] = {
    {"creating", creating}, {"stream bytes", stream_bytes}, {"stream waits", stream_waits},
    {"full buffers", full_buffers}, {"closing", closing}, {"shutting down", shutting_down},
    {"datagrams", datagrams}, {"datagram peers", datagram_peers}, {"many messages", many_messages},
    {"names", names}, {"connections", connections}, {"backlogs", backlogs}, {"permissions", permissions}, {"options", options},
    {"time limits", time_limits}, {"signals", signals}, {"passing files", passing_files}, {"refused files", refused_files},
    {"passing credentials", passing_credentials}, {"circles", circles}, {"listener circles", listener_circles},
    {"too many in flight", too_many_in_flight}, {"edges", edges}, {"sending a file", sending_a_file},
    {"proc view", proc_view}, {"several", several}, {"bulk", bulk},
};
int main(int argc, char **argv) {
    struct rlimit limit = {4096, 4096};
    signal(SIGPIPE, on_signal);
    umask(022);
    setvbuf(stdout, NULL, _IOLBF, 0);
    getrlimit(RLIMIT_NOFILE, &limit);
    return run_parts(parts, sizeof parts / sizeof parts[0], argc > 1 ? argv[1] : NULL);
}
