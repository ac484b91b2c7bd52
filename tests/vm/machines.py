"""The PCs of the boot matrix: what they may be made of, and the emulators' command lines for them."""
from dataclasses import dataclass

# How the boot disk hangs on the machine; {d} is the drive.
DISKS = {
    "ide": ["ide-hd,drive={d}"],
    "q35-ahci": ["ide-hd,drive={d}"],
    "q35-ide": ["piix3-ide,id=i", "ide-hd,drive={d},bus=i.0"],
    "ahci": ["ich9-ahci,id=a", "ide-hd,drive={d},bus=a.0"],
    "virtio-blk": ["virtio-blk-pci,drive={d}"],
    "virtio-scsi": ["virtio-scsi-pci,id=s", "scsi-hd,drive={d},bus=s.0"],
    "nvme": ["nvme,drive={d},serial=1"],
    "nvme-4096": ["nvme,drive={d},serial=1,logical_block_size=4096,physical_block_size=4096"],
    "lsi": ["lsi53c895a,id=s", "scsi-hd,drive={d},bus=s.0"],
    "megasas": ["megasas,id=s", "scsi-hd,drive={d},bus=s.0"],
    "pvscsi": ["pvscsi,id=s", "scsi-hd,drive={d},bus=s.0"],
    "sdhci": ["sdhci-pci", "sd-card,drive={d}"],
    "xhci": ["qemu-xhci,id=u", "usb-storage,drive={d},bus=u.0"],
    "nec-xhci": ["nec-usb-xhci,id=u", "usb-storage,drive={d},bus=u.0"],
    "ehci": ["usb-ehci,id=u", "usb-storage,drive={d},bus=u.0"],
    "uhci": ["piix3-usb-uhci,id=u", "usb-storage,drive={d},bus=u.0"],
}
# The same with other contents: the disk's size, and the sector size the image was made for.
VARIANTS = {
    "ide-3t": ("ide", "3T", 512),
    "ahci-3t": ("ahci", "3T", 512),
    "sdhci": ("sdhci", "64M", 512),  # a card of QEMU has a power of two bytes
    "nvme-4096-native": ("nvme-4096", None, 4096),
}
SCREENS = {"std": "VGA", "cirrus": "cirrus-vga", "virtio": "virtio-vga", "qxl": "qxl-vga", "vmware": "vmware-svga",
           "isa": "isa-vga", "none": None}

SPARSE_FROM_MIB = 2048


@dataclass(frozen=True)
class Machine:
    board: str = "pc"
    disk: str = "ide"
    memory_mib: int = 128
    cpu: str = "qemu64"
    cpus: int = 1
    apic: bool = True
    acpi: bool = True
    nx: bool = True
    big_pages: bool = False
    screen: str = "std"
    serial: bool = True
    keyboard: bool = True

    def __str__(self) -> str:
        words = [self.board, self.disk, f"{self.memory_mib}M", self.cpu, f"{self.cpus}cpu", self.screen]
        words += [f"no-{part}" for part in ("apic", "acpi", "nx", "serial", "keyboard") if not getattr(self, part)]
        return "-".join(words + (["1g"] if self.big_pages else []))

    @property
    def image_sector(self) -> int:
        return VARIANTS.get(self.disk, (None, None, 512))[2]

    @property
    def disk_size(self):
        return VARIANTS.get(self.disk, (None, None, 512))[1]

    def _board(self) -> list:
        options = [self.board]
        if not self.acpi and self.board != "isapc":
            options.append("acpi=off")
        if not self.keyboard:
            options.append("i8042=off")
        if self.memory_mib >= SPARSE_FROM_MIB:
            options.append("memory-backend=ram")
        line = ["-machine", ",".join(options), "-m", f"{self.memory_mib}M"]
        if self.memory_mib >= SPARSE_FROM_MIB:
            line += ["-object", f"memory-backend-ram,id=ram,size={self.memory_mib}M,reserve=off"]
        return line

    def _cpu(self) -> list:
        flags = ["" if self.apic else "-apic", "" if self.nx else "-nx", "+pdpe1gb" if self.big_pages else "-pdpe1gb"]
        return ["-cpu", ",".join(filter(None, [self.cpu, *flags])), "-smp", str(self.cpus)]

    def arguments(self, image: str) -> list:
        """QEMU's, but for serial ports and how to watch it. The image is not changed."""
        kind = VARIANTS.get(self.disk, (self.disk,))[0]
        if kind == "ide" and self.board == "q35":
            kind = "q35-ide"
        line = ["-nodefaults", "-no-user-config", "-accel", "tcg", "-display", "none", "-no-reboot", "-nic", "none",
                "-vga", "none", *self._board(), *self._cpu(),
                "-drive", f"file={image},if=none,id=d,snapshot=on"]
        for device in DISKS[kind]:
            line += ["-device", device.format(d="d")]
        if SCREENS[self.screen]:
            line += ["-device", SCREENS[self.screen]]
        return line
