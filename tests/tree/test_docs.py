"""The documents agree with the tree: what is generated is up to date, what is named exists."""
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import test_layers

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(path.relative_to(ROOT) for path in
                   [*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("tools/*/README.md"),
                    *ROOT.glob("docs/**/*.md")])
# `kernel/mm/page.h`, `boot/`: a path in code quotes that starts with a folder of the tree.
QUOTED_PATH = re.compile(r"`((?:boot|docs|drivers|fs|kernel|lib|net|tests|tools|user)/[\w./-]*)`")
ON_THE_IMAGE = {"boot/kernel.elf", "boot/ramfs.cpio"}
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
FUNCTION = re.compile(r"`([a-z]\w*_\w+)(?:\(\))?`")


def test_list_of_system_calls_is_up_to_date():
    result = subprocess.run([sys.executable, str(ROOT / "tools" / "syscalls.py"), "--check"],
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_named_files_exist(document):
    text = (ROOT / document).read_text()
    paths = [ROOT / name for name in QUOTED_PATH.findall(text) if name not in ON_THE_IMAGE]
    paths += [(ROOT / document).parent / name for name in LINK.findall(text)]
    missing = [str(path) for path in paths if not path.exists()]
    assert not missing, missing


@pytest.mark.parametrize("document", ["kernel/README.md", "docs/boot.md", "docs/ipc.md", "docs/memory.md", "docs/processes.md",
                                      "docs/scheduling.md", "docs/sockets.md"])
def test_named_functions_exist(document):
    """What these tell along the code must be found in the code."""
    code = "\n".join(path.read_text() for top in ("boot", "lib", "kernel", "fs", "drivers", "net")
                     for path in (ROOT / top).rglob("*") if path.suffix in (".c", ".h", ".asm", ".ld"))
    words = set(re.findall(r"\w+", code))
    missing = [name for name in FUNCTION.findall((ROOT / document).read_text()) if name not in words]
    assert not missing, missing


def test_layers_are_listed_as_they_are_checked():
    block = (ROOT / "kernel" / "README.md").read_text().split("## Layers")[1].split("```")[1]
    listed = [set(re.split(r"   +", line)[0].split()) for line in block.strip().splitlines()]
    assert listed == test_layers.LAYERS


def test_every_lock_has_its_place():
    text = (ROOT / "kernel" / "README.md").read_text().split("### Order")[1].split("\n## ")[0]
    classes = set()
    for path in filter(lambda path: not test_layers.is_self_test(path), test_layers.sources(".c")):
        classes |= set(re.findall(r'^DEFINE_LOCK_CLASS\(\w+, "([^"]+)"\)', (ROOT / path).read_text(), re.MULTILINE))
    missing = [name for name in sorted(classes) if f'"{name}"' not in re.sub(r"\s+", " ", text)]
    assert len(classes) > 50 and not missing, missing
    listed = set(re.findall(r'"([^"]+)"', re.sub(r"\s+", " ", text)))
    assert listed <= classes, listed - classes


@pytest.mark.parametrize("folder", ["docs", "docs/decisions", "docs/tours"])
def test_every_page_is_in_its_index(folder):
    index = (ROOT / folder / "README.md").read_text()
    missing = [page.name for page in (ROOT / folder).glob("*.md") if page.name != "README.md" and f"({page.name})" not in index]
    assert not missing, missing


def test_size_of_the_core_is_told():
    """The limit to the line, today's sizes about: they change with every commit."""
    text = (ROOT / "docs" / "decisions" / "core-size.md").read_text()
    assert f"The limit stands at {test_layers.CORE_CODE_LINES_MAX:,} lines" in text
    told = int(re.search(r"^\| together \| ([\d,]+) \|$", text, re.MULTILINE)[1].replace(",", ""))
    measured = sum(test_layers.core_size.measure().values())
    assert abs(told - measured) < measured * 0.02, f"told {told}, measured {measured}"


def test_stressors_left_out_are_told():
    table = (ROOT / "docs" / "stress.md").read_text().split("## What is left out")[1].split("\nThese skip")[0]
    told = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)}
    skips = (ROOT / "tests" / "vm" / "stress_ng.py").read_text().split("SKIPS = {")[1].split("\n}")[0]
    assert told == set(re.findall(r'^    "([^"]+)":', skips, re.MULTILINE))
