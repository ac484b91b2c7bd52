/* A path name from a program, with the directory it is relative to: what every *at call begins with. */
#pragma once

#include "fs/vfs/file_table.h"

#define USER_NAME_SMALL 120u

struct user_name {
    const char *text;
    const struct path *start; /* NULL: the working directory */
    struct file_use use;      /* of the directory's descriptor */
    char *allocated;
    char small[USER_NAME_SMALL];
};

/*
 * Copies the name and looks up `directory_fd` (AT_FDCWD; ignored when the name is absolute). An empty
 * name is -ENOENT unless `empty_allowed`. Also -EFAULT, -ENAMETOOLONG, -EBADF, -ENOTDIR, -ENOMEM. After
 * 0, user_name_end must follow.
 */
int user_name_get(struct user_name *name, int directory_fd, const char *user_text, bool empty_allowed);
void user_name_end(struct user_name *name);
