/* Control messages, between a program's memory and struct socket_control. Layout: cmsg(3), linux/socket.h. */
#include "net/control.h"

#include "fs/vfs/file_table.h"
#include "kernel/mm/slab.h"
#include "kernel/task/task.h"
#include "kernel/vm/uaccess.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "net/socket.h"

#define SOL_SOCKET 1
#define CONTROL_MAX 20480u /* net.core.optmem_max */

enum { SCM_RIGHTS = 1, SCM_CREDENTIALS = 2 };

struct control_header { /* struct cmsghdr */
    uint64_t length;    /* with the header */
    int32_t level, type;
};

static uint64_t control_align(uint64_t length) {
    return ALIGN_UP(length, (uint64_t)8);
}

/* ---- files on their way ---- */

/* Room for `more` files. -EINVAL: too many; -ENOMEM. */
static int rights_grow(struct rights **rights, uint32_t more) {
    uint32_t count = *rights ? (*rights)->count : 0;
    if (count + more > RIGHTS_MAX)
        return -EINVAL;
    struct rights *grown = krealloc(*rights, sizeof *grown + (count + more) * sizeof(struct file *));
    if (!grown)
        return -ENOMEM;
    if (!*rights)
        *grown = (struct rights){.count = 0};
    *rights = grown;
    return 0;
}

struct rights *rights_copy(const struct rights *rights) {
    struct rights *copy = NULL;
    if (rights_grow(&copy, rights->count) != 0)
        return NULL;
    copy->count = rights->count;
    for (uint32_t i = 0; i < rights->count; i++) {
        copy->files[i] = rights->files[i];
        file_get(copy->files[i]);
    }
    return copy;
}

void rights_drop(struct rights *rights) {
    ASSERT(!rights->user);
    for (uint32_t i = 0; i < rights->count; i++)
        file_put(rights->files[i]);
    kfree(rights);
}

/* ---- reading ---- */

/* O_PATH descriptors too. With a reference; NULL: -EBADF. */
static struct file *file_of_descriptor(int descriptor) {
    struct file_use use = file_use_path(descriptor);
    if (use.file && !use.referenced)
        file_get(use.file);
    return use.file;
}

static int add_files(struct socket_control *control, const char *data, uint64_t length) {
    uint64_t count = length / sizeof(int32_t);
    if (count == 0)
        return 0;
    if (count > RIGHTS_MAX)
        return -EINVAL;
    int error = rights_grow(&control->rights, (uint32_t)count);
    if (error)
        return error;
    struct rights *rights = control->rights;
    for (uint64_t i = 0; i < count; i++) {
        int32_t descriptor;
        memcpy(&descriptor, data + i * sizeof descriptor, sizeof descriptor);
        struct file *file = descriptor < 0 ? NULL : file_of_descriptor(descriptor);
        if (!file)
            return -EBADF;
        rights->files[rights->count++] = file;
    }
    return 0;
}

/* May the running thread say that this is who it is? */
static bool may_claim(const struct credentials *claimed) {
    const struct cred *cred = current_cred();
    bool pid_ok = claimed->pid == current_process()->pid->number || cred_has(cred, CAP_SYS_ADMIN);
    bool uid_ok = claimed->uid == cred->uid || claimed->uid == cred->euid || claimed->uid == cred->suid ||
                  cred_has(cred, CAP_SETUID);
    bool gid_ok = claimed->gid == cred->gid || claimed->gid == cred->egid || claimed->gid == cred->sgid ||
                  cred_has(cred, CAP_SETGID);
    return pid_ok && uid_ok && gid_ok;
}

static int set_credentials(struct socket_control *control, const char *data, uint64_t length) {
    struct credentials claimed;
    if (length != sizeof claimed)
        return -EINVAL;
    memcpy(&claimed, data, sizeof claimed);
    if (claimed.uid == UINT32_MAX || claimed.gid == UINT32_MAX)
        return -EINVAL;
    if (!may_claim(&claimed))
        return -EPERM;
    struct pid *pid = pid_find_get(claimed.pid);
    if (!pid)
        return -ESRCH;
    pid_put(pid);
    control->credentials = claimed;
    control->has_credentials = true;
    return 0;
}

