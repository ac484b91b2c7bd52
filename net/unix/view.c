/* /proc/net/unix (proc_net_unix(5)): a line for each socket. */
#include "kernel/view/view.h"
#include "net/unix/unix.h"
#include "net/unix/unix_internal.h"

/* linux/net.h: the state as the socket layer of Linux numbers it; linux/net.h's SO_ACCEPTCON */
enum { SS_UNCONNECTED = 1, SS_CONNECTING = 2, SS_CONNECTED = 3, SS_DISCONNECTING = 4, ACCEPTS = 1 << 16 };

static unsigned state_number(const struct unix_socket *sock, bool open) {
    if (sock->state == UNIX_CONNECTED)
        return open ? SS_CONNECTED : SS_CONNECTING;
    return open ? SS_UNCONNECTED : SS_DISCONNECTING;
}

/* '@' stands for the NULs of an abstract name. */
static void show_name(struct view_buffer *buffer, const struct unix_address *address) {
    uint32_t length = address->length - UNIX_PATH_OFFSET;
    bool abstract = address->bytes[UNIX_PATH_OFFSET] == '\0';
    view_write(buffer, " ", 1);
    for (uint32_t i = 0; i < (abstract ? length : length - 1); i++) {
        char byte = address->bytes[UNIX_PATH_OFFSET + i];
        view_write(buffer, byte ? &byte : "@", 1);
    }
}

static void show_socket(struct unix_socket *sock, void *context) {
    struct view_buffer *buffer = context;
    /* The file's inode lives as long as RCU readers: the table's lock lets nothing be released to the end. */
    const struct file *file = atomic_load(&sock->socket.file);
    const struct unix_address *address = unix_address_of(sock);
    uint32_t references = refcount_read(&sock->socket.refcount) + 1; /* Linux counts the table's, too */
    view_printf(buffer, "%016x: %08X %08X %08X %04X %02X %5llu", 0u, references, 0u,
                sock->state == UNIX_LISTENING ? (unsigned)ACCEPTS : 0u, sock->socket.type,
                state_number(sock, file != NULL), file ? (unsigned long long)file->inode->number : 0ull);
    if (address)
        show_name(buffer, address);
    view_write(buffer, "\n", 1);
}

static void show(struct view_buffer *buffer, void *context) {
    (void)context;
    view_printf(buffer, "Num       RefCount Protocol Flags    Type St Inode Path\n");
    unix_each(show_socket, buffer);
}

static struct view view = {
    .tree = VIEW_PROC,
    .path = "net/unix",
    .help = "AF_UNIX sockets: references, protocol, flags (hexadecimal), type, state, inode, name",
    .show = show,
};

void unix_view_init(void) {
    view_register(&view);
}
