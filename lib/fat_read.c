/* The FAT32 reader: lib/fat_read.h. */
#include "lib/fat_read.h"

#include "lib/errno.h"
#include "lib/string.h"

#define NO_SECTOR UINT64_MAX

enum {
    ENTRIES_PER_SECTOR = FAT_SECTOR / sizeof(uint32_t),
    DIRENTS_PER_SECTOR = FAT_SECTOR / sizeof(struct fat_dirent)
};

int fat_volume_open(struct fat_volume *volume, fat_read_fn *read, void *context, void *window,
                    uint32_t window_bytes) {
    *volume = (struct fat_volume){
        .read = read, .context = context, .window = window,
        .window_sectors = window_bytes / FAT_SECTOR, .window_start = NO_SECTOR,
        .buffer_sector = NO_SECTOR,
    };
    int error = read(context, 0, 1, volume->buffer);
    if (error)
        return error;
    volume->buffer_sector = 0;
    return fat_geometry_parse((const struct fat_boot_sector *)volume->buffer, &volume->geometry);
}

/* Makes volume->buffer hold `sector`. */
static int load_buffer(struct fat_volume *volume, uint64_t sector) {
    if (volume->buffer_sector == sector)
        return 0;
    volume->buffer_sector = NO_SECTOR;
    int error = volume->read(volume->context, sector, 1, volume->buffer);
    if (!error)
        volume->buffer_sector = sector;
    return error;
}

/* Makes the window hold `sector` of the FAT, with what follows. */
static int load_window(struct fat_volume *volume, uint64_t sector) {
    if (volume->window_start != NO_SECTOR && sector >= volume->window_start &&
        sector - volume->window_start < volume->window_sectors)
        return 0;
    uint64_t rest = volume->geometry.fat_sectors - sector;
    uint32_t count = (uint32_t)MIN(rest, (uint64_t)volume->window_sectors);
    volume->window_start = NO_SECTOR;
    int error = volume->read(volume->context, volume->geometry.fat_start + sector, count,
                             volume->window);
    if (!error)
        volume->window_start = sector;
    return error;
}

/*
 * The cluster after `cluster` (a valid one): 0 if it is the last of its chain, -EUCLEAN if the FAT
 * points outside the volume, to a free or to a bad cluster.
 */
static int next_cluster(struct fat_volume *volume, uint32_t cluster, uint32_t *next) {
    uint32_t fat_sector = cluster / ENTRIES_PER_SECTOR;
    int error = load_window(volume, fat_sector);
    if (error)
        return error;
    uint32_t first = (uint32_t)volume->window_start * ENTRIES_PER_SECTOR;
    uint32_t value = volume->window[cluster - first] & FAT_ENTRY_MASK;
    *next = value >= FAT_ENTRY_END ? 0 : value;
    return *next == 0 ? (value == 0 ? -EUCLEAN : 0)
                      : (fat_cluster_is_valid(&volume->geometry, value) ? 0 : -EUCLEAN);
}

void fat_dir_open(const struct fat_volume *volume, uint32_t first_cluster, struct fat_dir *dir) {
    dir->cluster = first_cluster ? first_cluster : volume->geometry.root_cluster;
    dir->index = 0;
    dir->nseen = 0;
    fat_long_name_reset(&dir->long_name);
}

/* The next raw entry, in volume->buffer until the next read; NULL at the end of the chain. */
static int next_dirent(struct fat_volume *volume, struct fat_dir *dir,
                       const struct fat_dirent **entry) {
    const struct fat_geometry *geometry = &volume->geometry;
    int error = 0;
    *entry = NULL;
    if (dir->index == geometry->cluster_sectors * DIRENTS_PER_SECTOR) {
        error = next_cluster(volume, dir->cluster, &dir->cluster);
        dir->index = 0;
        if (error || dir->cluster == 0)
            return error;
    }
    if (!fat_cluster_is_valid(geometry, dir->cluster) ||
        dir->nseen == FAT_DIRECTORY_MAX_ENTRIES)
        return -EUCLEAN;
    error = load_buffer(volume, fat_cluster_sector(geometry, dir->cluster) +
                                    dir->index / DIRENTS_PER_SECTOR);
    if (error)
        return error;
    const struct fat_dirent *dirents = (const struct fat_dirent *)volume->buffer;
    *entry = &dirents[dir->index % DIRENTS_PER_SECTOR];
    dir->index++;
    dir->nseen++;
    return 0;
}

int fat_dir_next(struct fat_volume *volume, struct fat_dir *dir, struct fat_entry *entry) {
    const struct fat_dirent *raw;
    for (;;) {
        if (dir->cluster == 0)
            return 0;
        int error = next_dirent(volume, dir, &raw);
        if (error)
            return error;
        if (!raw || raw->name[0] == FAT_NAME_END) {
            dir->cluster = 0;
            return 0;
        }
        if (raw->name[0] == FAT_NAME_DELETED)
            fat_long_name_reset(&dir->long_name);
        else if ((raw->attributes & FAT_ATTR_LONG_NAME_MASK) == FAT_ATTR_LONG_NAME)
            fat_long_name_add(&dir->long_name, (const struct fat_long_entry *)raw);
        else if (raw->attributes & FAT_ATTR_VOLUME_ID)
            fat_long_name_reset(&dir->long_name);
        else
            break;
    }
    if (!fat_long_name_finish(&dir->long_name, raw, entry->name))
        fat_short_name_text(raw, entry->name);
    entry->attributes = raw->attributes;
    entry->first_cluster = fat_dirent_cluster(raw);
    entry->size = raw->size;
    return 1;
}

