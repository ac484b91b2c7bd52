"""Images for one boot: a copy whose boot partition is rewritten. What the user gave never changes."""
import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from vm import disk_format, host, rootfs_boot
from vm.cpio import Appender, CpioError

PARTITION_OFFSET = 2048 * 512
CONFIG_FILE = "boot/astra.cfg"
RAMFS_FILE = "boot/ramfs.cpio"
OLD_KERNEL_FILE = "boot/kernel-old.elf"
EXEC_FILE = "/data/config/exec.argv"


class BootPartition:
    """The FAT32 boot partition of an image, through mtools."""

    def __init__(self, image: Path) -> None:
        self._drive = f"{image}@@{PARTITION_OFFSET}"

    def _run(self, program: str, *arguments: str) -> bytes:
        command = [host.need(program), "-i", self._drive, *arguments]
        environment = dict(os.environ, MTOOLS_SKIP_CHECK="1")
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=environment)
        if result.returncode != 0:
            message = result.stderr.decode(errors="replace").strip()
            raise host.HostError(f"{program} on the boot partition failed: {message}")
        return result.stdout

    def read(self, name: str) -> bytes:
        return self._run("mtype", f"::{name}")

    def write(self, name: str, data: bytes) -> None:
        """Through a file: from a pipe, mcopy calls it success when the volume is full."""
        with tempfile.NamedTemporaryFile(prefix="astra-") as file:
            file.write(data)
            file.flush()
            self._run("mcopy", "-o", file.name, f"::{name}")


def _configure(config: bytes, name: str, change) -> bytes:
    """The configuration with the value of `name` replaced by change(value); "" when it has no such line."""
    lines = config.decode("utf-8", "surrogateescape").splitlines()
    for number, line in enumerate(lines):
        key, separator, value = line.partition("=")
        if separator and key.strip() == name:
            lines[number] = f"{name} = {change(value.strip())}"
            break
    else:
        lines.append(f"{name} = {change('')}")
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def kernel_word(name: str, value: str) -> str:
    """name=value for the kernel command line, quoted when it must be."""
    return f"{name}={shlex.quote(value)}"


def kernel_arguments(options, first: str = "") -> str:
    """`first`, then what --append and --init say."""
    init = kernel_word("init", options.init) if options.init else ""
    return " ".join(filter(None, [first, options.append, init]))


def prepare_for(options, target: Path, first: str = "", command=()) -> Path:
    """The image of --image, or the build's, with what the other options add; `first`: more kernel arguments."""
    return prepare(Path(options.image) if options.image else host.IMAGE, target, kernel_arguments(options, first),
                   options.add, list(command), options.video, options.rootfs)


def prepare(source: Path, target: Path, append: str, adds: list, command: list, video: str = "",
            rootfs: str = None) -> Path:
    """Copies `source` (of any format) to `target` (raw) with more kernel arguments, files, a command to run,
    another screen, and a root beside Astra's own tree."""
    disk_format.copy_raw(source, target)
    partition = BootPartition(target)
    if append or video:
        config = _configure(partition.read(CONFIG_FILE), "append", lambda value: f"{value} {append}".strip())
        partition.write(CONFIG_FILE, _configure(config, "video", lambda value: video or value))
    if rootfs:
        with tempfile.NamedTemporaryFile(prefix="astra-", dir=target.parent) as file:
            file.write(_ramfs_extended(rootfs_boot.merge(partition.read(RAMFS_FILE), rootfs), adds, command))
            file.flush()
            rootfs_boot.put_ramfs(target, Path(file.name))
    elif adds or command:
        partition.write(RAMFS_FILE, _ramfs_extended(partition.read(RAMFS_FILE), adds, command))
    return target


def _ramfs_extended(archive: bytes, adds: list, command: list) -> bytes:
    try:
        appender = Appender(archive)
        for source, guest_path in adds:
            appender.add_host(Path(source), guest_path)
        if command:
            appender.add_bytes(EXEC_FILE, b"".join(os.fsencode(word) + b"\0" for word in command), 0o400)
        return appender.finish()
    except (CpioError, OSError) as error:
        raise host.HostError(f"cannot add to the guest's tree: {error}") from error
