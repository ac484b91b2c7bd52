"""docs/run-anywhere.md and tools/run-qemu.bat: what they tell people to type is typed here, where it can be."""
import os
import re
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("ASTRA_ROOT", Path(__file__).parents[2]))
sys.path[:0] = [str(ROOT / "tools"), str(Path(__file__).parent)]

import bare_qemu

PAGE = (ROOT / "docs" / "run-anywhere.md").read_text()
BATCH = ROOT / "tools" / "run-qemu.bat"
IMAGE = ROOT / "build" / "astra.img"
BLOCKS = re.findall(r"^```\w*\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
LINES = [line for block in BLOCKS for line in block.splitlines()]
QEMU_LINES = [line for line in LINES if re.match(r'"?(C:\\.*\\)?qemu-system-x86_64', line)]
FOREIGN_ACCELERATORS = ["-accel", "hvf"]


@pytest.fixture(name="folder")
def fixture_folder(tmp_path, monkeypatch):
    """A folder with the image in it, and the image converted, as readers have them."""
    shutil.copyfile(IMAGE, tmp_path / "astra.img")
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", str(IMAGE), str(tmp_path / "astra.qcow2")], check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_has_lines_to_test():
    assert len(QEMU_LINES) == 7


@pytest.mark.parametrize("line", QEMU_LINES)
def test_qemu_lines_boot(folder, line):
    words = shlex.split(line.replace("\\", "/"))
    words[0] = "qemu-system-x86_64"
    if FOREIGN_ACCELERATORS[1] in words:
        at = words.index(FOREIGN_ACCELERATORS[1]) - 1
        assert words[at:at + 2] == FOREIGN_ACCELERATORS
        del words[at:at + 2]
    bare_qemu.boot(words, folder)


def loop_device(backing: Path) -> str:
    result = subprocess.run(["losetup", "--find", "--show", str(backing)], capture_output=True, text=True)
    if result.returncode != 0:
        pytest.skip(f"loop devices cannot be set up here (losetup needs root): {result.stderr.strip()}")
    return result.stdout.strip()


def test_dd_lines_for_linux_write_and_verify(folder):
    stick = folder / "stick"
    stick.write_bytes(os.urandom(1 << 20) * ((IMAGE.stat().st_size >> 20) + 2))
    device = loop_device(stick)
    try:
        for start in ("sudo dd", "sudo cmp"):
            (line,) = [line for line in LINES if line.startswith(start) and "/dev/sdX" in line]
            done = subprocess.run(["sh", "-ec", line.removeprefix("sudo ").replace("/dev/sdX", device)],
                                  capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
        assert done.stdout == "verified\n"
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)
    assert stick.read_bytes()[:IMAGE.stat().st_size] == IMAGE.read_bytes()


def test_conversions(folder):
    """Every `qemu-img convert` of the page; Hyper-V's fixed VHD ends with its footer (VHD specification)."""
    commands = re.findall(r"qemu-img convert [^`\n]*", PAGE)
    assert len(commands) == 2
    for command in commands:
        subprocess.run(shlex.split(command), check=True)
    assert (folder / "astra.vhd").read_bytes()[-512:].startswith(b"conectix")
    bare_qemu.boot(["qemu-system-x86_64", "-m", "256M", "-drive", "file=astra.vhd,format=vpc"], folder)


def test_libvirt_domain():
    (text,) = [block for block in BLOCKS if block.startswith("<domain")]
    domain = ElementTree.fromstring(text)
    disk = domain.find("devices/disk")
    assert domain.find("os/type").text == "hvm" and domain.find("os/loader") is None  # SeaBIOS
    assert disk.find("driver").get("type") == "raw" and disk.find("target").get("bus") == "ide"
    assert disk.find("source").get("file").endswith("/astra.img")


def test_vmx_lines():
    (text,) = [block for block in BLOCKS if "virtualHW.version" in block]
    lines = text.splitlines()
    assert all(re.fullmatch(r'[\w.:]+ = "[^"]*"', line) for line in lines)
    keys = [line.split(" = ")[0] for line in lines]
    assert len(set(keys)) == len(keys)


def test_report_lines():
    """They run, and what goes to `more` fits on a few photos."""
    photo, serial = [line for line in LINES if line.startswith("(uname")]
    script = f"{photo.removesuffix('| more')} | tee /tmp/photo >&2; wc -l < /tmp/photo; {serial.replace('/dev/ttyS0', '/tmp/serial')}"
    done = subprocess.run([str(ROOT / "astra"), "exec", "--", "sh", "-c", f"set -e; {script}; cat /tmp/serial"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.splitlines()[0]) <= 6 * 24
    assert "proc: starting" in done.stderr and "No such file" not in done.stderr
    assert "==> /kernel/hw/boot/bios_calls <==" in done.stdout and "proc: starting" in done.stdout


# ---- run-qemu.bat ------------------------------------------------------------------------------

def batch_lines() -> list:
    return BATCH.read_bytes().decode("ascii").split("\r\n")


def test_batch_file_has_the_line_ends_of_windows():
    data = BATCH.read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n") > 20 and data.isascii()


def test_batch_file_jumps_and_variables_exist():
    text = "\n".join(batch_lines())
    assert set(re.findall(r"goto (\w+)", text)) == set(re.findall(r"^:(\w+)", text, re.MULTILINE))
    known = set(re.findall(r'set "(\w+)=', text)) | {"ProgramFiles", "TEMP"}
    assert set(re.findall(r"%([A-Za-z]+)(?::[^%]*)?%", text)) <= known


@pytest.mark.parametrize("name, disk_format", [("astra.img", "raw"), ("with, comma.qcow2", "qcow2")])
def test_batch_file_boots_what_it_names(folder, name, disk_format):
    """Its own line, with its variables as its own lines set them."""
    (folder / ("astra.img" if disk_format == "raw" else "astra.qcow2")).rename(folder / name)
    before = (folder / name).read_bytes()
    text = "\n".join(batch_lines())
    assert 'set "FILE=%IMAGE:,=,,%"' in text and "(qcow2 vdi vmdk)" in text
    (line,) = [line for line in batch_lines() if line.startswith('"%QEMU%"')]
    values = {"QEMU": "qemu-system-x86_64", "FILE": str(folder / name).replace(",", ",,"), "FORMAT": disk_format,
              "LOG": str(folder / "log.txt")}
    line = re.sub(r"%(\w+)%", lambda match: values[match[1]], re.sub(r" %\d", "", line))
    (folder / "log.txt").write_bytes(b"")
    bare_qemu.boot(shlex.split(line), folder, console=folder / "log.txt")
    assert (folder / name).read_bytes() == before
