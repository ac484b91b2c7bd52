"""mkimage: its images as other programs see them, its errors, and that it repeats itself byte for byte."""
import os
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("ASTRA_ROOT", Path(__file__).parents[2]))
MKIMAGE = ROOT / "build" / "tools" / "mkimage"
PARTITION = 1 << 20
STAGE2 = 8 * 512
READ_COUNT, READ_LBA = 423, 432  # boot/layout.h
NOTE_VALUE = 0x21c  # of the sample kernel
CONFIG = "# test\nkernel = boot/kernel.elf\nappend = first\n"
LIST = """# comment
dir /sys 0755 0 0
dir /sys/bin 0755 0 0
symlink /bin 0777 0 0 sys/bin
file /sys/bin/prog 04755 1 2 {source}
file /bin/linked 0644 0 0 {source}
node /dev/null 0666 0 0 c 1 3
symlink /sys/words 0777 0 0 a target with blanks
"""


def run(*arguments, status=0, **environment):
    result = subprocess.run([str(a) for a in arguments], capture_output=True, text=True,
                            env=dict(os.environ, **environment))
    assert result.returncode == status, result.stdout + result.stderr
    return result.stdout + result.stderr


def sample_kernel() -> bytes:
    """The smallest kernel that the loader's checks accept: one page of text and the checksum note."""
    note = struct.pack("<III8sI", 6, 4, 1, b"Astra\0\0\0", 0)
    segments = struct.pack("<IIQQQQQQ", 1, 5, 0, 0xffffffff80200000, 0x200000, 0x220, 0x220, 4096)
    segments += struct.pack("<IIQQQQQQ", 4, 4, 0x208, 0, 0, len(note), len(note), 4)
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 62, 1, 0xffffffff80200100, 64, 0, 0,
                         64, 56, 2, 0, 0, 0)
    return (header + segments).ljust(0x208, b"\xf4") + note


@pytest.fixture(name="parts")
def fixture_parts(tmp_path):
    """A directory with everything an image is made of."""
    stage1 = bytearray(512)
    stage1[0:3], stage1[510:] = b"\xeb\x58\x90", b"\x55\xaa"
    stage1[READ_COUNT], stage1[READ_LBA:READ_LBA + 8] = 127, struct.pack("<Q", 8)
    stage2 = bytearray(b"\x90" * 8 + b"ASTRAS2\0" + struct.pack("<IIII", 1, 0, 0, 0) + bytes(range(256)) * 40)
    (tmp_path / "stage1").write_bytes(stage1)
    (tmp_path / "stage2").write_bytes(stage2)
    (tmp_path / "kernel").write_bytes(sample_kernel())
    (tmp_path / "config").write_text(CONFIG)
    (tmp_path / "readme").write_text("read me\n")
    (tmp_path / "program").write_bytes(os.urandom(10000))
    (tmp_path / "list").write_text(LIST.format(source=tmp_path / "program"))
    return tmp_path


def build(parts: Path, *extra, name="img", status=0, **environment):
    output = run(MKIMAGE, "--stage1", parts / "stage1", "--stage2", parts / "stage2", "--kernel", parts / "kernel",
                 "--config", parts / "config", "--readme", parts / "readme", "--ramfs-list", parts / "list",
                 "-o", parts / name, *extra, status=status, **environment)
    return output if status else parts / name


def boot_file(image: Path, name: str) -> bytes:
    return subprocess.run(["mtype", "-i", f"{image}@@{PARTITION}", f"::{name}"], capture_output=True,
                          check=True).stdout


def check_volume(image: Path) -> None:
    """fsck.fat finds nothing to mend."""
    volume = image.with_suffix(".fat")
    with open(image, "rb") as source:
        source.seek(PARTITION)
        volume.write_bytes(source.read())
    assert "differ" not in run("fsck.fat", "-n", "-v", volume)
    volume.unlink()


def test_other_programs_accept_the_image(parts):
    image = build(parts)
    check_volume(image)
    table = run("sfdisk", "-d", image)
    assert "start=        2048" in table and "type=c, bootable" in table and table.count("start=") == 1
    listing = run("mdir", "-b", "-/", "-i", f"{image}@@{PARTITION}", "::")
    for name in ("kernel.elf", "ramfs.cpio", "astra.cfg", "README.txt"):
        assert f"::/boot/{name}" in listing
    assert boot_file(image, "boot/astra.cfg").decode() == CONFIG
    assert "everything checked is right" in run(MKIMAGE, "--explain", image)


def test_boot_sector_and_stage2(parts):
    image = build(parts).read_bytes()
    assert image[11:13] == struct.pack("<H", 512) and image[24:28] == struct.pack("<HH", 18, 2)
    magic, version, length, crc = struct.unpack_from("<8sIII", image, STAGE2 + 8)
    body = image[STAGE2:STAGE2 + length]
    assert (magic, version, length) == (b"ASTRAS2\0", 1, (parts / "stage2").stat().st_size)
    assert crc == zlib.crc32(body[:24] + bytes(4) + body[28:])
    assert struct.unpack_from("<I", image, 440)[0] != 0


