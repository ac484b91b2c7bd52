"""Writing an image to an open block device, and proving that it is there."""
import errno
import fcntl
import mmap
import os
import sys
import time

CHUNK = 4 << 20
REPORT_EVERY_S = 0.5
BLKRRPART = 0x125f  # linux/fs.h: re-read the partition table
BLKFLSBUF = 0x1261  # linux/fs.h: write back and forget what is cached of the device


class Mismatch(Exception):
    """The device does not give back what was written."""


class Progress:
    """One line on a terminal, rewritten; elsewhere one line for each quarter."""

    def __init__(self, verb: str, total: int) -> None:
        self._verb, self._total = verb, total
        self._started = self._shown = time.monotonic()
        self._quarter = 0
        self._live = sys.stderr.isatty()

    def update(self, done: int) -> None:
        now = time.monotonic()
        finished = done >= self._total
        if self._live:
            if finished or now - self._shown >= REPORT_EVERY_S:
                self._shown = now
                print("\r" + self._line(done, now), end="\n" if finished else "", file=sys.stderr, flush=True)
        elif 4 * done // self._total > self._quarter:
            self._quarter = 4 * done // self._total
            print(self._line(done, now), file=sys.stderr, flush=True)

    def _line(self, done: int, now: float) -> str:
        rate = done / 1e6 / max(now - self._started, 1e-3)
        percent = 100 * done // self._total
        return f"{self._verb:<10}{percent:3d} %  {done} of {self._total} bytes  {rate:.1f} MB/s "


def write(image, device: int, size: int) -> None:
    """Copies `size` bytes. Each piece is flushed to the medium, so the progress shown is true."""
    progress = Progress("writing", size)
    done = 0
    while done < size:
        piece = image.read(min(CHUNK, size - done))
        if not piece:
            raise OSError(errno.EIO, "the image became shorter while it was read")
        view = memoryview(piece)
        while view:
            view = view[os.write(device, view):]
        os.fdatasync(device)
        done += len(piece)
        progress.update(done)
    os.fsync(device)


def verify(image, device: int, size: int, sector_bytes: int) -> str:
    """Reads the device again and compares; says how the cache was avoided. `image` stands at its start."""
    _forget_cache(device)
    try:
        direct = os.open(f"/proc/self/fd/{device}", os.O_RDONLY | os.O_DIRECT)
        how = "read past the cache, O_DIRECT"
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        direct = os.open(f"/proc/self/fd/{device}", os.O_RDONLY)
        how = "the cache dropped before, BLKFLSBUF"
    try:
        _compare(image, direct, size, sector_bytes)
    finally:
        os.close(direct)
    return how


def _compare(image, device: int, size: int, sector_bytes: int) -> None:
    progress = Progress("verifying", size)
    with mmap.mmap(-1, CHUNK) as buffer:  # page-aligned, as O_DIRECT wants it
        done = 0
        while done < size:
            expected = image.read(min(CHUNK, size - done))
            whole_sectors = len(expected) + -len(expected) % sector_bytes
            count = os.preadv(device, [memoryview(buffer)[:whole_sectors]], done)
            if buffer[:len(expected)] != expected or count < len(expected):
                raise Mismatch(done + _first_difference(buffer[:count], expected))
            done += len(expected)
            progress.update(done)


def _first_difference(found: bytes, expected: bytes) -> int:
    pairs = enumerate(zip(found, expected))
    return next((offset for offset, (one, other) in pairs if one != other), min(len(found), len(expected)))


def _forget_cache(device: int) -> None:
    os.posix_fadvise(device, 0, 0, os.POSIX_FADV_DONTNEED)
    try:
        fcntl.ioctl(device, BLKFLSBUF)
    except OSError:
        pass  # not the administrator: O_DIRECT alone does it


def reread_table(device: int) -> bool:
    """Whether the kernel took the new partition table (a loop device without partitions refuses)."""
    try:
        fcntl.ioctl(device, BLKRRPART)
        return True
    except OSError:
        return False
