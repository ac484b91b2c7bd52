"""./astra usb: writes the image to a USB stick, after making sure that it is one, and verifies it."""
import argparse
import errno
import os
import shlex
import struct
import sys
import tempfile
from pathlib import Path

from vm import blockdev, disk_format, host, usb_write
from vm.blockdev import System

# boot/layout.h: LBA of stage1's one read, in the disk's own sectors; both lead to byte 4096
READ_LBA_AT, STAGE2_AT = 432, 4096
SECTOR_BYTES_BY_LBA = {8: 512, 1: 4096}
STAGE2_MAGIC = b"ASTRAS2\0"  # boot/stage2_header.h
MAGIC_AT = 8

EPILOG = """Refused, always: what is no whole disk, is not removable, is read-only or too small, and a disk of which
anything is mounted, is swap or is used by something on top of it (LVM, LUKS, RAID), in particular the running
system's. --yes answers the question and nothing else: it does not override a refusal."""


def _parse(name: str, arguments: list):
    parser = argparse.ArgumentParser(prog=f"astra {name}", description=__doc__, epilog=EPILOG)
    parser.add_argument("device", nargs="?", metavar="/dev/sdX", help="the stick: the whole disk, not a partition of it")
    parser.add_argument("--list", action="store_true", help="list the removable disks, write nothing")
    parser.add_argument("--image", metavar="FILE", help="write this image instead of building one (raw, qcow2, vmdk, vdi)")
    parser.add_argument("--yes", action="store_true",
                        help="do not ask before writing; also install missing host packages without asking")
    parser.add_argument("--allow-loop", action="store_true",
                        help="for tests: a loop device counts as removable; all other refusals stay")
    options = parser.parse_args(arguments)
    if bool(options.device) == options.list:
        parser.error("give either a device, such as /dev/sdb, or --list")
    return options


def main(name: str, arguments: list) -> int:
    options = _parse(name, arguments)
    if options.list:
        return _list(System())
    _refuse(_examine(System(), options.device), 0, 0, options)  # before minutes of building
    if not options.image:
        host.build(quiet=False)
    with tempfile.TemporaryDirectory(prefix="astra-") as folder:
        return _put(options, Path(options.image or host.IMAGE), Path(folder))


def _list(system: System) -> int:
    disks = system.removable_disks()
    for disk in disks:
        reasons = blockdev.refusals(disk, 0, 0)
        print(f"{disk.path:<14}{blockdev.size_text(disk.size):>10}  {disk.model}"
              + (f"  (not now: {'; '.join(reasons)})" if reasons else ""))
    if not disks:
        print("No removable disk is plugged in.")
    return 0


def _examine(system: System, path: str) -> blockdev.Disk:
    if not os.path.exists(path):
        raise host.HostError(f"{path} does not exist; `./astra usb --list` shows the sticks")
    if not system.device_number(path):
        raise host.HostError(f"{path} is not a block device; `./astra usb --list` shows the sticks")
    try:
        return system.disk(path)
    except LookupError:
        raise host.HostError(f"{path}: the kernel knows no such disk") from None


def _refuse(disk: blockdev.Disk, image_bytes: int, sector_bytes: int, options) -> None:
    reasons = blockdev.refusals(disk, image_bytes, sector_bytes, options.allow_loop)
    if reasons:
        head = f"not writing to {disk.path} ({disk.model}, {blockdev.size_text(disk.size)}):"
        raise host.HostError("\n  ".join([head, *reasons]))


def image_sector_bytes(image: Path) -> int:
    """The sectors that an image is for; an error when it is none of Astra's."""
    with open(image, "rb") as file:
        head = file.read(STAGE2_AT + MAGIC_AT + len(STAGE2_MAGIC))
    if head[510:512] != b"\x55\xaa" or head[STAGE2_AT + MAGIC_AT:] != STAGE2_MAGIC:
        raise host.HostError(f"{image} is not an image of Astra")
    lba = struct.unpack_from("<Q", head, READ_LBA_AT)[0]
    if lba not in SECTOR_BYTES_BY_LBA:
        raise host.HostError(f"{image}: stage1 would read stage2 from LBA {lba}")
    return SECTOR_BYTES_BY_LBA[lba]


def _put(options, source: Path, folder: Path) -> int:
    image = source
    if disk_format.detect(source) != "raw":
        image = folder / "raw.img"
        disk_format.copy_raw(source, image)
    size, sector_bytes = image.stat().st_size, image_sector_bytes(image)
    disk = _examine(System(), options.device)
    _refuse(disk, size, sector_bytes, options)
    print(f"{disk.path}: {disk.model}, {blockdev.size_text(disk.size)} ({disk.size} bytes)", file=sys.stderr)
    if disk.sector_bytes > sector_bytes:
        print(f"Its sectors have {disk.sector_bytes} bytes, the image is made for {sector_bytes}: Astra starts from it, "
              "but other systems will not find the partition (mkimage --sector-size).", file=sys.stderr)
    if not os.access(disk.path, os.W_OK):
        raise host.HostError(f"only the administrator may write to {disk.path}. This does it:\n"
                             f"  {_as_administrator(source, options)}")
    if not options.yes and not _confirmed(disk):
        print("astra: nothing was written", file=sys.stderr)
        return 1
    return _write_and_verify(image, size, sector_bytes, disk, options)


def _as_administrator(source: Path, options) -> str:
    words = ["sudo", str(host.ROOT / "astra"), "usb", options.device, "--image", str(source.absolute())]
    return " ".join(shlex.quote(word) for word in words + (["--yes"] if options.yes else []))


def _confirmed(disk: blockdev.Disk) -> bool:
    print(f"Everything on it will be lost. Type {disk.name} (or yes) to write: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip() in (disk.name, disk.path, "yes")


def _open(disk: blockdev.Disk) -> int:
    """O_EXCL: the kernel refuses when anything, in any mount namespace, has claimed the disk or a part of it."""
    try:
        return os.open(disk.path, os.O_RDWR | os.O_EXCL | os.O_CLOEXEC)
    except OSError as error:
        why = "something uses it" if error.errno == errno.EBUSY else error.strerror
        raise host.HostError(f"cannot open {disk.path}: {why}") from error


def _write_and_verify(image: Path, size: int, sector_bytes: int, disk: blockdev.Disk, options) -> int:
    device = _open(disk)
    try:
        with open(image, "rb") as file:
            again = _examine(System(), disk.path)
            _refuse(again, size, sector_bytes, options)
            if again != disk or f"{os.major(os.fstat(device).st_rdev)}:{os.minor(os.fstat(device).st_rdev)}" != disk.number:
                raise host.HostError(f"{disk.path} is not the disk that it was before the question")
            usb_write.write(file, device, size)
            file.seek(0)
            how = usb_write.verify(file, device, size, disk.sector_bytes)
        reread = usb_write.reread_table(device)
    except usb_write.Mismatch as mismatch:
        raise host.HostError(f"{disk.path} does not give back what was written, from byte {mismatch} on: "
                             "a failing stick, or one that claims to be larger than it is") from mismatch
    except OSError as error:
        raise host.HostError(f"{disk.path}: {error.strerror or error}; what is on it now is incomplete") from error
    except KeyboardInterrupt:
        print(f"\nastra: interrupted; what is on {disk.path} now is incomplete", file=sys.stderr)
        raise
    finally:
        os.close(device)
    print(f"{disk.path}: {size} bytes written and verified ({how})."
          + ("" if reread else " The kernel keeps its old partition table until the stick is plugged in again."))
    return 0