def test_kernel_is_sealed(parts):
    kernel = boot_file(build(parts), "boot/kernel.elf")
    stored = struct.unpack_from("<I", kernel, NOTE_VALUE)[0]
    assert stored == zlib.crc32(kernel[:NOTE_VALUE] + bytes(4) + kernel[NOTE_VALUE + 4:])


def test_ramfs_as_cpio_sees_it(parts):
    archive = boot_file(build(parts), "boot/ramfs.cpio")
    listing = subprocess.run(["cpio", "-itv", "--quiet"], input=archive, capture_output=True, check=True).stdout.decode()
    lines = {line.split()[-1]: line for line in listing.splitlines()}
    assert lines["sys/bin/prog"].startswith("-rwsr-xr-x") and " 10000 " in lines["sys/bin/prog"]
    assert lines["sys/bin/linked"].startswith("-rw-r--r--")  # through the link /bin
    assert lines["dev/null"].startswith("crw-rw-rw-") and lines["dev"].startswith("drwxr-xr-x")
    assert "sys/words -> a target with blanks" in listing and "bin -> sys/bin" in listing
    program = (parts / "program").read_bytes()
    assert archive.index(program) % 4096 == 0 and archive.rindex(program) % 4096 == 0
    assert listing.splitlines()[-1].endswith(".astra-checksum")
    start = archive.rindex(b"070701", 0, archive.index(b".astra-checksum"))
    assert b"crc32 %08x\n" % zlib.crc32(archive[:start]) in archive[start:]


def test_same_input_same_bytes(parts):
    first = build(parts, SOURCE_DATE_EPOCH="1700000000").read_bytes()
    os.utime(parts / "program", (1, 1))
    assert build(parts, name="again", SOURCE_DATE_EPOCH="1700000000").read_bytes() == first
    assert build(parts, name="later", SOURCE_DATE_EPOCH="1700000002").read_bytes() != first


def test_disk_with_large_sectors(parts):
    image = build(parts, "--sector-size", "4096")
    check_volume(image)
    assert "sectors of 4096" in run(MKIMAGE, "--explain", image)
    sector = image.read_bytes()[:512]
    assert struct.unpack_from("<I", sector, 454)[0] == PARTITION // 4096
    assert sector[READ_COUNT] == 3 and struct.unpack_from("<Q", sector, READ_LBA)[0] == 1


def test_size_and_disk_id(parts):
    image = build(parts, "--size", "100", "--disk-id", "cafe1234")
    assert image.stat().st_size == 101 << 20
    assert "label-id: 0xcafe1234" in run("sfdisk", "-d", image)
    check_volume(image)


def test_edit(parts):
    image = build(parts)
    (parts / "tree" / "deep").mkdir(parents=True)
    (parts / "tree" / "deep" / "file").write_text("deep content")
    (parts / "tree" / "link").symlink_to("deep")
    (parts / "old").write_bytes(b"x" * 3000)
    before = image.read_bytes()
    run(MKIMAGE, "--edit", image, "--add", f"{parts}/tree:/data/tree", "--add", f"{parts}/program:/bin/",
        "--append", "second third", "--replace", f"boot/kernel-old-one.elf={parts}/old", "--remove", "boot/README.txt",
        "-o", parts / "new")
    assert image.read_bytes() == before
    new = parts / "new"
    assert new.read_bytes()[:PARTITION] == before[:PARTITION]
    check_volume(new)
    assert boot_file(new, "boot/astra.cfg").decode() == CONFIG + "append = second third\n"
    assert boot_file(new, "boot/kernel-old-one.elf") == b"x" * 3000
    assert b"deep content" in boot_file(new, "boot/ramfs.cpio")
    assert b"sys/bin/program\0" in boot_file(new, "boot/ramfs.cpio")
    explained = run(MKIMAGE, "--explain", new)
    assert "kernel arguments: first second third" in explained and "README" not in explained


def test_edit_grows_the_partition(parts):
    image = build(parts)
    with open(parts / "huge", "wb") as huge:
        huge.truncate(60 << 20)
    run(MKIMAGE, "--edit", image, "--replace", f"huge={parts}/huge")
    assert image.stat().st_size > 60 << 20
    check_volume(image)
    assert "everything checked is right" in run(MKIMAGE, "--explain", image)


def test_volumes_changed_by_mtools_are_read(parts):
    image = build(parts)
    drive = f"{image}@@{PARTITION}"
    run("mcopy", "-o", "-i", drive, parts / "readme", "::boot/Ein ziemlich langer Name.txt")
    run("mdel", "-i", drive, "::boot/README.txt")
    assert "everything checked is right" in run(MKIMAGE, "--explain", image)
    run(MKIMAGE, "--edit", image, "--append", "x")
    assert boot_file(image, "boot/Ein ziemlich langer Name.txt") == b"read me\n"


