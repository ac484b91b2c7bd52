"""The boot loader, with the probe kernel (tests/boot) in place of Astra's: every boot path
and every failure. The probe checks the hand-over field by field and prints its verdict on COM1."""
import os
import re
import struct
import subprocess
import time

import pytest

from conftest import ROOT
from vm import host

BUILD = os.path.join(ROOT, "build")
QEMU = "qemu-system-x86_64"
BOOT_LIMIT_S = 90
EXIT_PASS = 2 * 0x10 + 1
SECTOR = 512
PARTITION = 2048 * SECTOR
TABLE = slice(446, 510)


def tool(*command):
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="session")
def parts():
    """Paths of what an image is made of."""
    host.build("loader-tests")
    return {"mkimage": f"{BUILD}/tools/mkimage", "stage1": f"{BUILD}/boot/stage1.bin",
            "stage2": f"{BUILD}/boot/stage2.bin", "kernel": f"{BUILD}/probe/kernel.elf",
            "hostile": f"{BUILD}/probe/hostile.bin", "stuck": f"{BUILD}/probe/stage2-stuck.bin"}


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


# ---- boot paths and machines --------------------------------------------------------------

@pytest.mark.parametrize("kind", ["ide", "ahci", "virtio", "nvme", "usb"])
def test_boot_paths(make_image, boot, kind):
    text = boot("-m", "64M", *drive(make_image(), kind)).passed()
    assert 'cmdline [init="/bin/x y" quiet]' in text and "flags 0x3" in text


@pytest.mark.parametrize("made_for", [512, 4096])
def test_sectors_of_4096_bytes(make_image, boot, made_for):
    assert "4096-byte sectors" in boot("-m", "64M", *drive(make_image(sector=made_for), "nvme4k")).passed()


def test_bios_that_loads_512_bytes_of_4096(make_image, boot):
    """Without its second sector stage1 relies on the numbers that mkimage wrote into the first."""
    image = make_image(sector=4096)
    patch(image, SECTOR, bytes(SECTOR))
    boot("-m", "64M", *drive(image, "nvme4k")).passed()
    image = make_image()
    patch(image, SECTOR, bytes(SECTOR))
    assert "Astra E2-" in boot("-m", "64M", *drive(image, "nvme4k"), until=rb"E\d-..").text


@pytest.mark.parametrize("once", [True, False])
def test_read_errors_with_4096_bytes(make_image, boot, tmp_path, once):
    """The one large read fails, then (or not) the one of a single sector."""
    errors = tmp_path / "errors"
    errors.write_text('[inject-error]\nevent = "read_aio"\nerrno = "5"\nsector = "16"\n'
                      f'once = "{"on" if once else "off"}"\n')
    done = boot("-m", "64M", *drive(f"blkdebug:{errors}:{make_image()}", "nvme4k"), until=rb"E\d-..")
    assert "aio failed" in done.text
    if once:
        done.passed()
    else:
        assert " E1-0C" in done.text


@pytest.mark.parametrize("memory", ["32M", "5G"])
def test_memory_sizes(make_image, boot, memory):
    boot("-m", memory, "-M", "q35", *drive(make_image(ramfs_kib=8000))).passed()


def test_old_processor_features(make_image, boot):
    text = boot("-m", "64M", "-cpu", "qemu64,-nx,-pdpe1gb", *drive(make_image())).passed()
    assert "no NX" in text


def test_one_gigabyte_pages(make_image, boot):
    assert "1 GiB pages" in boot("-m", "64M", "-cpu", "max", *drive(make_image())).passed()


def test_no_display(make_image, boot):
    assert "video mode 0" in boot("-m", "64M", *drive(make_image()), vga="none").passed()


def test_framebuffer(make_image, boot):
    text = boot("-m", "64M", *drive(make_image(config="video = 1280x800\n"))).passed()
    assert "video mode 2" in text and "1280x800 pixels of 32 bits" in text


@pytest.mark.parametrize("size,vga", [("1281x803", "std"), ("1024x768", "none")])
def test_framebuffer_refused(make_image, boot, size, vga):
    text = boot("-m", "64M", *drive(make_image(config=f"video = {size}\n")), vga=vga).passed()
    assert "warning  80:" in text and "video mode 2" not in text


# ---- what can be wrong on the disk --------------------------------------------------------------

def test_bad_configuration_lines(make_image, boot, tmp_path):
    image = make_image()
    replace(image, "astra.cfg", b"append = a\ncolour = blue\nappend = b\n", tmp_path)
    text = boot("-m", "64M", *drive(image)).passed()
    assert "line 2: unknown key" in text and "cmdline [a b]" in text


def test_missing_configuration(make_image, boot):
    image = make_image()
    mtool(image, "mdel", "::boot/astra.cfg")
    assert "warning  50:" in boot("-m", "64M", *drive(image)).passed()