static int find_in_directory(struct fat_volume *volume, uint32_t directory, const char *component,
                             size_t length, struct fat_dir *dir, struct fat_entry *entry) {
    int status;
    fat_dir_open(volume, directory, dir);
    while ((status = fat_dir_next(volume, dir, entry)) > 0) {
        if (fat_name_matches(entry->name, component, length))
            return 0;
    }
    return status < 0 ? status : -ENOENT;
}

int fat_lookup(struct fat_volume *volume, const char *path, struct fat_dir *dir,
               struct fat_entry *entry) {
    uint32_t directory = 0;
    bool found = false;
    for (;;) {
        while (*path == '/')
            path++;
        if (*path == '\0')
            return found ? 0 : -EISDIR;
        if (found && !(entry->attributes & FAT_ATTR_DIRECTORY))
            return -ENOTDIR;
        size_t length = 0;
        while (path[length] != '\0' && path[length] != '/')
            length++;
        int error = find_in_directory(volume, directory, path, length, dir, entry);
        if (error)
            return error;
        directory = entry->first_cluster;
        path += length;
        found = true;
    }
}

void fat_file_open(const struct fat_entry *entry, struct fat_file *file) {
    *file = (struct fat_file){.first_cluster = entry->first_cluster, .size = entry->size};
}

/*
 * Sets *sector to the one that holds the file's position, moving file->cluster on to its cluster.
 * The position advances by at least a byte between two steps along the chain and is bounded by the
 * file's size, so a chain that loops cannot hold us.
 */
static int locate(struct fat_volume *volume, struct fat_file *file, uint64_t *sector) {
    const uint32_t cluster_bytes = volume->geometry.cluster_sectors * FAT_SECTOR;
    const uint32_t offset = file->position & (cluster_bytes - 1);
    int error = 0;
    if (file->position == 0)
        file->cluster = file->first_cluster;
    else if (offset == 0)
        error = next_cluster(volume, file->cluster, &file->cluster);
    if (error)
        return error;
    if (!fat_cluster_is_valid(&volume->geometry, file->cluster))
        return -EUCLEAN;
    *sector = fat_cluster_sector(&volume->geometry, file->cluster) + offset / FAT_SECTOR;
    return 0;
}

/* Sectors from the position to the end of its cluster. */
static uint32_t sectors_in_cluster(const struct fat_volume *volume, const struct fat_file *file) {
    uint32_t used = file->position / FAT_SECTOR & (volume->geometry.cluster_sectors - 1);
    return volume->geometry.cluster_sectors - used;
}

int fat_file_next_run(struct fat_volume *volume, struct fat_file *file, uint32_t max_sectors,
                      uint64_t *sector, uint32_t *nsectors) {
    uint64_t here;
    *nsectors = 0;
    while (file->position < file->size && *nsectors < max_sectors) {
        struct fat_file before = *file;
        int error = locate(volume, file, &here);
        if (error)
            return error;
        if (*nsectors == 0) {
            *sector = here;
        } else if (here != *sector + *nsectors) {
            *file = before;
            break;
        }
        uint32_t rest = file->size - file->position;
        uint32_t step = MIN(sectors_in_cluster(volume, file), max_sectors - *nsectors);
        step = MIN(step, (rest - 1) / FAT_SECTOR + 1);
        *nsectors += step;
        file->position += MIN(step * FAT_SECTOR, rest);
    }
    return 0;
}

/* Reads the bytes up to the next sector boundary, at most nbytes, through the buffer. */
static int read_within_sector(struct fat_volume *volume, struct fat_file *file, uint8_t *to,
                              uint32_t nbytes, uint32_t *nread) {
    uint32_t offset = file->position % FAT_SECTOR;
    uint64_t sector;
    int error = locate(volume, file, &sector);
    if (!error)
        error = load_buffer(volume, sector);
    if (error)
        return error;
    *nread = MIN(nbytes, FAT_SECTOR - offset);
    memcpy(to, volume->buffer + offset, *nread);
    file->position += *nread;
    return 0;
}

static int read_run(struct fat_volume *volume, struct fat_file *file, uint8_t *to,
                    uint32_t max_sectors, uint32_t *nread) {
    uint64_t sector = 0;
    uint32_t nsectors;
    int error = fat_file_next_run(volume, file, max_sectors, &sector, &nsectors);
    if (!error)
        error = volume->read(volume->context, sector, nsectors, to);
    *nread = nsectors * FAT_SECTOR;
    return error;
}

int fat_file_read(struct fat_volume *volume, struct fat_file *file, void *buffer, uint32_t nbytes,
                  uint32_t *nread) {
    uint8_t *to = buffer;
    uint32_t left = MIN(nbytes, file->size - file->position);
    *nread = 0;
    while (left > 0) {
        bool whole = file->position % FAT_SECTOR == 0 && left >= FAT_SECTOR;
        uint32_t step;
        int error = whole ? read_run(volume, file, to, left / FAT_SECTOR, &step)
                          : read_within_sector(volume, file, to, left, &step);
        if (error)
            return error;
        to += step;
        left -= step;
        *nread += step;
    }
    return 0;
}
