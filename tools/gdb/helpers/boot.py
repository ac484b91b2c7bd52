"""`bootinfo`, `e820`: what the loader found and hands to the kernel."""
import gdb
from helpers import machine
from helpers.command import Command, table

MAGIC = b"ASTRABI1"
FIRMWARE_TYPES = {1: "usable", 2: "reserved", 3: "ACPI tables", 4: "ACPI NVS", 5: "bad"}  # ACPI 6.4 table 15-374
_SHOWN_ELSEWHERE = ("ranges", "raw_ranges", "cmdline")


def boot_info() -> gdb.Value:
    """The kernel's copy once it has one, else the loader's."""
    if machine.in_kernel():
        copy = machine.kernel_value("boot_info")
        if int(copy["magic"]).to_bytes(8, "little") == MAGIC:
            return copy
    info = machine.physical_struct("struct boot_info", machine.LOADER_INFO_PHYS)
    if int(info["raw_range_count"]) > 128 or int(info["range_count"]) > 128:
        raise gdb.GdbError("the loader has not begun to fill in its boot information")
    return info


def _type_name(number: int, sanitised: bool) -> str:
    if not sanitised:
        return FIRMWARE_TYPES.get(number, f"type {number}")
    names = {field.enumval: field.name for field in gdb.lookup_type("enum boot_mem_type").fields()}
    return names.get(number, f"type {number}").removeprefix("BOOT_MEM_").lower()


class E820(Command):
    """e820: the memory map as the firmware gave it, and the sanitised one that the kernel gets."""
    name = "e820"

    def run(self, words: list) -> None:
        info = boot_info()
        self._show("As the firmware says", info["raw_ranges"], int(info["raw_range_count"]), False)
        self._show("Sanitised", info["ranges"], int(info["range_count"]), True)

    @staticmethod
    def _show(title: str, ranges: gdb.Value, count: int, sanitised: bool) -> None:
        print(f"{title}: {count} ranges")
        rows = []
        for number in range(count):
            base, length = int(ranges[number]["base"]), int(ranges[number]["length"])
            rows.append((f"  {base:#018x}", f"{base + length - 1:#018x}", f"{length >> 10} KiB",
                         _type_name(int(ranges[number]["type"]), sanitised)))
        if rows:
            table(rows, right=(2,))


def _text(value: gdb.Value) -> str:
    """A number in hexadecimal, characters as text, structures field by field on one line."""
    kind = value.type.strip_typedefs()
    if kind.code == gdb.TYPE_CODE_ARRAY and kind.target().sizeof == 1:
        data = bytes(int(value[i]) & 0xff for i in range(kind.range()[1] + 1)).rstrip(b"\0 ")
        return repr(data.decode("ascii", "backslashreplace")) if data else "-"
    if kind.code == gdb.TYPE_CODE_STRUCT:
        return ", ".join(f"{field.name} {_text(value[field.name])}" for field in kind.fields())
    return f"{int(value):#x}"


def _flags(value: int, enum: str, prefix: str) -> str:
    names = [field.name for field in gdb.lookup_type(f"enum {enum}").fields() if value & field.enumval]
    return " ".join(name.removeprefix(prefix).lower() for name in names) or "none"


class BootInfo(Command):
    """bootinfo: the loader's boot information (boot/bootinfo.h), every field; the memory maps are `e820`."""
    name = "bootinfo"

    def run(self, words: list) -> None:
        info = boot_info()
        magic = int(info["magic"]).to_bytes(8, "little")
        print("Boot information" + ("" if magic == MAGIC else ": the loader is still at it"))
        for field in info.type.fields():
            value = info[field.name]
            if field.name in _SHOWN_ELSEWHERE or field.name.startswith("reserved"):
                continue
            if value.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT:
                self._structure(field.name, value)
            else:
                print(f"  {field.name:<18} {self._value(field.name, value)}")
        print(f"  {'cmdline':<18} {info['cmdline'].string()!r}")

    @staticmethod
    def _value(name: str, value: gdb.Value) -> str:
        number = int(value)
        if name == "magic":
            return f"{number:#x} {number.to_bytes(8, 'little').decode('ascii', 'backslashreplace')!r}"
        if name == "flags":
            return f"{number:#x} {_flags(number, 'boot_info_flags', 'BOOT_INFO_')}"
        return f"{number:#x}" if number > 9 else str(number)

    @staticmethod
    def _structure(name: str, value: gdb.Value) -> None:
        print(f"  {name}")
        for field in value.type.fields():
            if not field.name.startswith("reserved"):
                print(f"    {field.name:<16} {_text(value[field.name])}")