static int read_one(struct socket_control *control, const struct control_header *header, const char *data) {
    uint64_t length = header->length - sizeof *header;
    if (header->level != SOL_SOCKET)
        return 0;
    if (header->type == SCM_RIGHTS)
        return add_files(control, data, length);
    if (header->type == SCM_CREDENTIALS)
        return set_credentials(control, data, length);
    return -EINVAL;
}

static int read_all(struct socket_control *control, const char *bytes, uint64_t length) {
    struct control_header header;
    uint64_t at = 0;
    if (length < sizeof header)
        return 0;
    while (at < length) {
        if (length - at < sizeof header)
            return -EINVAL;
        memcpy(&header, bytes + at, sizeof header);
        if (header.length < sizeof header || header.length > length - at)
            return -EINVAL;
        int error = read_one(control, &header, bytes + at + sizeof header);
        if (error)
            return error;
        at += control_align(header.length); /* the last one may end unaligned */
    }
    return 0;
}

int socket_control_get(struct socket_control *control, const void *user, uint64_t length) {
    *control = (struct socket_control){.credentials = CREDENTIALS_NONE};
    if (length == 0)
        return 0;
    if (length > CONTROL_MAX)
        return -ENOBUFS;
    char *bytes = kmalloc(length);
    if (!bytes)
        return -ENOBUFS;
    int error = copy_from_user(bytes, user, length);
    if (!error)
        error = read_all(control, bytes, length);
    kfree(bytes);
    return error;
}

void socket_control_end(struct socket_control *control) {
    if (unlikely(control->rights))
        rights_drop(control->rights);
    control->rights = NULL;
}

/* ---- writing ---- */

/* Takes `size` bytes of the room, and what aligns them, as far as there is. */
static void advance(struct control_room *room, uint64_t size) {
    uint64_t step = MIN(control_align(size), room->left);
    room->at += step;
    room->left -= step;
}

static void put_credentials(struct control_room *room, const struct credentials *credentials) {
    struct {
        struct control_header header;
        struct credentials data;
    } message = {{0, SOL_SOCKET, SCM_CREDENTIALS}, *credentials};
    uint64_t length = sizeof(struct control_header) + sizeof(struct credentials);
    if (message.data.uid == UINT32_MAX)
        message.data.uid = OVERFLOW_ID;
    if (message.data.gid == UINT32_MAX)
        message.data.gid = OVERFLOW_ID;
    if (room->left < sizeof(struct control_header)) {
        room->truncated = true;
        return;
    }
    if (room->left < length) {
        room->truncated = true;
        length = room->left;
    }
    message.header.length = length;
    if (copy_to_user(room->at, &message, length) == 0)
        advance(room, length);
}

/* A descriptor for the file, told at *user: false if there is none to be had. */
static bool give_file(struct file *file, int32_t *user, bool close_on_exec) {
    int descriptor = descriptor_reserve(0, close_on_exec);
    if (descriptor < 0)
        return false;
    if (put_user(descriptor, user) != 0) {
        descriptor_cancel(descriptor);
        return false;
    }
    file_get(file);
    descriptor_install(descriptor, file);
    return true;
}

static void put_files(struct control_room *room, const struct rights *rights, bool close_on_exec) {
    uint64_t fitting = room->left > sizeof(struct control_header)
                           ? (room->left - sizeof(struct control_header)) / sizeof(int32_t)
                           : 0;
    int32_t *numbers = (int32_t *)(uintptr_t)((uintptr_t)room->at + sizeof(struct control_header));
    uint32_t given = 0;
    while (given < rights->count && given < fitting &&
           give_file(rights->files[given], numbers + given, close_on_exec))
        given++;
    if (given > 0) {
        struct control_header header = {sizeof header + given * sizeof(int32_t), SOL_SOCKET, SCM_RIGHTS};
        if (copy_to_user(room->at, &header, sizeof header) == 0)
            advance(room, header.length);
    }
    if (given < rights->count)
        room->truncated = true;
}

void socket_control_put(struct control_room *room, const struct socket *socket, struct socket_control *control,
                        bool close_on_exec) {
    bool pass = socket_has_option(socket, SOCKET_PASS_CREDENTIALS);
    if (!room->at) {
        room->truncated = pass || control->rights;
    } else {
        if (pass)
            put_credentials(room, &control->credentials);
        if (control->rights)
            put_files(room, control->rights, close_on_exec);
    }
    socket_control_end(control);
}
