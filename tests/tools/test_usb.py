"""./astra usb: what it refuses, by a made-up sysfs; what it writes, on real loop devices."""
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("ASTRA_ROOT", Path(__file__).parents[2]))
sys.path[:0] = [str(ROOT / "tools"), str(Path(__file__).parent)]

import bare_qemu
from vm import blockdev, usb, usb_write
from vm.host import HostError

IMAGE = ROOT / "build" / "astra.img"
STICK_BYTES = 8_000_000_000
STICK = {"size": STICK_BYTES // 512, "removable": 1, "ro": 0, "diskseq": 9, "queue/logical_block_size": 512,
         "device/vendor": "Acme   ", "device/model": "Flash Drive", "dev": "8:16"}


class FakeSystem(blockdev.System):
    """A sysfs and a procfs in a folder; device nodes are a table."""

    def __init__(self, folder: Path) -> None:
        self.sys, self.proc, self.nodes = folder / "sys", folder / "proc", {}
        super().__init__(self.sys, self.proc)
        (self.proc / "self").mkdir(parents=True)
        (self.sys / "block").mkdir(parents=True)
        self.mounts("21 1 8:1 / / rw - ext4 /dev/sda1 rw")
        self.swaps()

    def device_number(self, path: str) -> str:
        return self.nodes.get(path, "")

    def add(self, name: str, facts: dict, inside: str = "") -> None:
        """A device; with `inside`, a partition of that one."""
        folder = self.sys / "devices" / inside / name
        for key, value in facts.items():
            path = folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{value}\n")
        for link in (self.sys / "class" / "block" / name, self.sys / "dev" / "block" / facts["dev"],
                     *([] if inside else [self.sys / "block" / name])):
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(folder)
        self.nodes[f"/dev/{name}"] = facts["dev"]

    def hold(self, below: str, holder: str) -> None:
        folder = (self.sys / "class" / "block" / below).resolve() / "holders"
        folder.mkdir(exist_ok=True)
        (folder / holder).symlink_to((self.sys / "class" / "block" / holder).resolve())

    def mounts(self, *lines: str) -> None:
        (self.proc / "self" / "mountinfo").write_text("\n".join(lines) + "\n")

    def swaps(self, *lines: str) -> None:
        (self.proc / "swaps").write_text("\n".join(["Filename Type Size Used Priority", *lines]) + "\n")


@pytest.fixture(name="system")
def fixture_system(tmp_path):
    """A PC with one stick, /dev/sdb, of two partitions."""
    system = FakeSystem(tmp_path)
    system.add("sdb", STICK)
    for number in (1, 2):
        system.add(f"sdb{number}", {"dev": f"8:{16 + number}", "partition": number, "size": 4096, "ro": 0}, "sdb")
    return system


def reasons(system, path="/dev/sdb", image_bytes=1 << 20, **options):
    return blockdev.refusals(system.disk(path), image_bytes, 512, **options)


def test_a_free_stick_is_accepted(system):
    disk = system.disk("/dev/sdb")
    assert reasons(system) == []
    assert (disk.model, disk.size, disk.whole) == ("Acme Flash Drive", STICK_BYTES, "")


def test_listed_are_removable_disks_with_a_medium(system):
    system.add("sda", dict(STICK, dev="8:0", removable=0))
    system.add("sdc", dict(STICK, dev="8:32", size=0))
    assert [disk.name for disk in system.removable_disks()] == ["sdb"]


@pytest.mark.parametrize("facts, words", [
    ({"removable": 0}, "not removable"),
    ({"ro": 1}, "read-only"),
    ({"size": 0}, "no medium"),
    ({"size": 2047}, "the image 1048576"),
])
def test_the_disk_itself_is_unfit(system, facts, words):
    system.add("sdd", dict(STICK, dev="8:48", **facts))
    found = reasons(system, "/dev/sdd")
    assert len(found) == 1 and words in found[0]


