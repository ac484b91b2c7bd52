"""Formats of disk images: existing ones are recognised by their first bytes, new ones made as their name says."""
import os
import shutil
import subprocess
from pathlib import Path

from vm import host

# (offset, bytes): the signatures of the formats' own specifications
SIGNATURES = {
    "qcow2": (0, b"QFI\xfb"),
    "vmdk": (0, b"KDMV"),
    "vdi": (0x40, bytes.fromhex("7f10dabe")),
}
FORMATS = ("raw", *SIGNATURES)


def detect(path: Path) -> str:
    """The format of the image at `path`; what has no signature is raw."""
    with open(path, "rb") as file:
        head = file.read(512)
    for name, (offset, signature) in SIGNATURES.items():
        if head[offset:offset + len(signature)] == signature:
            return name
    return "raw"


def by_name(name: str) -> str:
    """The format that a file's name promises; raw for any other name."""
    suffix = Path(name).suffix.lstrip(".").lower()
    return suffix if suffix in SIGNATURES else "raw"


def copy_raw(source: Path, target: Path) -> None:
    """A raw copy of an image of any format."""
    try:
        disk_format = detect(source)
        if disk_format == "raw":
            shutil.copyfile(source, target)
        else:
            convert(source, disk_format, target, "raw")
    except OSError as error:
        raise host.HostError(f"cannot copy the image: {error}") from error


def convert(source: Path, source_format: str, target: Path, target_format: str) -> None:
    result = subprocess.run([host.need("qemu-img"), "convert", "-f", source_format, "-O", target_format,
                             os.path.abspath(source), os.path.abspath(target)], capture_output=True, text=True)
    if result.returncode != 0:
        raise host.HostError(f"cannot convert {source}: {result.stderr.strip()}")
