"""Debian packages unpacked into a tree without root and without the disk: dpkg-deb gives the tar archives,
owners, modes, device nodes and links go into the tree as they are."""
import fnmatch
import stat
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

from vm import host
from vm.rootfs_tree import Entry, Tree, TreeError

# What is left out unless kept: {name: (patterns, patterns of what stays all the same)}.
CLASSES = {
    "docs": (("usr/share/doc/*", "usr/share/info/*", "usr/share/lintian/*", "usr/share/bug/*", "usr/share/doc-base/*"),
             ("usr/share/doc/*/copyright",)),
    "man": (("usr/share/man/*",), ()),
    "locales": (("usr/share/locale/*", "usr/lib/locale/*"), ("usr/lib/locale/C.*",)),
}
TYPES = {tarfile.CHRTYPE: stat.S_IFCHR, tarfile.BLKTYPE: stat.S_IFBLK, tarfile.FIFOTYPE: stat.S_IFIFO,
         tarfile.DIRTYPE: stat.S_IFDIR, tarfile.SYMTYPE: stat.S_IFLNK}


class Filter:
    """Says which paths are left out."""

    def __init__(self, classes=(), patterns=()) -> None:
        self._out = [pattern.strip("/") for pattern in patterns]
        self._stay = []
        for name in classes:
            self._out += CLASSES[name][0]
            self._stay += CLASSES[name][1]

    def leaves_out(self, path: str, is_link: bool) -> bool:
        if is_link and fnmatch.fnmatchcase(path, "usr/share/doc/*") and path.count("/") == 3:
            return False  # one package's terms that are another's
        return (any(fnmatch.fnmatchcase(path, pattern) or path.startswith(pattern + "/") for pattern in self._out)
                and not any(fnmatch.fnmatchcase(path, pattern) for pattern in self._stay))


@dataclass
class Package:
    """What the control archive of a package says."""
    fields: dict
    control: str                            # the control file's text
    scripts: dict = field(default_factory=dict)  # {"postinst": text, ...}

    @property
    def name(self) -> str:
        return self.fields["Package"]


def _tar(path: Path, what: str):
    """The members of one of a package's two archives, as a stream."""
    process = subprocess.Popen([host.need("dpkg-deb"), f"--{what}-tarfile", str(path)], stdout=subprocess.PIPE)
    try:
        with process.stdout, tarfile.open(fileobj=process.stdout, mode="r|") as archive:
            for member in archive:
                yield archive, member
    except tarfile.TarError as error:
        raise host.HostError(f"{path.name} cannot be read: {error}") from error
    finally:
        process.stdout.close()
        failed = process.wait() > 0
    if failed:
        raise host.HostError(f"dpkg-deb cannot read {path.name}")


def parse_control(text: str) -> dict:
    """The fields of a control file, continuation lines joined."""
    fields, name = {}, None
    for line in text.splitlines():
        if line[:1] in (" ", "\t") and name:
            fields[name] += "\n" + line.strip()
        elif ":" in line:
            name, _, value = line.partition(":")
            fields[name] = value.strip()
    return fields


def read_control(path: Path) -> Package:
    texts = {}
    for archive, member in _tar(path, "ctrl"):
        if member.isfile():
            texts[member.name.removeprefix("./")] = archive.extractfile(member).read().decode("utf-8", "replace")
    control = texts.pop("control", "")
    fields = parse_control(control)
    if "Package" not in fields:
        raise host.HostError(f"{path.name} names no package")
    return Package(fields, control, texts)


def _entry(archive, member) -> Entry:
    permissions = member.mode & 0o7777
    if member.isfile():
        return Entry(stat.S_IFREG | permissions, member.uid, member.gid, int(member.mtime),
                     archive.extractfile(member).read())
    if member.type not in TYPES:
        raise TreeError(f"/{member.name}: a tar member of unknown type {member.type!r}")
    device = (member.devmajor, member.devminor) if member.isdev() and not member.isfifo() else (0, 0)
    data = member.linkname.encode("utf-8", "surrogateescape") if member.issym() else b""
    return Entry(TYPES[member.type] | permissions, member.uid, member.gid, int(member.mtime), data, device)


def unpack(path: Path, tree: Tree, chosen: Filter) -> None:
    """Puts the files of a package into `tree`."""
    try:
        for archive, member in _tar(path, "fsys"):
            name = member.name.removeprefix("./").strip("/")
            if name in ("", ".") or chosen.leaves_out(name, member.issym()):
                continue
            if member.islnk():
                target = tree.find(member.linkname.removeprefix("./"))
                if target is None:
                    raise TreeError(f"/{name}: a hard link to nothing")
                tree.put(name, target)
            else:
                tree.put(name, _entry(archive, member))
    except TreeError as error:
        raise host.HostError(f"{path.name}: {error}") from error