def test_sectors_smaller_than_the_image_is_made_for(system):
    disk = system.disk("/dev/sdb")
    (reason,) = blockdev.refusals(disk, 1 << 20, 4096)
    assert "sectors have 512 bytes" in reason


def test_exactly_large_enough(system):
    system.add("sdd", dict(STICK, dev="8:48", size=2048))
    assert reasons(system, "/dev/sdd") == []


def test_a_partition_is_refused_and_its_disk_named(system):
    assert reasons(system, "/dev/sdb1") == ["it is a partition; the image goes on the whole disk, sdb"]


def test_a_loop_device_counts_only_when_allowed(system):
    system.add("loop0", dict(STICK, dev="7:0", removable=0))
    assert "not removable" in reasons(system, "/dev/loop0")[0]
    assert reasons(system, "/dev/loop0", allow_loop=True) == []


def test_allowing_loops_allows_no_fixed_disk(system):
    system.add("sda", dict(STICK, dev="8:0", removable=0))
    assert reasons(system, "/dev/sda", allow_loop=True) != []


def test_mounted_partition_with_blanks_in_the_path(system):
    system.mounts(r"30 21 8:18 / /media/my\040stick rw shared:1 - vfat /dev/sdb2 rw")
    assert reasons(system) == ["sdb2 is mounted at /media/my stick"]


def test_mounted_whole_disk(system):
    system.mounts("30 21 8:16 / /mnt rw - vfat /dev/sdb rw")
    assert reasons(system) == ["sdb is mounted at /mnt"]


def test_mount_that_hides_its_device_number(system):
    """btrfs shows a number of its own; its source tells."""
    system.mounts("30 21 0:45 / /mnt rw - btrfs /dev/sdb1 rw")
    assert reasons(system) == ["sdb1 is mounted at /mnt"]


@pytest.mark.parametrize("place", sorted(blockdev.SYSTEM_MOUNTS))
def test_the_running_system(system, place):
    system.mounts(f"30 21 8:17 / {place} rw - ext4 /dev/sdb1 rw")
    assert reasons(system) == [f"sdb1 holds the running system: mounted at {place}"]


def test_swap(system):
    system.swaps("/dev/sdb2 partition 1024 0 -2")
    assert reasons(system) == ["sdb2 is swap space of the running system"]


def test_root_on_lvm_in_luks(system):
    system.add("dm-0", {"dev": "254:0", "size": 1, "dm/name": "sdb1_crypt"})
    system.add("dm-1", {"dev": "254:1", "size": 1, "dm/name": "vg-root"})
    system.hold("sdb1", "dm-0")
    system.hold("dm-0", "dm-1")
    system.mounts("21 1 254:1 / / rw - ext4 /dev/mapper/vg-root rw")
    assert "dm-1 holds the running system: mounted at /" in reasons(system)
    assert any("dm-0 (sdb1_crypt)" in reason for reason in reasons(system))


def test_swap_on_lvm(system):
    system.add("dm-0", {"dev": "254:0", "size": 1, "dm/name": "vg-swap"})
    system.hold("sdb2", "dm-0")
    system.swaps("/dev/dm-0 partition 1024 0 -2")
    assert reasons(system) == ["dm-0 is swap space of the running system"]


def test_opened_but_unmounted_luks(system):
    system.add("dm-0", {"dev": "254:0", "size": 1, "dm/name": "secret"})
    system.hold("sdb1", "dm-0")
    assert reasons(system) == ["dm-0 (secret) is in use on top of it"]


def test_what_is_on_other_disks_does_not_matter(system):
    system.mounts("21 1 8:1 / / rw - ext4 /dev/sda1 rw", "22 1 0:5 / /proc rw - proc proc rw")
    system.swaps("/dev/sda2 partition 1024 0 -2", "/swapfile file 1024 0 -3")
    assert reasons(system) == []


# ---- the command ------------------------------------------------------------------------------

def astra(*arguments, stdin="", status=0):
    result = subprocess.run([str(ROOT / "astra"), *map(str, arguments)], input=stdin, capture_output=True, text=True)
    assert result.returncode == status, result.stdout + result.stderr
    return result.stdout + result.stderr


