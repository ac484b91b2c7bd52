"""A tree as a cpio archive (newc), written and read. What the kernel can use in place begins on a page
boundary; hard links are members with one inode number, the data with the last of them."""
import stat
import zlib

from vm.cpio import ALIGN, CHECKSUM_NAME, HEADER, PAGE, TRAILER_NAME, CpioError
from vm.rootfs_tree import Entry, Tree

FIELDS = 13
SIZE_LIMIT = 1 << 32  # eight hexadecimal digits


class _Writer:
    """An archive that grows; a file or a bytearray that can write()."""

    def __init__(self, sink) -> None:
        self._sink, self.offset, self.crc = sink, 0, 0

    def _write(self, data) -> None:
        self._sink.write(data)
        self.crc = zlib.crc32(data, self.crc)
        self.offset += len(data)

    def member(self, name: bytes, entry: Entry, inode: int, links: int, with_data: bool = True) -> None:
        data = entry.data if with_data else b""
        if len(data) >= SIZE_LIMIT:
            raise CpioError(f"{name!r} is too large for a cpio archive")
        name_field = name + b"\0"
        if len(data) >= PAGE and stat.S_ISREG(entry.mode):  # shorter ones are copied anyway
            name_field += bytes(-(self.offset + HEADER + len(name_field)) % PAGE)
        fields = [inode, entry.mode, entry.uid, entry.gid, links, entry.mtime, len(data), 0, 0, *entry.device,
                  len(name_field), 0]
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name_field
        self._write(head + bytes(-(self.offset + len(head)) % ALIGN))
        self._write(data)
        self._write(bytes(-self.offset % ALIGN))


def write(tree: Tree, sink) -> None:
    """Writes `tree`, its checksum and the trailer; the same tree gives the same bytes."""
    writer = _Writer(sink)
    newest = tree.newest()
    names = {}
    for path, entry in sorted(tree.entries.items()):
        names.setdefault(entry, []).append(path)
    numbers = {entry: number for number, entry in enumerate(names, 1)}
    for path, entry in sorted(tree.entries.items()):
        links = 2 if entry.is_directory else len(names[entry])
        last = entry.is_directory or names[entry][-1] == path
        writer.member(path.encode("utf-8", "surrogateescape"), entry, numbers[entry], links, last)
    checksum = Entry(stat.S_IFREG | 0o444, mtime=newest, data=b"crc32 %08x\n" % writer.crc)
    writer.member(CHECKSUM_NAME, checksum, len(numbers) + 1, 1)
    writer.member(TRAILER_NAME, Entry(0), 0, 1)


def read(archive) -> Tree:
    """The tree of an archive, whose bytes it refers to."""
    tree, links, offset = Tree(), {}, 0
    view = memoryview(archive)
    while True:
        header = bytes(view[offset:offset + HEADER])
        try:
            if len(header) < HEADER or header[:6] != b"070701":
                raise ValueError
            fields = [int(header[6 + 8 * i:14 + 8 * i], 16) for i in range(FIELDS)]
        except ValueError:
            raise CpioError(f"no member header at byte {offset}") from None
        inode, mode, uid, gid, nlink, mtime, size = fields[:7]
        name = bytes(view[offset + HEADER:offset + HEADER + fields[11]]).rstrip(b"\0")
        start = offset + HEADER + fields[11]
        start += -start % ALIGN
        if start + size > len(view):
            raise CpioError(f"the archive ends inside {name!r}")
        if name == TRAILER_NAME:
            return tree
        if name != CHECKSUM_NAME:
            entry = Entry(mode, uid, gid, mtime, view[start:start + size], (fields[9], fields[10]))
            if nlink > 1 and stat.S_ISREG(mode):
                first = links.setdefault((inode, fields[7], fields[8]), entry)
                first.data, entry = entry.data or first.data, first
            path = name.decode("utf-8", "surrogateescape").strip("/")
            if path not in ("", "."):
                tree.entries[path.removeprefix("./")] = entry
        offset = start + size
        offset += -offset % ALIGN
