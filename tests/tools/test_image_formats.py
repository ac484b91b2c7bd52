"""Images in the formats of other emulators: they boot as they are, and through every command that takes an image."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("ASTRA_ROOT", Path(__file__).parents[2]))
sys.path[:0] = [str(ROOT / "tools"), str(Path(__file__).parent)]

import bare_qemu
from vm import disk_format

FORMATS = ("raw", "qcow2", "vmdk", "vdi")


def astra(*arguments) -> str:
    result = subprocess.run([str(ROOT / "astra"), *map(str, arguments)], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("name", FORMATS)
def test_made_booted_and_never_changed(tmp_path, name):
    image = tmp_path / f"astra.{name}"
    astra("image", "--format", name, "--append", "greeting=made", "-o", image)
    assert disk_format.detect(image) == name
    before = image.read_bytes()
    seen = bare_qemu.boot(["qemu-system-x86_64", "-m", "256M", "-snapshot", "-drive", f"file={image},format={name}"],
                          tmp_path)
    assert "mm: " in seen
    words = astra("exec", "--image", image, "--append", "added=now", "--", "cat", "/proc/cmdline").split()
    assert "greeting=made" in words and "added=now" in words
    assert image.read_bytes() == before
    info = subprocess.run(["qemu-img", "check", "-f", name, image], capture_output=True, text=True)
    assert name == "raw" or info.returncode == 0, info.stdout + info.stderr


def test_the_name_of_a_new_image_chooses_its_format(tmp_path):
    for name, expected in (("a.VDI", "vdi"), ("a.qcow2", "qcow2"), ("a.img", "raw")):
        astra("image", "-o", tmp_path / name)
        assert disk_format.detect(tmp_path / name) == expected


def test_the_name_of_a_file_does_not_matter(tmp_path):
    image = tmp_path / "stick.img"
    astra("image", "--format", "qcow2", "-o", image)
    assert astra("exec", "--image", image, "--", "echo", "fine") == "fine\n"


def test_a_damaged_image_is_named(tmp_path):
    image = tmp_path / "broken.qcow2"
    image.write_bytes(b"QFI\xfb" + bytes(2000))
    result = subprocess.run([str(ROOT / "astra"), "exec", "--image", str(image), "--", "true"], capture_output=True,
                            text=True)
    assert result.returncode == 125 and f"cannot convert {image}" in result.stderr, result.stderr
