"""What the kernel tells about a block device, and why an image must not be written to it.

Only reading: sysfs for the device and what is stacked on it, /proc for mounts and swap. Device numbers are
"major:minor" strings, as sysfs writes them. Linux Documentation/ABI/stable/sysfs-block, proc(5)."""
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

SECTOR_BYTES = 512  # of sysfs' `size`, whatever the disk's own sectors are
SYSTEM_MOUNTS = {"/", "/boot", "/boot/efi", "/usr", "/var", "/home"}
SWAP = "swap"


@dataclass(frozen=True)
class Use:
    """Something that uses a part of the disk now. `place`: a mount point, `SWAP`, or "" for a device on top."""
    device: str
    place: str

    def __str__(self) -> str:
        if self.place == SWAP:
            return f"{self.device} is swap space of the running system"
        if self.place in SYSTEM_MOUNTS:
            return f"{self.device} holds the running system: mounted at {self.place}"
        return f"{self.device} is mounted at {self.place}" if self.place else f"{self.device} is in use on top of it"


@dataclass(frozen=True)
class Disk:
    """One whole disk, or a partition (then `whole` names its disk)."""
    path: str
    name: str
    number: str
    sequence: str  # counts insertions of media, where the kernel has it
    model: str
    size: int
    sector_bytes: int
    removable: bool
    read_only: bool
    loop: bool
    whole: str
    uses: tuple


class System:
    """Where sysfs and procfs are; tests bring folders of their own."""

    def __init__(self, sysfs: Path = Path("/sys"), procfs: Path = Path("/proc")) -> None:
        self._sysfs, self._procfs = sysfs, procfs

    def device_number(self, path: str) -> str:
        """"major:minor" of a block device's node, "" for anything else."""
        try:
            info = os.stat(path)
        except OSError:
            return ""
        return f"{os.major(info.st_rdev)}:{os.minor(info.st_rdev)}" if stat.S_ISBLK(info.st_mode) else ""

    def disk(self, path: str) -> Disk:
        """Facts about the block device at `path`; LookupError when sysfs does not know it."""
        number = self.device_number(path)
        link = self._sysfs / "dev" / "block" / number
        if not number or not link.exists():
            raise LookupError(path)
        folder = link.resolve()
        return Disk(path=path, name=folder.name, number=number, sequence=_text(folder / "diskseq"),
                    model=_model(folder), size=_number(folder / "size") * SECTOR_BYTES,
                    sector_bytes=_number(folder / "queue" / "logical_block_size") or SECTOR_BYTES,
                    removable=_text(folder / "removable") == "1", read_only=_text(folder / "ro") == "1",
                    loop=(folder / "loop").is_dir() or number.startswith("7:"),
                    whole=folder.parent.name if (folder / "partition").exists() else "",
                    uses=tuple(self._uses(folder)))

    def removable_disks(self) -> list:
        """The removable disks that have a medium in them."""
        folders = sorted((self._sysfs / "block").iterdir())
        names = [folder.name for folder in folders
                 if _text(folder / "removable") == "1" and _number(folder / "size") > 0]
        disks = []
        for name in names:
            try:
                disks.append(self.disk("/dev/" + name.replace("!", "/")))
            except LookupError:
                pass  # pulled out meanwhile, or without a node
        return disks

    def _stack(self, folder: Path, seen: dict) -> dict:
        """{number: name} of the device, its partitions and everything stacked on them (LVM, LUKS, RAID)."""
        number = _text(folder / "dev")
        if number in seen:
            return seen
        seen[number] = folder.name
        for partition in sorted(folder.glob("*/partition")):
            self._stack(partition.parent, seen)
        for holder in sorted((folder / "holders").glob("*")):
            self._stack((self._sysfs / "class" / "block" / holder.name).resolve(), seen)
        return seen

    def _uses(self, folder: Path):
        stack = self._stack(folder, {})
        found = []
        for number, source, place in self._mounts():
            name = stack.get(number) or stack.get(self.device_number(source))
            if name:
                found.append(Use(name, place))
        for path in self._swaps():
            name = stack.get(self.device_number(path))
            if name:
                found.append(Use(name, SWAP))
        members = {folder.name} | {path.parent.name for path in folder.glob("*/partition")}
        busy = {use.device for use in found} | members
        return found + [Use(_mapper_name(self._sysfs, name), "") for name in stack.values() if name not in busy]

    def _mounts(self):
        """(number, source, mount point) of each mount; sources that are no paths come as ""."""
        for line in _text(self._procfs / "self" / "mountinfo").splitlines():
            left, _, right = line.partition(" - ")
            fields, source = left.split(), right.split()[1]
            yield fields[2], _unescape(source) if source.startswith("/") else "", _unescape(fields[4])

    def _swaps(self):
        for line in _text(self._procfs / "swaps").splitlines()[1:]:
            yield _unescape(line.split()[0])


def refusals(disk: Disk, image_bytes: int, image_sector_bytes: int, allow_loop: bool = False) -> list:
    """Every reason against writing; none of them can be overridden."""
    reasons = [str(use) for use in disk.uses]
    if disk.whole:
        reasons.append(f"it is a partition; the image goes on the whole disk, {disk.whole}")
    elif not disk.removable and not (disk.loop and allow_loop):
        reasons.append("it is not removable: its medium is fixed, says the kernel (also of hard disks on USB)")
    if disk.read_only:
        reasons.append("it is read-only; some sticks and cards have a switch")
    if disk.size == 0:
        reasons.append("there is no medium in it")
    elif disk.size < image_bytes:
        reasons.append(f"it has {disk.size} bytes, the image {image_bytes}")
    if disk.sector_bytes < image_sector_bytes:
        reasons.append(f"its sectors have {disk.sector_bytes} bytes, and the image is made for sectors of "
                       f"{image_sector_bytes}")
    return reasons


def size_text(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def _number(path: Path) -> int:
    text = _text(path)
    return int(text) if text.isdigit() else 0


def _model(folder: Path) -> str:
    parts = [_text(folder / "device" / name) for name in ("vendor", "model")]
    text = " ".join(filter(None, parts)) or _text(folder / "device" / "name") or _text(folder / "loop" / "backing_file")
    return re.sub(r"[^ -~]", "?", text) or "unknown model"


def _mapper_name(sysfs: Path, name: str) -> str:
    """dm-0 with the name that people gave it."""
    given = _text(sysfs / "class" / "block" / name / "dm" / "name")
    return f"{name} ({given})" if given else name


def _unescape(text: str) -> str:
    """The octal escapes of mountinfo and swaps."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