def test_no_such_device(tmp_path):
    assert "does not exist" in astra("usb", tmp_path / "sdx", status=125)


@pytest.mark.parametrize("path", ["/dev/null", IMAGE])
def test_no_block_device(path):
    assert "is not a block device" in astra("usb", path, "--yes", status=125)


def test_device_or_list():
    assert "either a device" in astra("usb", status=2)
    assert "either a device" in astra("usb", "--list", "/dev/sdx", status=2)
    astra("usb", "--list")


def test_only_images_of_astra(tmp_path):
    other = tmp_path / "other.img"
    other.write_bytes(bytes(510) + b"\x55\xaa" + bytes(1 << 20))
    with pytest.raises(HostError, match="not an image of Astra"):
        usb.image_sector_bytes(other)
    assert usb.image_sector_bytes(IMAGE) == 512


def losetup(*arguments) -> str:
    result = subprocess.run(["losetup", *map(str, arguments)], capture_output=True, text=True)
    if result.returncode != 0:
        pytest.skip(f"loop devices cannot be set up here (losetup needs root): {result.stderr.strip()}")
    return result.stdout.strip()


@pytest.fixture(name="loop")
def fixture_loop(tmp_path):
    """make(size, options) -> (loop device, its file of random bytes)"""
    devices = []

    def make(size=IMAGE.stat().st_size + (1 << 20), *options):
        backing = tmp_path / f"stick{len(devices)}"
        backing.write_bytes(os.urandom(1 << 16) * (size >> 16) + bytes(size & 0xffff))
        devices.append(losetup("--find", "--show", *options, backing))
        return devices[-1], backing

    yield make
    for device in devices:
        subprocess.run(["losetup", "--detach", device], check=False)


def test_written_verified_and_booted(loop, tmp_path):
    device, backing = loop()
    tail = backing.read_bytes()[IMAGE.stat().st_size:]
    text = astra("usb", device, "--allow-loop", "--image", IMAGE, stdin=f"{Path(device).name}\n")
    assert f"{backing}, {blockdev.size_text(backing.stat().st_size)}" in text
    assert "written and verified" in text and "100 %" in text
    assert backing.read_bytes() == IMAGE.read_bytes() + tail
    bare_qemu.boot(["qemu-system-x86_64", "-m", "256M", "-snapshot", "-device", "qemu-xhci",
                    "-drive", f"file={backing},format=raw,if=none,id=stick", "-device", "usb-storage,drive=stick"],
                   tmp_path)


def test_larger_sectors_are_written_told_and_booted(loop, tmp_path):
    device, backing = loop(64 << 20, "--sector-size", "4096")
    text = astra("usb", device, "--allow-loop", "--image", IMAGE, "--yes")
    assert "Its sectors have 4096 bytes" in text and "written and verified" in text
    bare_qemu.boot(["qemu-system-x86_64", "-m", "256M", "-snapshot", "-drive", f"file={backing},format=raw,if=none,id=disk",
                    "-device", "nvme,drive=disk,serial=1,logical_block_size=4096,physical_block_size=4096"], tmp_path)


@pytest.mark.parametrize("answer", ["", "no\n", "y\n", "/dev/sda\n"])
def test_any_other_answer_writes_nothing(loop, answer):
    device, backing = loop()
    before = backing.read_bytes()
    assert "nothing was written" in astra("usb", device, "--allow-loop", "--image", IMAGE, stdin=answer, status=1)
    assert backing.read_bytes() == before


@pytest.mark.parametrize("suffix", ["qcow2", "vdi"])
def test_other_formats_are_written_as_raw(loop, tmp_path, suffix):
    source = tmp_path / "anything"
    subprocess.run(["qemu-img", "convert", "-O", suffix, str(IMAGE), str(source)], check=True)
    device, backing = loop()
    astra("usb", device, "--allow-loop", "--image", source, "--yes")
    assert backing.read_bytes()[:IMAGE.stat().st_size] == IMAGE.read_bytes()


