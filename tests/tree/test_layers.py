"""The tree keeps its shape: layers include only what stands to their left, no cycles, a small core."""
import re
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)

# Left to right; entries of one set may include each other. The same list is in kernel/README.md.
LAYERS = [
    {"boot"}, {"lib"}, {"kernel/arch"}, {"kernel/log", "kernel/sync"}, {"kernel/random"}, {"kernel/mm"},
    {"kernel/view"}, {"kernel/firmware"}, {"kernel/irq", "kernel/time"}, {"kernel/sched"}, {"kernel/task"}, {"kernel/vm"},
    {"fs/vfs"}, {"fs/ramfs", "fs/devfs"}, {"kernel/device", "kernel/block", "kernel/tty", "kernel/input", "kernel/display"},
    {"drivers", "fs/kernelfs", "fs/procfs", "fs/filesystems.c", "fs/filesystems.h"}, {"kernel/ipc"}, {"kernel/proc"}, {"kernel/sys"},
    {"kernel/trap"}, {"kernel/main.c", "kernel/main.h"},
]
# Beside the layers: every layer may use it to find itself bugs, and it may read them all.
BESIDE = ("kernel/debug",)
CORE = ("lib", "kernel/arch", "kernel/sync", "kernel/mm", "kernel/sched", "kernel/task", "kernel/vm", "kernel/proc", "kernel/trap")
CORE_LINES_MAX = 10_000
LOADER = "boot/stage"


def sources(*suffixes):
    for top in ("boot", "lib", "kernel", "fs", "drivers", "net"):
        for path in sorted((ROOT / top).rglob("*")):
            if path.suffix in suffixes:
                yield path.relative_to(ROOT)


@lru_cache(maxsize=None)
def rank(path: str):
    """Position of a file's layer; None beside the layers."""
    if path.startswith(BESIDE):
        return None
    for position, layer in enumerate(LAYERS):
        if any(path == part or path.startswith(part + "/") for part in layer):
            return position
    raise AssertionError(f"{path} is in no layer: add its folder to the list")


def includes(path: Path):
    return INCLUDE.findall((ROOT / path).read_text())


def is_self_test(path: Path) -> bool:
    return path.stem.endswith("_test")


def test_layers_look_left_only():
    wrong = []
    for path in sources(".c", ".h"):
        if str(path).startswith(LOADER) or is_self_test(path):
            continue
        mine = rank(str(path))
        for included in includes(path):
            theirs = rank(included)
            if mine is not None and theirs is not None and theirs > mine:
                wrong.append(f"{path} includes {included}")
    assert not wrong, "\n".join(wrong)


def test_no_include_cycles():
    graph = {str(path): [name for name in includes(path)] for path in sources(".h")}
    done, active = set(), []

    def visit(name):
        if name in done:
            return
        assert name not in active, " -> ".join(active[active.index(name):] + [name])
        active.append(name)
        for following in graph.get(name, []):
            visit(following)
        active.pop()
        done.add(name)

    for name in graph:
        visit(name)


def test_no_extern_in_c_files():
    found = [str(path) for path in sources(".c") if re.search(r"^extern\b", (ROOT / path).read_text(), re.MULTILINE)]
    assert not found, found


def test_no_unfinished_marks():
    mark = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = [str(path) for path in sources(".c", ".h", ".asm") if mark.search((ROOT / path).read_text())]
    assert not found, found


def test_core_stays_small():
    counted = {part: 0 for part in CORE}
    for path in sources(".c", ".h", ".asm"):
        for part in CORE:
            if str(path).startswith(part + "/") and not is_self_test(path):
                counted[part] += len((ROOT / path).read_text().splitlines())
    assert sum(counted.values()) <= CORE_LINES_MAX, counted


def test_a_wrong_include_is_found(tmp_path):
    """The check itself: a core file that looks right must be noticed."""
    assert rank("kernel/mm/page.h") < rank("kernel/sched/thread.h") < rank("fs/vfs/file.h") < rank("kernel/main.c")
