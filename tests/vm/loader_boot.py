"""Images with the probe kernel (tests/boot) in place of Astra's, and booting them. The probe checks the hand-over field
by field and prints its verdict on COM1."""
import os
import re
import subprocess
import time

import pytest

from conftest import ROOT
from vm import host

BUILD = os.path.join(ROOT, "build")
QEMU = "qemu-system-x86_64"
BOOT_LIMIT_S = 300
EXIT_PASS = 2 * 0x10 + 1
SECTOR = 512
PARTITION = 2048 * SECTOR


def tool(*command):
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="session")
def parts():
    """Paths of what an image is made of."""
    host.build("loader-tests")
    return {"mkimage": f"{BUILD}/tools/mkimage", "stage1": f"{BUILD}/boot/stage1.bin",
            "stage2": f"{BUILD}/boot/stage2.bin", "kernel": f"{BUILD}/probe/kernel.elf",
            "hostile": f"{BUILD}/probe/hostile.bin", "next_device": f"{BUILD}/probe/next_device.bin",
            "stuck": f"{BUILD}/probe/stage2-stuck.bin"}


@pytest.fixture
def make_image(parts, tmp_path):
    """Makes an image; ramfs_kib of one incompressible file, config text, sector size."""
    def make(config='append = init="/bin/x y" quiet\n', ramfs_kib=300, sector=SECTOR, kernel=None, stage2=None):
        (tmp_path / "payload").write_bytes(os.urandom(1024) * ramfs_kib)
        (tmp_path / "list").write_text(f"file /payload 0644 0 0 {tmp_path}/payload\n")
        (tmp_path / "astra.cfg").write_text(config)
        (tmp_path / "README.txt").write_text("test\n")
        image = str(tmp_path / "astra.img")
        tool(parts["mkimage"], "--make-ramfs", str(tmp_path / "list"), "-o", str(tmp_path / "ramfs.cpio"))
        tool(parts["mkimage"], "--stage1", parts["stage1"], "--stage2", stage2 or parts["stage2"],
             "--kernel", kernel or parts["kernel"], "--ramfs", str(tmp_path / "ramfs.cpio"),
             "--config", str(tmp_path / "astra.cfg"), "--readme", str(tmp_path / "README.txt"),
             "--sector-size", str(sector), "-o", image)
        return image
    return make


class Boot:
    """What a boot printed, and how it ended."""

    def __init__(self, status, text):
        self.status, self.text = status, text

    def passed(self):
        assert self.status == EXIT_PASS and "probe: PASS" in self.text, self.text
        return self.text

    def failed_with(self, code):
        assert f"Astra boot error {code}:" in self.text and "Remedy:" in self.text, self.text
        return self.text


def drive(image, kind="ide"):
    if kind in ("ide", "virtio"):
        return ["-drive", f"file={image},format=raw,if={kind}"]
    devices = {
        "ahci": ["-device", "ahci,id=a", "-device", "ide-hd,drive=d,bus=a.0"],
        "nvme": ["-device", "nvme,drive=d,serial=1"],
        "nvme4k": ["-device", "nvme,drive=d,serial=1,logical_block_size=4096,physical_block_size=4096"],
        "usb": ["-device", "qemu-xhci", "-device", "usb-storage,drive=d"],
    }
    return ["-drive", f"file={image},format=raw,if=none,id=d", *devices[kind]]


@pytest.fixture
def boot():
    """Boots until the probe stops QEMU or `until` is printed; a hang is a failure."""
    def run(*arguments, until=rb"Press a key", vga="std"):
        process = subprocess.Popen([QEMU, "-display", "none", "-vga", vga, "-serial", "stdio", "-no-reboot",
                                    "-monitor", "none", "-nic", "none", "-device", "isa-debug-exit,iobase=0xf4",
                                    *arguments],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        os.set_blocking(process.stdout.fileno(), False)
        text, deadline = b"", time.monotonic() + BOOT_LIMIT_S
        try:
            while process.poll() is None and not re.search(until, text):
                assert time.monotonic() < deadline, f"hung:\n{text.decode(errors='replace')}"
                time.sleep(0.05)
                text += process.stdout.read() or b""
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
        text += process.stdout.read() or b""
        return Boot(process.returncode, text.decode(errors="replace"))
    return run


def patch(image, offset, data):
    with open(image, "r+b") as file:
        file.seek(offset)
        file.write(data)


def mtool(image, command, *arguments):
    tool(command, "-i", f"{image}@@{PARTITION}", *arguments)


def replace(image, name, data, tmp_path):
    path = tmp_path / "replacement"
    path.write_bytes(data)
    mtool(image, "mcopy", "-o", str(path), f"::boot/{name}")


BOCHS_CONFIGURATION = """\
display_library: term
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
megs: 64
cpu: model={cpu}, count=1, ips=50000000
ata0-master: type=disk, path={image}, mode=flat
boot: disk
com1: enabled=1, mode=file, dev={output}
log: {log}
"""


@pytest.fixture
def boot_bochs(tmp_path):
    """Boots in Bochs until the probe's verdict; Bochs never ends by itself."""
    def run(image, cpu="corei7_sandy_bridge_2600k"):
        output = tmp_path / "com1.txt"
        (tmp_path / "bochsrc").write_text(BOCHS_CONFIGURATION.format(image=image, output=output, cpu=cpu,
                                                                     log=tmp_path / "bochs.log"))
        (tmp_path / "commands").write_text("c\n")
        process = subprocess.Popen(["bochs", "-q", "-f", str(tmp_path / "bochsrc"), "-rc", str(tmp_path / "commands")],
                                   env={**os.environ, "TERM": "xterm"}, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        text, deadline = "", time.monotonic() + BOOT_LIMIT_S
        try:
            while not re.search(r"probe: (PASS|FAIL)|Press a key", text):
                assert time.monotonic() < deadline and process.poll() is None, f"hung or gone:\n{text}"
                time.sleep(0.1)
                text = output.read_text(errors="replace") if output.exists() else ""
        finally:
            process.kill()
            process.wait()
        return text
    return run
