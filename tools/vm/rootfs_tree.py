"""A root filesystem in memory: names and what they are, put together by dpkg's rules."""
import posixpath
import stat
from dataclasses import dataclass

LINKS_MAX = 40


class TreeError(ValueError):
    """A name cannot be what it was to be."""


@dataclass(eq=False)
class Entry:
    """One inode. Names that share it are hard links of each other."""
    mode: int              # type and permissions
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    data: bytes = b""      # of a file, or a link's target
    device: tuple = (0, 0)  # major, minor of a node

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.mode)

    @property
    def target(self) -> str:
        return bytes(self.data).decode("utf-8", "surrogateescape")


def directory(mode: int = 0o755, gid: int = 0, mtime: int = 0) -> Entry:
    return Entry(stat.S_IFDIR | mode, gid=gid, mtime=mtime)


def link(target: str, mtime: int = 0) -> Entry:
    return Entry(stat.S_IFLNK | 0o777, mtime=mtime, data=target.encode("utf-8", "surrogateescape"))


def file(data: bytes, mode: int = 0o644, mtime: int = 0, gid: int = 0) -> Entry:
    return Entry(stat.S_IFREG | mode, gid=gid, mtime=mtime, data=data)


class Tree:
    """{name without leading slash: Entry}; a name's directories are in it too."""

    def __init__(self) -> None:
        self.entries = {}

    def resolve(self, path: str) -> str:
        """`path` with all symbolic links followed, as far as there are such names."""
        done, waiting, links = [], path.split("/"), 0
        while waiting:
            part = waiting.pop(0)
            if part == "..":
                del done[-1:]
                continue
            if part in ("", "."):
                continue
            done.append(part)
            entry = self.entries.get("/".join(done))
            if entry is not None and entry.is_link:
                links += 1
                if links > LINKS_MAX:
                    raise TreeError(f"/{path}: too many symbolic links on the way")
                done = [] if entry.target.startswith("/") else done[:-1]
                waiting = entry.target.split("/") + waiting
        return "/".join(done)

    def place(self, path: str) -> str:
        """`path` with the links among its directories followed, but not its last component."""
        folder, name = posixpath.split(path.strip("/"))
        return posixpath.join(self.resolve(folder), name)

    def find(self, path: str):
        """The entry that `path` leads to, or None."""
        try:
            return self.entries.get(self.resolve(path))
        except TreeError:
            return None

    def has(self, path: str) -> bool:
        return self.find(path) is not None

    def has_name(self, path: str) -> bool:
        """Whether the name itself is there, even as a link to nowhere."""
        return self.place(path) in self.entries

    def _add_parents(self, path: str) -> None:
        folder = posixpath.dirname(path)
        if not folder or folder in self.entries:
            if folder and not self.entries[folder].is_directory:
                raise TreeError(f"/{path}: /{folder} is no directory")
            return
        self._add_parents(folder)
        self.entries[folder] = directory()

    def put(self, path: str, entry: Entry) -> None:
        """Adds a name as dpkg does: a directory, or a link to one, stays what it is when another package has it otherwise."""
        place = self.place(path)
        old = self.entries.get(place)
        if not place or old is not None and self._stays(place, old, entry):
            return
        self._add_parents(place)
        self.entries[place] = entry

    def _stays(self, place: str, old: Entry, new: Entry) -> bool:
        if old.is_directory:
            return new.is_directory or new.is_link
        if old.is_link and new.is_directory:
            return True
        # After merging /bin into /usr/bin, a compatibility link may be its own target.
        folder = "" if new.target.startswith("/") else posixpath.dirname(place)
        return new.is_link and self.place(posixpath.join(folder, new.target)) == place

    def put_new(self, path: str, entry: Entry) -> None:
        """Adds a name unless there is one already."""
        if not self.has_name(path):
            self.put(path, entry)

    def children(self, folder: str) -> list:
        """The names directly below a directory, sorted."""
        prefix = self.resolve(folder) + "/"
        return sorted(path[len(prefix):] for path in self.entries
                      if path.startswith(prefix) and "/" not in path[len(prefix):])

    def newest(self) -> int:
        return max((entry.mtime for entry in self.entries.values()), default=0)

    def content_bytes(self) -> int:
        return sum(len(entry.data) for entry in set(self.entries.values()) if entry.is_file)