def test_missing_kernel(make_image, boot):
    image = make_image()
    mtool(image, "mdel", "::boot/kernel.elf")
    boot("-m", "64M", *drive(image)).failed_with(60)


def test_missing_ramfs(make_image, boot):
    image = make_image()
    mtool(image, "mdel", "::boot/ramfs.cpio")
    text = boot("-m", "64M", *drive(image)).passed()
    assert "warning  70:" in text and "probe: no ramfs" in text


def test_unsealed_kernel(make_image, boot, parts, tmp_path):
    image = make_image()
    with open(parts["kernel"] + ".unsealed", "rb") as file:
        replace(image, "kernel.elf", file.read(), tmp_path)
    assert "warning  66:" in boot("-m", "64M", *drive(image)).passed()


@pytest.mark.parametrize("change,code", [
    (lambda data: data[:1000], 62),                                         # cut short
    (lambda data: b"MZ" + data[2:], 62),                                    # something else
    (lambda data: data[:-1] + bytes([data[-1] ^ 1]), 65),                   # one bit
    (lambda data: b"", 62),
])
def test_damaged_kernel(make_image, boot, parts, tmp_path, change, code):
    image = make_image()
    with open(parts["kernel"], "rb") as file:
        replace(image, "kernel.elf", change(file.read()), tmp_path)
    boot("-m", "64M", *drive(image)).failed_with(code)


PADDR, FILE_SIZE, MEMORY_SIZE = 24, 32, 40  # fields of a program header
VADDR = 16


def change_segments(kernel, field, change):
    """Changes a field of every LOAD segment of an ELF file."""
    kernel = bytearray(kernel)
    table, = struct.unpack_from("<Q", kernel, 32)
    for at in range(table, table + 56 * struct.unpack_from("<H", kernel, 56)[0], 56):
        if struct.unpack_from("<I", kernel, at)[0] == 1:
            value, = struct.unpack_from("<Q", kernel, at + field)
            struct.pack_into("<Q", kernel, at + field, change(value) % 2**64)
    return bytes(kernel)


@pytest.mark.parametrize("field,change,code", [
    (PADDR, lambda address: address - 0x100000, 63),             # below 2 MiB
    (PADDR, lambda address: address + 0x100000000, 63),          # above 4 GiB
    (PADDR, lambda address: address * 2, 63),                    # not at one distance
    (PADDR, lambda address: address + 0x800, 63),                # not on pages
    (VADDR, lambda address: address - 0xffffffff80000000, 62),   # entry point outside
    (PADDR, lambda address: address + 0x80000000, 64),           # no memory there
    (MEMORY_SIZE, lambda size: 2**64 - 4096, 62),
    (FILE_SIZE, lambda size: size + 2**40, 62),
])
def test_kernel_asking_too_much(make_image, boot, parts, tmp_path, field, change, code):
    image = make_image()
    with open(parts["kernel"] + ".unsealed", "rb") as file:
        replace(image, "kernel.elf", change_segments(file.read(), field, change), tmp_path)
    boot("-m", "64M", *drive(image)).failed_with(code)


def test_kernel_too_large_for_page_tables(make_image, boot, parts, tmp_path):
    image = make_image()
    with open(parts["kernel"] + ".unsealed", "rb") as file:
        kernel = file.read()
    last = [0]
    change_segments(kernel, VADDR, lambda address: last.append(address) or address)
    grown = iter([False] * (len(last) - 2) + [True])
    replace(image, "kernel.elf", change_segments(
        kernel, MEMORY_SIZE, lambda size: size + (200 << 20 if next(grown) else 0)), tmp_path)
    boot("-m", "512M", *drive(image)).failed_with(90)


def break_chain(image, name):
    """Makes the FAT entry behind a file's first cluster point outside the volume."""
    listing = subprocess.run(["mshowfat", "-i", f"{image}@@{PARTITION}", f"::{name}"], check=True, capture_output=True,
                             text=True).stdout
    cluster = int(re.search(r"<(\d+)", listing).group(1)) + 1
    with open(image, "rb") as file:
        file.seek(PARTITION)
        sector = file.read(SECTOR)
    reserved, = struct.unpack_from("<H", sector, 14)
    patch(image, PARTITION + reserved * SECTOR + cluster * 4, struct.pack("<I", 0x0ABCDEF0))


@pytest.mark.parametrize("name,code", [("boot/kernel.elf", 61), ("boot/ramfs.cpio", 71)])
def test_damaged_cluster_chain(make_image, boot, name, code):
    image = make_image()
    break_chain(image, name)
    boot("-m", "64M", *drive(image)).failed_with(code)


def test_long_configuration(make_image, boot, tmp_path):
    image = make_image()
    replace(image, "astra.cfg", b"append = a\n" + b"#" * 9000, tmp_path)
    assert "warning  52:" in boot("-m", "64M", *drive(image)).passed()


