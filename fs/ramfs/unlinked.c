/* Files in memory that never had a name: memfd_create and shared memory. */
#include "fs/ramfs/ramfs_internal.h"

#include "fs/vfs/file.h"
#include "lib/errno.h"
#include "lib/errptr.h"

static struct mount *unlinked_mount;

void ramfs_unlinked_init(void) {
    unlinked_mount = mount_internal("tmpfs", NULL, MS_NOSUID | MS_NODEV, NULL);
    ASSERT(!IS_ERR(unlinked_mount));
}

struct file *ramfs_create_unlinked(const char *shown_name, bool sealable) {
    struct inode *inode = ramfs_new_inode(unlinked_mount->super, S_IFREG | 0777u, 0);
    if (IS_ERR(inode))
        return ERR_PTR(PTR_ERR(inode));
    inode_set_owner(inode, NULL, inode->mode);
    inode->link_count = 0;
    if (sealable)
        inode->seals = 0;
    return file_create_on_inode(inode, shown_name, &ramfs_file_ops, O_RDWR | O_LARGEFILE, NULL);
}