DAMAGE = {
    "boot signature": (510, "no valid partition table"),
    "second active entry": (446 + 16, "no valid partition table"),
    "stage1's read": (READ_LBA, "BAD stage1 reads"),
    "stage2 magic": (STAGE2 + 8, "BAD magic"),
    "stage2 body": (STAGE2 + 100, "BAD CRC-32"),
    "stage2 length": (STAGE2 + 23, "BAD length"),
    "backup boot sector": (PARTITION + 6 * 512 + 3, "BAD the backup"),
    "second FAT": (PARTITION + 32 * 512 + 544 * 512 + 40, "BAD both FATs"),
    "FSInfo": (PARTITION + 512 + 488, "BAD FSInfo says"),
    "FAT32 fields": (PARTITION + 36 + 3, "BAD the partition holds"),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_explain_finds_damage(parts, what):
    offset, message = DAMAGE[what]
    image = build(parts)
    data = bytearray(image.read_bytes())
    data[offset] ^= 0x80
    image.write_bytes(data)
    assert message in run(MKIMAGE, "--explain", image, status=1)


@pytest.mark.parametrize("marker", [b"\xf4\xf4\xf4\xf4\xf4\xf4\xf4\xf4\xf4", b"sys/words"])
def test_explain_finds_damaged_files(parts, marker):
    image = build(parts)
    data = bytearray(image.read_bytes())
    data[data.index(marker, PARTITION)] ^= 1
    image.write_bytes(data)
    assert "BAD CRC-32" in run(MKIMAGE, "--explain", image, status=1)


BAD_INPUT = {
    "stage1 of the wrong size": ("stage1", bytes(513), "stage1 has 513 bytes, not whole sectors"),
    "stage1 over the table": ("stage1", b"\xeb\x58\x90" + b"x" * 509, "partition table go"),
    "stage2 without header": ("stage2", bytes(512), "stage2 does not begin with the header"),
    "stage2 too short": ("stage2", b"", "stage2 is too short"),
    "stage2 too large": ("stage2", bytes(127 * 512 + 1), "stage2 is too large"),
    "kernel is no ELF file": ("kernel", b"#!/bin/sh\n", "not an x86-64 ELF executable"),
    "kernel without note": ("kernel", sample_kernel().replace(b"Astra", b"Other"), "no checksum note"),
    "kernel damaged after sealing": ("kernel", sample_kernel()[:-4] + b"1234", "damaged"),
    "config not understood": ("config", b"colour = blue\n", "line 1: unknown key"),
    "list: type": ("list", b"fifo /x 0644 0 0\n", "list:1: unknown type"),
    "list: mode": ("list", b"dir /x 0999 0 0\n", "list:1: the mode is not a valid number"),
    "list: source": ("list", b"file /x 0644 0 0 /nonexistent\n", "/nonexistent: No such file"),
    "list: missing field": ("list", b"\ndir /x\n", "list:2: the mode is missing"),
    "list: file as directory": ("list", b"node /x 0666 0 0 c 1 3\ndir /x/y 0755 0 0\n", "x is not a directory"),
    "list: link loop": ("list", b"symlink /a 0777 0 0 a\ndir /a/b 0755 0 0\n", "too many symbolic links"),
}


@pytest.mark.parametrize("what", BAD_INPUT)
def test_bad_input_is_refused(parts, what):
    name, content, message = BAD_INPUT[what]
    (parts / name).write_bytes(content)
    assert message in build(parts, status=1)
    assert sorted(p.name for p in parts.iterdir() if p.name.startswith("img")) == []


def test_missing_input(parts):
    (parts / "kernel").unlink()
    assert "kernel: No such file" in build(parts, status=1)


def test_failed_output_leaves_the_old_image(parts):
    image = build(parts)
    before = image.read_bytes()
    (parts / "config").write_text("nonsense\n")
    build(parts, status=1)
    assert image.read_bytes() == before


def test_depfile(parts):
    run(MKIMAGE, "--make-ramfs", parts / "list", "--depfile", parts / "d", "-o", parts / "ramfs")
    assert (parts / "d").read_text().startswith(f"{parts}/ramfs:")
    assert f"{parts}/program:\n" in (parts / "d").read_text()


def test_help_and_wrong_options(parts):
    assert "--explain IMG" in run(MKIMAGE, "--help")
    assert "are needed" in run(MKIMAGE, "-o", parts / "img", status=1)
    assert "512 or 4096" in build(parts, "--sector-size", "1024", status=1)
    assert "33 MiB or more" in build(parts, "--size", "20", status=1)
    assert "HOST:GUEST" in build(parts, "--add", "nothing", status=1)
    assert "line break" in build(parts, "--append", "a\nb", status=1)
    assert "more than 2048 bytes" in build(parts, "--append", "x" * 2100, status=1)
