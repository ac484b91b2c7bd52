"""A boot disk with the probe kernel on it, and the ways to spoil it."""
import re
import struct
import subprocess
from pathlib import Path

import hostile
from loader_boot import BUILD, PARTITION, SECTOR, mtool, patch, replace

STAGE2 = 8 * SECTOR
STAGE2_ORIGIN = 0x20000
TABLE = 446
CLUSTER_NOWHERE = 0x0ABCDEF0
PADDR, VADDR, FILE_SIZE, MEMORY_SIZE = 24, 16, 32, 40  # fields of a program header
PROGRAM_HEADER, PT_LOAD = 56, 1


def change_segments(kernel: bytes, field: int, change) -> bytes:
    """Changes a field of every LOAD segment of an ELF file."""
    kernel = bytearray(kernel)
    table, = struct.unpack_from("<Q", kernel, 32)
    for at in range(table, table + PROGRAM_HEADER * struct.unpack_from("<H", kernel, 56)[0], PROGRAM_HEADER):
        if struct.unpack_from("<I", kernel, at)[0] == PT_LOAD:
            value, = struct.unpack_from("<Q", kernel, at + field)
            struct.pack_into("<Q", kernel, at + field, change(value) % 2**64)
    return bytes(kernel)


def grow_last_segment(kernel: bytes, nbytes: int) -> bytes:
    count = []
    change_segments(kernel, VADDR, lambda address: count.append(address) or address)
    turns = iter(range(len(count)))
    return change_segments(kernel, MEMORY_SIZE, lambda size: size + (nbytes if next(turns) == len(count) - 1 else 0))


def invalid_first_instruction(kernel: bytes) -> bytes:
    """UD2 at the entry point."""
    kernel = bytearray(kernel)
    entry, segments = struct.unpack_from("<QQ", kernel, 24)
    offset, address = struct.unpack_from("<QQ", kernel, segments + 8)
    struct.pack_into("BB", kernel, entry - address + offset, 0x0F, 0x0B)
    return bytes(kernel)


class SpoiledDisk:
    """`image` is what QEMU gets as its disk."""

    def __init__(self, image: str, parts: dict, folder: Path) -> None:
        self.image, self._parts, self._folder = image, parts, folder

    def patch(self, offset: int, data: bytes) -> None:
        patch(self.image, offset, data)

    def delete(self, name: str) -> None:
        mtool(self.image, "mdel", f"::boot/{name}")

    def write(self, name: str, data: bytes) -> None:
        replace(self.image, name, data, self._folder)

    def kernel(self, change) -> None:
        self.write("kernel.elf", change(Path(self._parts["kernel"]).read_bytes()))

    def unsealed_kernel(self, change=lambda kernel: kernel) -> None:
        self.write("kernel.elf", change(Path(self._parts["kernel"] + ".unsealed").read_bytes()))

    def ramfs(self, change) -> None:
        self.write("ramfs.cpio", change((self._folder / "ramfs.cpio").read_bytes()))

    def break_chain(self, name: str) -> None:
        """Makes the FAT entry behind a file's first cluster point outside the volume."""
        listing = subprocess.run(["mshowfat", "-i", f"{self.image}@@{PARTITION}", f"::boot/{name}"], check=True,
                                 capture_output=True, text=True).stdout
        cluster = int(re.search(r"<(\d+)", listing).group(1)) + 1
        with open(self.image, "rb") as file:
            file.seek(PARTITION)
            reserved, = struct.unpack_from("<H", file.read(SECTOR), 14)
        self.patch(PARTITION + reserved * SECTOR + cluster * 4, struct.pack("<I", CLUSTER_NOWHERE))

    def unreadable(self, lba: int) -> None:
        """Every read that touches the sector fails."""
        errors = self._folder / "errors"
        errors.write_text(f'[inject-error]\nevent = "read_aio"\nerrno = "5"\nsector = "{lba}"\n')
        self.image = f"blkdebug:{errors}:{self.image}"

    def stage2(self, symbol: str, old: bytes, new: bytes) -> None:
        """Writes over the first `old` at or behind a function of stage2; its checksum is made right again."""
        names = subprocess.run(["nm", f"{BUILD}/boot/stage2.elf"], check=True, capture_output=True, text=True).stdout
        start = int(re.search(rf"^(\w+) \w {symbol}$", names, re.MULTILINE)[1], 16) - STAGE2_ORIGIN
        stage2 = bytearray(Path(self._parts["stage2"]).read_bytes())
        at = stage2.index(old, start)
        stage2[at:at + len(new)] = new
        changed = self._folder / "stage2.bin"
        changed.write_bytes(stage2)
        self._rebuild(changed)

    def hostile_bios(self, faults: dict) -> None:
        """Behind the misbehaving BIOS, with the stage2 that has its stuck ports."""
        self._rebuild(self._parts["stuck"])
        hostile.install(self.image, self._parts["hostile"], faults)

    def _rebuild(self, stage2: Path) -> None:
        rebuilt = self._folder / "rebuilt.img"
        line = [self._parts["mkimage"], "--stage1", self._parts["stage1"], "--stage2", stage2, "--kernel",
                self._parts["kernel"], "--ramfs", self._folder / "ramfs.cpio", "--config", self._folder / "astra.cfg",
                "--readme", self._folder / "README.txt", "-o", rebuilt]
        subprocess.run([str(word) for word in line], check=True, capture_output=True)
        self.image = str(rebuilt)
