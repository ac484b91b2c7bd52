"""Adding members to a ramfs archive (cpio newc), the way mkimage lays it out: file data on 4 KiB
boundaries by padding names with NULs, a checksum member last."""
import os
import posixpath
import stat
import zlib
from pathlib import Path

PAGE = 4096
HEADER = 110
ALIGN = 4
LINKS_MAX = 40
CHECKSUM_NAME = b".astra-checksum"
TRAILER_NAME = b"TRAILER!!!"


def empty() -> bytes:
    """An archive of nothing, to be appended to."""
    return _member(TRAILER_NAME, 0, b"", 0, 0)


class CpioError(ValueError):
    """The archive is not one."""


def _padding(length: int, align: int) -> int:
    return -length % align


def _member(name: bytes, mode: int, data: bytes, offset: int, inode: int, data_align: int = PAGE) -> bytes:
    """One member that starts at `offset` of the archive; a file's data on a multiple of `data_align`."""
    name_field = name + b"\0"
    if stat.S_ISREG(mode) and len(data) > 0:
        name_field += b"\0" * _padding(offset + HEADER + len(name_field), data_align)
    fields = [inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name_field), 0]
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    head = header + name_field
    head += b"\0" * _padding(len(head), ALIGN)
    return head + data + b"\0" * _padding(len(data), ALIGN)


def _content_end(archive: bytes) -> tuple:
    """Offset of the checksum member or the trailer, {name: link target or None}, the largest inode number."""
    offset, names, inode = 0, {}, 0
    while True:
        header = archive[offset:offset + HEADER]
        if len(header) < HEADER or header[:6] != b"070701":
            raise CpioError(f"no member header at offset {offset}")
        fields = [int(header[6 + 8 * i:14 + 8 * i], 16) for i in range(13)]
        size, name_size = fields[6], fields[11]
        name = archive[offset + HEADER:offset + HEADER + name_size].rstrip(b"\0")
        if name in (CHECKSUM_NAME, TRAILER_NAME):
            return offset, names, inode
        data_at = offset + HEADER + name_size
        data_at += _padding(data_at, ALIGN)
        names[name.strip(b"/")] = archive[data_at:data_at + size] if stat.S_ISLNK(fields[1]) else None
        inode = max(inode, fields[0])
        offset = data_at + size
        offset += _padding(offset, ALIGN)


class Appender:
    """Collects new members behind the old ones. Linux skips the long names that `data_align` of a page makes."""

    def __init__(self, archive: bytes, data_align: int = PAGE) -> None:
        self._data_align = data_align
        end, self._names, self._inode = _content_end(archive)
        self._archive = bytearray(archive[:end])

    def _resolve(self, name: str) -> str:
        """`name` with the archive's symbolic links on the way to its last component followed."""
        done, waiting = [], name.strip("/").split("/")
        for _ in range(LINKS_MAX):
            while waiting:
                done.append(waiting.pop(0))
                link = self._names.get(os.fsencode("/".join(done))) if waiting else None
                if link is not None:
                    break
            else:
                return "/".join(done)
            target = os.fsdecode(link)
            start = [] if target.startswith("/") else done[:-1]
            path = posixpath.normpath("/".join(["/", *start, target])).strip("/")
            done, waiting = [], path.split("/") + waiting
        raise CpioError(f"{name}: too many symbolic links on the way")

    def _append(self, name: str, mode: int, data: bytes) -> None:
        self._inode += 1
        encoded = os.fsencode(self._resolve(name))
        self._archive += _member(encoded, mode, data, len(self._archive), self._inode, self._data_align)
        self._names[encoded] = data if stat.S_ISLNK(mode) else None

    def _has(self, name: str) -> bool:
        return os.fsencode(self._resolve(name)) in self._names

    def add_parents(self, name: str) -> None:
        parts = name.strip("/").split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            if not self._has(folder):
                self._append(folder, stat.S_IFDIR | 0o755, b"")

    def add_bytes(self, name: str, data: bytes, mode: int = 0o644) -> None:
        self.add_parents(name)
        self._append(name, stat.S_IFREG | mode, data)

    def add_host(self, source: Path, target: str) -> None:
        """A host file, symbolic link or folder (with what is in it)."""
        info = source.lstat()
        if stat.S_ISLNK(info.st_mode) and not source.exists():
            raise CpioError(f"{source}: the link leads nowhere")
        if source.is_dir():
            self.add_parents(target)
            if not self._has(target):
                self._append(target, stat.S_IFDIR | 0o755, b"")
            for child in sorted(source.iterdir()):
                self._add_child(child, f"{target.rstrip('/')}/{child.name}")
        else:
            self.add_bytes(target, source.read_bytes(), source.stat().st_mode & 0o7777)

    def _add_child(self, child: Path, target: str) -> None:
        if child.is_symlink():
            self._append(target, stat.S_IFLNK | 0o777, os.fsencode(os.readlink(child)))
        else:
            self.add_host(child, target)

    def finish(self) -> bytes:
        checksum = b"crc32 %08x\n" % zlib.crc32(self._archive)
        offset = len(self._archive)
        head = CHECKSUM_NAME + b"\0"
        fields = [self._inode + 1, stat.S_IFREG | 0o444, 0, 0, 1, 0, len(checksum), 0, 0, 0, 0, len(head), 0]
        member = b"070701" + b"".join(b"%08X" % field for field in fields) + head
        member += b"\0" * _padding(offset + len(member), ALIGN)
        self._archive += member + checksum
        self._archive += b"\0" * _padding(len(self._archive), ALIGN)
        self._archive += _member(TRAILER_NAME, 0, b"", len(self._archive), 0)
        return bytes(self._archive)
