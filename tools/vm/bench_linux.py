"""The Linux that Astra is compared with: Debian's cloud kernel, fetched by apt into build/ and not installed, with the
same busybox and the same programs in an initramfs."""
import re
import subprocess
from pathlib import Path

from vm import cpio, host, qemu

META_PACKAGE = "linux-image-cloud-amd64"
PAYLOAD = host.BUILD / "payload"
BUSYBOX = PAYLOAD / "busybox-static" / "bin" / "busybox"

# mitigations=off, and no check of the timer: it fails under -icount. The rest keeps the console to the programs.
KERNEL_OPTIONS = "console=ttyS0 quiet loglevel=0 mitigations=off nokaslr tsc=reliable no_timer_check panic=-1"
INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /tmp
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox mount -t proc proc /proc
{command}
/bin/busybox poweroff -f
"""


def _fetch(package: str) -> Path:
    folder = PAYLOAD / package
    if not (folder / "source.txt").exists():
        done = subprocess.run([str(host.ROOT / "tools" / "fetch-payload.sh"), str(PAYLOAD), "amd64", package],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise host.HostError(f"cannot fetch {package}:\n{done.stderr.strip()}")
    return folder


def _current_package() -> str:
    """The newest package of the kernel: what the metapackage stands for."""
    shown = subprocess.run(["apt-cache", "show", "--no-all-versions", META_PACKAGE], capture_output=True, text=True)
    found = re.search(r"^Depends: (linux-image-\S+)", shown.stdout, re.MULTILINE)
    if not found:
        raise host.HostError(f"apt knows no package {META_PACKAGE}: `apt-get update` first")
    return found[1]


def kernel() -> tuple:
    """(path, version) of the kernel; fetched the first time."""
    present = sorted(PAYLOAD.glob("linux-image-*/boot/vmlinuz-*"))
    folder = present[-1].parent.parent if present else _fetch(_current_package())
    found = sorted(folder.glob("boot/vmlinuz-*"))
    if not found:
        raise host.HostError(f"there is no kernel in {folder}")
    version = re.search(r"^Version: (\S+)", (folder / "source.txt").read_text(), re.MULTILINE)
    return found[0], version[1] if version else found[0].name


def initramfs(files: dict, command: str) -> bytes:
    """`files`: path in the guest -> host path."""
    archive = cpio.Appender(cpio.empty(), data_align=cpio.ALIGN)
    archive.add_bytes("bin/busybox", BUSYBOX.read_bytes(), 0o755)
    archive.add_bytes("dev/.keep", b"")
    archive.add_bytes("init", INIT.format(command=command).encode(), 0o755)
    for target, source in files.items():
        archive.add_bytes(target.strip("/"), Path(source).read_bytes(), 0o755)
    return archive.finish()


def command_line(image: Path, initrd: Path, memory: str, cpus: int, accelerator: list) -> list:
    return [host.need("qemu-system-x86_64"), "-m", memory, "-smp", str(cpus), *accelerator,
            "-cpu", qemu.DEFAULT_CPU, "-no-user-config", "-nodefaults", "-vga", "std", "-nic", "none",
            "-display", "none", "-monitor", "none", "-no-reboot", "-serial", "stdio",
            "-kernel", str(image), "-initrd", str(initrd), "-append", KERNEL_OPTIONS]
