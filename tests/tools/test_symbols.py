"""tools/vm/symbols.py: names, linear addresses and modes of loader and kernel."""
import os
import subprocess
from pathlib import Path

import pytest

from vm.symbols import IMAGES, STAGE2_LINEAR, SymbolError, Symbols, read_image

BUILD = Path(os.environ.get("ASTRA_ROOT", Path(__file__).parents[2])) / "build"


@pytest.fixture(scope="module")
def symbols():
    return Symbols(BUILD)


@pytest.mark.parametrize("name, image, bits", [
    ("entry", "stage1", 16), ("stage2_start", "stage2", 16), ("stage2_main", "stage2", 32),
    ("handoff_jump.long", "stage2", 64), ("kernel_main", "kernel", 64)])
def test_modes(symbols, name, image, bits):
    assert symbols.find(name, image).bits == bits


@pytest.mark.parametrize("image", IMAGES)
def test_addresses_are_those_of_nm(image):
    path = BUILD / IMAGES[image][0]
    nm = subprocess.run(["nm", str(path)], capture_output=True, text=True, check=True).stdout.splitlines()
    wanted = {(int(address, 16), name) for address, kind, name in (line.split() for line in nm) if kind not in "aA"}
    base = {"stage2": STAGE2_LINEAR}.get(image, 0)
    found = {(symbol.address - (base if symbol.section == ".real" else 0), symbol.name)
             for symbol in read_image(image, path)}
    assert found == wanted


def test_bytes_are_those_of_a_flat_file(tmp_path):
    """The MBR that is linked for its symbols has the bytes that nasm alone would make."""
    source = BUILD.parent / "boot/stage1/stage1.asm"
    (tmp_path / "flat.asm").write_text("org 0x7c00\n" + source.read_text())
    subprocess.run(["nasm", "-f", "bin", f"-I{BUILD}/boot/", f"-I{source.parent}/", "flat.asm", "-o", "flat.bin"],
                   cwd=tmp_path, check=True)
    assert (tmp_path / "flat.bin").read_bytes() == (BUILD / "boot/stage1.bin").read_bytes()


def test_lookup(symbols):
    main = symbols.find("kernel_main")
    assert symbols.at(main.address + 1) == main
    assert symbols.at(0) is None
    with pytest.raises(SymbolError):
        symbols.find("no_such_name")


def test_bochs_file(symbols, tmp_path):
    symbols.write_bochs(tmp_path / "symbols")
    lines = dict(reversed(line.split()) for line in (tmp_path / "symbols").read_text().splitlines())
    assert int(lines["stage2_main"], 16) == symbols.find("stage2_main").address
    assert int(lines["stage2.memcpy"], 16) < 1 << 20 < int(lines["memcpy"], 16)


def test_bad_files(tmp_path):
    (tmp_path / "stage1.elf").write_bytes(b"no ELF")
    with pytest.raises(SymbolError):
        read_image("stage1", tmp_path / "stage1.elf")
    with pytest.raises(SymbolError):
        read_image("stage1", tmp_path / "absent")
