/*
 * The ramfs archive: the kernel's first root, a cpio archive on the boot partition.
 */
#pragma once

/*
 * Step: loads `path` to the top of memory, checks it and fills in boot_info's ramfs fields. An
 * empty path means none; a missing file is a warning. Does not return if the file is damaged.
 */
void ramfs_load(const char *path);
