"""Booting a root: its tree and Astra's become one archive, and the machine gets what that needs.

Astra's own directories stay; everywhere else the root's names come first."""
import io
import os
import subprocess
from pathlib import Path

from vm import host, rootfs_archive
from vm.cpio import CpioError
from vm.rootfs_tree import Tree, TreeError

OWN = ("sys", "kernel", "dev", "data", "boot", "users", "proc", "init")  # Astra's, whatever the root has
INIT_CONFIG = "data/config/init.conf"
ENVIRONMENT = """\
env = PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/sys/bin
env = LANG=C.UTF-8
"""
MIB = 1 << 20
MEMORY_LEAST_MIB, MEMORY_SPARE_MIB, MEMORY_STEP_MIB = 256, 224, 32
BOOT_BUS = "ahci"  # the one that the BIOS reads fastest, by far
LOAD_MIB_A_SECOND = 1  # at the very least, on a busy machine without KVM


def memory_mib(archive_bytes: int) -> int:
    """What a machine needs to hold a root in RAM and do some work: the archive, an eighth more for the tails of
    files, and room for programs."""
    need = archive_bytes * 9 // 8 // MIB + MEMORY_SPARE_MIB
    return max(MEMORY_LEAST_MIB, -(-need // MEMORY_STEP_MIB) * MEMORY_STEP_MIB)


def size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError as error:
        raise host.HostError(f"--rootfs {path}: {error.strerror}") from error


def extra_boot_s(path) -> int:
    """How much longer a boot may take with this root (None: without one)."""
    return size(path) // MIB // LOAD_MIB_A_SECOND if path else 0


def _is_own(name: str) -> bool:
    return name.split("/")[0] in OWN


def configure(text: bytes) -> bytes:
    """init's configuration with the root's programs first in PATH; it must stand before what it is for."""
    return ENVIRONMENT.encode() + text


def combine(astra: Tree, root: Tree) -> Tree:
    """One tree of both."""
    tree = Tree()
    tree.entries = {name: entry for name, entry in astra.entries.items() if _is_own(name)}
    for name, entry in root.entries.items():
        if not _is_own(name):
            tree.entries[name] = entry
    for name, entry in astra.entries.items():
        if not tree.has_name(name):
            tree.put(name, entry)
    config = tree.entries.get(INIT_CONFIG)
    if config is not None:
        config.data = configure(bytes(config.data))
    return tree


def merge(astra: bytes, path: str) -> bytes:
    """Astra's archive with the root in the file `path`."""
    try:
        root = rootfs_archive.read(Path(path).read_bytes())
        merged = io.BytesIO()
        rootfs_archive.write(combine(rootfs_archive.read(astra), root), merged)
        return merged.getvalue()
    except (OSError, ValueError, TreeError) as error:
        kind = "is no root made by `astra rootfs`" if isinstance(error, (CpioError, TreeError)) else "cannot be read"
        raise host.HostError(f"--rootfs {path} {kind}: {error}") from error


def put_ramfs(image: Path, archive: Path) -> None:
    """Replaces the ramfs of an image, whose boot partition grows with it."""
    program = host.BUILD / "tools/mkimage"
    if not program.exists():
        host.build("build/tools/mkimage")
    result = subprocess.run([program, "--edit", image, "--ramfs", archive], capture_output=True, text=True)
    if result.returncode != 0:
        raise host.HostError(f"mkimage: {result.stderr.strip()}")


def settle(options) -> str:
    """Fills in memory and boot disk where they were not given; what to tell the user ("" when nothing)."""
    root = getattr(options, "rootfs", None)
    chosen = []
    if options.mem is None:
        options.mem = f"{memory_mib(size(root)) if root else MEMORY_LEAST_MIB}M"
        chosen.append(f"{options.mem} of memory")
    if options.boot is None:
        options.boot = BOOT_BUS if root and not options.bochs else "ide"
        chosen.append(f"--boot {options.boot}")
    return f"astra: {root}: {' and '.join(chosen)} (--mem and --boot choose others)" if root and chosen else ""