@pytest.mark.parametrize("change,code", [
    (lambda data: data[:5000], 75),
    (lambda data: data[:9000] + bytes([data[9000] ^ 1]) + data[9001:], 73),
    (lambda data: b"x" + data[1:], 75),
    (lambda data: b"", 75),
])
def test_damaged_ramfs(make_image, boot, tmp_path, change, code):
    image = make_image()
    replace(image, "ramfs.cpio", change((tmp_path / "ramfs.cpio").read_bytes()), tmp_path)
    boot("-m", "64M", *drive(image)).failed_with(code)


def test_fault_before_the_kernel_has_handlers(make_image, boot, parts, tmp_path):
    """UD2 as the kernel's first instruction: the loader's last table of exception handlers reports it."""
    with open(parts["kernel"] + ".unsealed", "rb") as file:
        kernel = bytearray(file.read())
    entry, segments = struct.unpack_from("<QQ", kernel, 24)
    offset, address = struct.unpack_from("<QQ", kernel, segments + 8)
    struct.pack_into("BB", kernel, entry - address + offset, 0x0F, 0x0B)
    image = make_image()
    replace(image, "kernel.elf", bytes(kernel), tmp_path)
    text = boot("-m", "64M", *drive(image), until=rb"own handlers").text
    assert f"exception 06, error code 0000, rip {entry:016x}, cr2 " in text


def test_fragmented_volume(make_image, boot, tmp_path):
    """Files of one cluster each, every second one removed, leave a volume of holes."""
    image = make_image(ramfs_kib=10)
    archive = (tmp_path / "ramfs.cpio").read_bytes()
    mtool(image, "mdel", "::boot/ramfs.cpio")
    filler = tmp_path / "filler"
    filler.mkdir()
    for number in range(400):
        (filler / f"f{number:03}").write_bytes(b"x" * SECTOR)
    mtool(image, "mmd", "::fill")
    mtool(image, "mcopy", *sorted(map(str, filler.iterdir())), "::fill/")
    mtool(image, "mdel", *[f"::fill/f{number:03}" for number in range(0, 400, 2)])
    replace(image, "ramfs.cpio", archive, tmp_path)
    boot("-m", "64M", *drive(image)).passed()


def test_damaged_stage2(make_image, boot):
    image = make_image()
    patch(image, 8 * SECTOR + 20000, b"\xff\x00\xff")
    boot("-m", "64M", *drive(image)).failed_with(10)


def test_stage2_missing(make_image, boot):
    image = make_image()
    patch(image, 8 * SECTOR, bytes(SECTOR))
    assert "Astra E2-00" in boot("-m", "64M", *drive(image), until=rb"E\d-..").text


def test_disk_ends_early(make_image, boot):
    image = make_image()
    os.truncate(image, 4 * SECTOR)
    assert re.search(r"Astra E1-[0-9A-F]{2}", boot("-m", "64M", *drive(image), until=rb"E\d-..").text)


def test_no_active_partition(make_image, boot):
    image = make_image()
    patch(image, TABLE.start, b"\0")
    boot("-m", "64M", *drive(image)).failed_with(41)


def test_no_fat_volume(make_image, boot):
    image = make_image()
    patch(image, PARTITION, bytes(SECTOR))
    boot("-m", "64M", *drive(image)).failed_with(42)


# ---- machines that cannot run it --------------------------------------------------------------

@pytest.mark.parametrize("cpu", ["qemu32", "pentium", "486"])
def test_no_long_mode(make_image, boot, cpu):
    boot("-m", "64M", "-cpu", cpu, *drive(make_image())).failed_with(12)


def test_processor_without_sse2(make_image, boot):
    assert "no SSE2" in boot("-m", "64M", "-cpu", "qemu64,-sse2", *drive(make_image())).failed_with(13)


def test_no_acpi(make_image, boot):
    assert "warning  85:" in boot("-m", "64M", "-no-acpi", *drive(make_image())).passed()


def test_too_little_memory(make_image, boot):
    boot("-m", "4M", *drive(make_image())).failed_with(31)


def test_ramfs_larger_than_memory(make_image, boot):
    boot("-m", "16M", *drive(make_image(ramfs_kib=20000))).failed_with(72)


# ---- Bochs --------------------------------------------------------------

BOCHS_CONFIGURATION = """\
display_library: term
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
megs: 64
cpu: model=corei7_sandy_bridge_2600k, count=1, ips=50000000
ata0-master: type=disk, path={image}, mode=flat
boot: disk
com1: enabled=1, mode=file, dev={output}
log: {log}
"""


@pytest.fixture
def boot_bochs(tmp_path):
    """Boots in Bochs until the probe's verdict; Bochs never ends by itself."""
    def run(image):
        output = tmp_path / "com1.txt"
        (tmp_path / "bochsrc").write_text(BOCHS_CONFIGURATION.format(image=image, output=output,
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


def test_bochs(make_image, boot_bochs):
    text = boot_bochs(make_image())
    assert "probe: PASS" in text, text