def refused(loop_device, words, *options):
    text = astra("usb", loop_device, "--image", IMAGE, "--yes", *options, status=125)
    assert words in text


def test_refusals_on_real_devices_hold_with_yes(loop):
    device, backing = loop()
    before = backing.read_bytes()
    refused(device, "not removable")
    with open(device, "rb"):
        claimed = os.open(device, os.O_RDONLY | os.O_EXCL)
    try:
        refused(device, "something uses it", "--allow-loop")
    finally:
        os.close(claimed)
    assert backing.read_bytes() == before
    refused(loop(IMAGE.stat().st_size - (1 << 16))[0], "the image", "--allow-loop")
    refused(loop(IMAGE.stat().st_size, "--read-only")[0], "read-only", "--allow-loop")


def test_mounted_real_device(loop, tmp_path):
    device, backing = loop()
    place = tmp_path / "mount point"
    place.mkdir()
    subprocess.run(["/sbin/mke2fs", "-q", "-F", device], check=True)
    mounted = subprocess.run(["mount", "-o", "ro", device, place], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"this machine lets nobody mount an ext2 volume: {mounted.stderr.strip()}")
    try:
        before = backing.read_bytes()
        refused(device, f"{Path(device).name} is mounted at {place}", "--allow-loop")
        assert backing.read_bytes() == before
    finally:
        subprocess.run(["umount", place], check=True)


def test_without_the_right_to_write_it_names_the_command(loop, monkeypatch):
    device, _ = loop()
    monkeypatch.setattr(usb.os, "access", lambda *_: False)
    with pytest.raises(HostError) as error:
        usb.main("usb", [device, "--allow-loop", "--image", str(IMAGE)])
    assert f"sudo {ROOT}/astra usb {device} --image {IMAGE}" in str(error.value)


def test_a_disk_exchanged_during_the_question(loop, monkeypatch):
    device, backing = loop()
    os.truncate(backing, backing.stat().st_size + (1 << 20))
    before = backing.read_bytes()

    def exchange(_disk):
        """As if: the disk has another size now."""
        losetup("--set-capacity", device)
        return True
    monkeypatch.setattr(usb, "_confirmed", exchange)
    with pytest.raises(HostError, match="not the disk that it was"):
        usb.main("usb", [device, "--allow-loop", "--image", str(IMAGE)])
    assert backing.read_bytes() == before


# ---- verification ------------------------------------------------------------------------------

@pytest.mark.parametrize("folder", ["disk", "memory"])  # tmpfs has no O_DIRECT
@pytest.mark.parametrize("wrong", [None, 0, 5_000_123, "short"])
def test_verification_finds_every_difference(tmp_path, folder, wrong):
    content = os.urandom(5_000_192)
    written = bytearray(content)
    if wrong == "short":
        del written[-512:]
    elif wrong is not None:
        written[wrong] ^= 1
    place = tmp_path if folder == "disk" else Path("/dev/shm")
    image, device = tmp_path / "image", place / f"astra-verify-{os.getpid()}"
    image.write_bytes(content)
    device.write_bytes(written)
    descriptor = os.open(device, os.O_RDWR)
    try:
        with open(image, "rb") as file:
            if wrong is None:
                usb_write.verify(file, descriptor, len(content), 512)
                return
            with pytest.raises(usb_write.Mismatch) as error:
                usb_write.verify(file, descriptor, len(content), 512)
        assert error.value.args[0] == (len(written) if wrong == "short" else wrong)
    finally:
        os.close(descriptor)
        device.unlink()


def test_a_write_error_is_told(loop, monkeypatch):
    device, _ = loop()

    def fail(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    monkeypatch.setattr(usb_write.os, "fdatasync", fail)
    with pytest.raises(HostError, match="Input/output error; what is on it now is incomplete"):
        usb.main("usb", [device, "--allow-loop", "--image", str(IMAGE), "--yes"])
