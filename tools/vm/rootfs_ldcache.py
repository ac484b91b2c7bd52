"""/etc/ld.so.cache as ldconfig writes it: which file has which shared library's name.

Format: glibc's sysdeps/generic/dl-cache.h ("glibc-ld.so.cache1.1"): a header of 48 bytes, 24 bytes a
library, strings. The loader searches it in halves, so the order is that of its own comparison, descending."""
import fnmatch
import functools
import posixpath
import re
import struct

from vm.rootfs_tree import Tree, file, link

MAGIC = b"glibc-ld.so.cache1.1"
HEADER = struct.Struct("<20sIIBxxxI12x")
RECORD = struct.Struct("<iIIIQ")
LITTLE_ENDIAN = 2
FLAGS_X86_64 = 0x0303          # FLAG_X8664_LIB64 | FLAG_ELF_LIBC6
DEFAULT_FOLDERS = ("/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib")
CONFIG = "etc/ld.so.conf"

# ELF-64 (System V ABI, "Object Files")
ELF_IDENT = b"\x7fELF\x02\x01"  # 64 bits, little-endian
ET_DYN, EM_X86_64 = 3, 62
PT_LOAD, PT_DYNAMIC = 1, 2
DT_NULL, DT_STRTAB, DT_SONAME = 0, 5, 14
EHDR = struct.Struct("<16xHHIQQQIHHHHHH")
PHDR = struct.Struct("<IIQQQQQQ")
DYN = struct.Struct("<qQ")


def _string(data, offset: int) -> str:
    return bytes(data[offset:offset + 256]).split(b"\0")[0].decode("utf-8", "replace")


def soname(data: bytes):
    """The DT_SONAME of an x86-64 shared library, "" when it has none, None when `data` is no such library."""
    try:
        if bytes(data[:6]) != ELF_IDENT:
            return None
        kind, machine, _, _, table, _, _, _, size, count, *_ = EHDR.unpack_from(data)
        headers = [PHDR.unpack_from(data, table + size * i) for i in range(count)]
        dynamic = next((header for header in headers if header[0] == PT_DYNAMIC), None)
        if kind != ET_DYN or machine != EM_X86_64 or dynamic is None:
            return None
        values = {}
        for offset in range(dynamic[2], dynamic[2] + dynamic[5], DYN.size):
            tag, value = DYN.unpack_from(data, offset)
            if tag == DT_NULL:
                break
            values[tag] = value
        if DT_SONAME not in values:
            return ""
        strings = values[DT_STRTAB]
        for kind, _, offset, address, _, filled, *_ in headers:
            if kind == PT_LOAD and address <= strings < address + filled:
                return _string(data, strings - address + offset + values[DT_SONAME])
    except (struct.error, KeyError):
        pass
    return None


def compare(first: str, second: str) -> int:
    """_dl_cache_libcmp: runs of digits compare as numbers and come after other characters."""
    left, right = (re.findall(r"\d+|\D", text) for text in (first, second))
    for a, b in zip(left, right):
        if a.isdigit() and b.isdigit():
            if int(a) != int(b):
                return int(a) - int(b)
        elif a.isdigit() or b.isdigit():
            return 1 if a.isdigit() else -1
        elif a != b:
            return ord(a) - ord(b)
    return len(left) - len(right)


def _configured(tree: Tree, path: str, depth: int = 0) -> list:
    """The folders that ld.so.conf names, in order."""
    entry, folders = tree.find(path), []
    if entry is None or depth > 8:
        return folders
    for line in bytes(entry.data).decode("utf-8", "replace").splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("include"):
            pattern = posixpath.join("/" + posixpath.dirname(path), line.removeprefix("include").strip())
            folder, name = posixpath.split(pattern.strip("/"))
            for child in fnmatch.filter(tree.children(folder), name):
                folders += _configured(tree, f"{folder}/{child}", depth + 1)
        elif line:
            folders.append(line.split("=")[0].rstrip("/"))
    return folders


def _key(tree: Tree, folder: str, name: str):
    """The name by which programs ask for the library `name`, or None when it is none."""
    real = tree.find(f"{folder}/{name}")
    found = soname(real.data) if real is not None and real.is_file else None
    if found is None:
        return None
    if not tree.entries[tree.place(f"{folder}/{name}")].is_link:
        return found or name
    for_linking = name.endswith(".so") and found.startswith(name)  # libx.so -> libx.so.1, which ld(1) looks for
    return name if for_linking else found or name


def libraries(tree: Tree) -> list:
    """Absolute paths by the names programs ask for, those of earlier folders first; makes the links that ldconfig makes."""
    found, seen = [], set()
    for folder in [*_configured(tree, CONFIG), *DEFAULT_FOLDERS]:
        real = tree.resolve(folder)
        if real in seen:
            continue
        seen.add(real)
        names = [name for name in tree.children(folder) if re.match(r"(lib.*|ld-.*)\.so", name)]
        for name in sorted(names, key=functools.cmp_to_key(compare), reverse=True):
            key = _key(tree, folder, name)
            if key and f"{folder}/{key}" not in found:
                tree.put_new(f"{folder}/{key}", link(name))
                found.append(f"{folder}/{key}")
    return found


def encode(paths: list) -> bytes:
    """The cache; of equal names the first is the one that is used."""
    order = functools.cmp_to_key(lambda first, second: compare(posixpath.basename(second), posixpath.basename(first)))
    strings, records = bytearray(), bytearray()
    base = HEADER.size + RECORD.size * len(paths)
    for path in sorted(paths, key=order):
        key = base + len(strings) + path.rindex("/") + 1  # the file's name is the library's
        records += RECORD.pack(FLAGS_X86_64, key, base + len(strings), 0, 0)
        strings += path.encode("utf-8", "surrogateescape") + b"\0"
    return HEADER.pack(MAGIC, len(paths), len(strings), LITTLE_ENDIAN, 0) + records + strings


def install(tree: Tree) -> None:
    tree.put("etc/ld.so.cache", file(encode(libraries(tree))))
