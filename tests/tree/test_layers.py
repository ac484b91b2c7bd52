"""The tree keeps its shape: layers include only what stands to their left, no cycles, a small core."""
import re
import sys
from functools import lru_cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import core_size

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)

# Left to right; entries of one set may include each other. The same list is in kernel/README.md.
LAYERS = [
    {"boot"}, {"lib"}, {"kernel/arch"}, {"kernel/log", "kernel/sync"}, {"kernel/random"}, {"kernel/mm"},
    {"kernel/view"}, {"kernel/firmware"}, {"kernel/irq", "kernel/time"}, {"kernel/sched"}, {"kernel/task"}, {"kernel/vm"},
    {"fs/vfs"}, {"fs/ramfs"}, {"fs/devfs"}, {"fs/devpts"},
    {"kernel/device", "kernel/block", "kernel/tty", "kernel/input", "kernel/display", "kernel/runtime"},
    {"drivers", "fs/kernelfs", "fs/procfs", "fs/filesystems.c", "fs/filesystems.h"}, {"net"},
    {"kernel/ipc"}, {"kernel/proc"}, {"kernel/sys"},
    {"kernel/trap"}, {"kernel/start_cpus.c", "kernel/start_cpus.h"}, {"kernel/main.c", "kernel/main.h"},
]
# Beside the layers. kernel/debug: every layer may use it to find itself bugs, and it may read them all.
# kernel/vdso: code of programs, linked by itself, that shares headers with the kernel.
BESIDE = ("kernel/debug", "kernel/vdso")
CORE_CODE_LINES_MAX = 16_800  # docs/decisions/core-size.md
LOADER = "boot/stage"
PROGRAM = ("boot", "lib", "kernel", "fs", "drivers", "net", "user", "tools")


def sources(*suffixes, tops=("boot", "lib", "kernel", "fs", "drivers", "net")):
    for top in tops:
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


def looks_right(path: str, included: str) -> bool:
    mine, theirs = rank(path), rank(included)
    return mine is not None and theirs is not None and theirs > mine


def test_layers_look_left_only():
    wrong = [f"{path} includes {included}"
             for path in sources(".c", ".h")
             if not str(path).startswith(LOADER) and not is_self_test(path)
             for included in includes(path) if looks_right(str(path), included)]
    assert not wrong, "\n".join(wrong)


def test_a_wrong_include_is_found():
    assert looks_right("kernel/mm/page.c", "kernel/sched/thread.h")
    assert looks_right("kernel/vm/fault.c", "fs/vfs/file.h")
    assert not looks_right("kernel/vm/fault.c", "kernel/mm/page.h")
    assert not looks_right("kernel/mm/page.c", "kernel/debug/probe.h")


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
    found = [str(path) for path in sources(".c", tops=(*PROGRAM, "tests")) if re.search(r"^\s*extern\b", (ROOT / path).read_text(), re.MULTILINE)]
    assert not found, found


def test_no_unfinished_marks():
    mark = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = [str(path) for path in sources(".c", ".h", ".asm", tops=(*PROGRAM, "tests")) if mark.search((ROOT / path).read_text())]
    assert not found, found


def test_private_headers_stay_private():
    """X_internal.h is for the files beside it."""
    wrong = [f"{path} includes {name}" for path in sources(".c", ".h", ".asm") for name in includes(path)
             if name.endswith("_internal.h") and Path(name).parent != path.parent]
    assert not wrong, "\n".join(wrong)


def test_core_stays_small():
    sizes = core_size.measure()
    assert sum(sizes.values()) <= CORE_CODE_LINES_MAX, "\n" + core_size.table()


def test_code_lines_are_counted_without_comments(tmp_path):
    sample = tmp_path / "sample.c"
    sample.write_text('/* one\n * two */\nint a; // three\n\nconst char *s = "/* code */";\n// four\n')
    assert core_size.code_lines(sample) == 2
    sample = tmp_path / "sample.asm"
    sample.write_text("; comment\n\nmov eax, 1 ; why\n")
    assert core_size.code_lines(sample) == 1
