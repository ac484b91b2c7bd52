"""Symbols of stage1, stage2 and the kernel, at the linear addresses where they run."""
import bisect
import struct
from dataclasses import dataclass
from pathlib import Path

STAGE2_LINEAR = 0x20000  # LAYOUT_STAGE2: its .real section is linked at 0 for the segment above it

# image: (file below build/, bits of code in each section; "": of all others)
IMAGES = {
    "stage1": ("boot/stage1.elf", {"": 16}),
    "stage2": ("boot/stage2.elf", {".real": 16, ".text64": 64, "": 32}),
    "kernel": ("kernel.elf", {"": 64}),
}

# ELF specification 1.2, figures 1-3, 1-8, 1-15 and their 64-bit forms: (header, section, symbol)
_ELF32 = ("<16x2xHI2II I6xHHH", "<10I", "<IIIBBH")
_ELF64 = ("<16x2xHI2QQ I6xHHH", "<IIQQQQIIQQ", "<IBBHQQ")
_CLASS64 = 2
_SYMTAB = 2
_ABSOLUTE = 0xfff1
_SECTION, _FILE = 3, 4  # symbol types that name no place in the program


class SymbolError(Exception):
    """A file that should hold symbols does not."""


@dataclass(frozen=True)
class Symbol:
    name: str
    address: int  # linear
    size: int     # bytes; 0: not known
    bits: int     # of the code there: 16, 32 or 64
    image: str    # a key of IMAGES
    section: str


def _text(table: bytes, offset: int) -> str:
    return table[offset:table.index(b"\0", offset)].decode()


class _Elf:
    """The sections and symbols of one file."""

    def __init__(self, path: Path) -> None:
        try:
            self._data = path.read_bytes()
        except OSError as error:
            raise SymbolError(f"cannot read {path}: {error.strerror}") from error
        if self._data[:4] != b"\x7fELF":
            raise SymbolError(f"{path} is not an ELF file")
        self._wide = self._data[4] == _CLASS64
        header, section, self._symbol = _ELF64 if self._wide else _ELF32
        fields = struct.unpack_from(header, self._data)
        table, count, names = fields[4], fields[-2], fields[-1]
        size = struct.calcsize(section)
        self._sections = [struct.unpack_from(section, self._data, table + i * size) for i in range(count)]
        strings = self._contents(self._sections[names])
        self.section_names = [_text(strings, section[0]) for section in self._sections]

    def _contents(self, section: tuple) -> bytes:
        return self._data[section[4]:section[4] + section[5]]

    def symbols(self):
        """(name, value, size, type, section index) of each."""
        for section in self._sections:
            if section[1] != _SYMTAB:
                continue
            strings = self._contents(self._sections[section[6]])
            for fields in struct.iter_unpack(self._symbol, self._contents(section)):
                name, info, index, value, size = (fields[0], fields[1], fields[3], *fields[4:]) if self._wide else \
                    (fields[0], fields[3], fields[5], *fields[1:3])
                yield _text(strings, name), value, size, info & 0xf, index


def read_image(image: str, path: Path) -> list:
    """The places that an ELF file names."""
    elf = _Elf(path)
    bits = IMAGES[image][1]
    found = []
    for name, value, size, kind, index in elf.symbols():
        if not name or kind in (_SECTION, _FILE) or not 0 < index < min(_ABSOLUTE, len(elf.section_names)):
            continue
        section = elf.section_names[index]
        address = value + (STAGE2_LINEAR if image == "stage2" and section == ".real" else 0)
        found.append(Symbol(name, address, size, bits.get(section, bits[""]), image, section))
    return found


def read_sections(path: Path) -> list:
    """(name, offset, section) of each label in an object file."""
    elf = _Elf(path)
    return [(name, value, elf.section_names[index]) for name, value, _, kind, index in elf.symbols()
            if name and kind not in (_SECTION, _FILE) and 0 < index < min(_ABSOLUTE, len(elf.section_names))]


class Symbols:
    """All of them; built from what `build` holds."""

    def __init__(self, build: Path) -> None:
        self.all = sorted((symbol for image, (file, _) in IMAGES.items() for symbol in read_image(image, build / file)),
                          key=lambda symbol: symbol.address)
        self._addresses = [symbol.address for symbol in self.all]

    def find(self, name: str, image: str = "") -> Symbol:
        """By name; of several, the kernel's."""
        found = [symbol for symbol in self.all if symbol.name == name and image in ("", symbol.image)]
        if not found:
            raise SymbolError(f"no symbol {name!r}" + (f" in {image}" if image else ""))
        return max(found, key=lambda symbol: symbol.image == "kernel")

    def addresses(self, name: str, image: str) -> list:
        """Of all symbols with a name."""
        return [symbol.address for symbol in self.all if symbol.name == name and symbol.image == image]

    def at(self, address: int):
        """The symbol at or before a linear address, or None before the first."""
        index = bisect.bisect_right(self._addresses, address)
        return self.all[index - 1] if index else None

    def write_bochs(self, path: Path) -> None:
        """For Bochs' `ldsym global`: `address name` lines. A loader's name that the kernel has too gets a prefix."""
        kernel = {symbol.name for symbol in self.all if symbol.image == "kernel"}
        path.write_text("".join(
            f"{symbol.address:x} {_bochs_name(symbol, kernel)}\n" for symbol in self.all))


def _bochs_name(symbol: Symbol, kernel: set) -> str:
    return f"{symbol.image}.{symbol.name}" if symbol.image != "kernel" and symbol.name in kernel else symbol.name
