"""The boot loader, with the probe kernel (tests/boot) in place of Astra's: the hand-over on several paths and machines.
What goes wrong is in test_boot_failures.py, Astra's own kernel on many machines in test_boot_matrix.py."""
import pytest

from loader_boot import (SECTOR, boot, boot_bochs, drive, make_image, mtool, parts,  # noqa: F401  (fixtures)
                         patch, replace)

FLOPPY_BYTES = 1440 * 1024

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


@pytest.mark.parametrize("disk_there", [True, False])
def test_started_from_a_floppy(make_image, boot, tmp_path, disk_there):
    """An image is larger than a floppy disk, but its start on one finds the disk with the rest: by the disk id."""
    image, floppy = make_image(), tmp_path / "floppy"
    with open(image, "rb") as file:
        floppy.write_bytes(file.read(FLOPPY_BYTES))
    options = ["-m", "64M", "-boot", "order=a", "-drive", f"if=floppy,file={floppy},format=raw"]
    if disk_there:
        assert "BIOS drive 80h" in boot(*options, *drive(image)).passed()
    else:
        assert "Astra E1-" in boot(*options, until=rb"E\d-\w\w").text


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


# ---- Bochs --------------------------------------------------------------

def test_bochs(make_image, boot_bochs):
    text = boot_bochs(make_image())
    assert "probe: PASS" in text, text
