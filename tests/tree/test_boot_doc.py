"""docs/boot.md agrees with the build: every code fragment, every address. tests/tree/boot_page.py has the notation."""
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(Path(__file__).parent)]

import boot_page
from vm.symbols import IMAGES, Symbols

PAGE = (ROOT / "docs" / "boot.md").read_text()
CODE = [block for block in boot_page.blocks(PAGE) if block.kind == "from"]
ROWS = boot_page.table(PAGE)
BY_FILE = [row for row in ROWS if "/" in row[1]]


@pytest.mark.parametrize("block", CODE, ids=lambda block: f"{block.argument}: {block.text.split(chr(10))[0].strip()}")
def test_code_is_that_of_the_tree(block):
    found = boot_page.occurs(block.text, (ROOT / block.argument).read_text())
    assert found, f"{block.argument} no longer has these lines:\n{block.text}"


def test_every_number_is_accounted_for():
    listed = [number for number, _, _ in ROWS]
    assert len(set(listed)) == len(listed), "a number twice"
    missing = boot_page.numbers(PAGE) - boot_page.checked_numbers(PAGE) - set(listed)
    unused = set(listed) - boot_page.numbers(PAGE)
    assert not missing, f"not in the table: {sorted(map(hex, missing))}"
    assert not unused, f"in the table alone: {sorted(map(hex, unused))}"


def test_numbers_of_the_headers(tmp_path):
    rows = [row for row in ROWS if row[1] == "c"]
    values = boot_page.evaluate_c(ROOT, tmp_path, [expression for _, _, expression in rows])
    assert rows and [(hex(value), *rest) for value, *rest in rows] == \
        [(hex(value), *rest) for value, (_, *rest) in zip(values, rows)]


def test_numbers_of_the_symbols():
    symbols = Symbols(ROOT / "build")
    rows = [row for row in ROWS if row[1] in IMAGES]
    assert rows
    for number, image, name in rows:
        assert hex(symbols.find(name, image).address) == hex(number), name


@pytest.mark.parametrize("number, file, name", BY_FILE, ids=lambda value: value if isinstance(value, str) else hex(value))
def test_numbers_of_the_sources(number, file, name):
    assert hex(boot_page.constant(boot_page.source_text(ROOT / file), name)) == hex(number)


def test_other_numbers_name_their_source():
    rest = [row for row in ROWS if row[1] not in ("c", *IMAGES) and "/" not in row[1]]
    assert rest
    for _, kind, source in rest:
        assert kind == "spec" and source.startswith(boot_page.SPECIFICATIONS), source


# ---- the checks find what they are for ------------------------------------------------------------------------------

def test_a_changed_fragment_is_found():
    source = "int a;\n    if (b)\n        c();\n    d();\n"
    assert boot_page.occurs("if (b)\n    c();\n", source)
    assert boot_page.occurs("int a;\n...\nd();\n", source)
    assert not boot_page.occurs("if (b)\n    e();\n", source)
    assert not boot_page.occurs("if (b)\nc();\n", source)
    assert not boot_page.occurs("d();\n...\nint a;\n", source)


def test_numbers_in_text_and_diagrams_are_seen():
    page = "At 0x10.\n```\n0x20\n```\n<!-- from a -->\n```\n0x30\n```\n<!-- numbers\n0x40 = c 64\n-->\n"
    assert boot_page.numbers(page) == {0x10, 0x20}
    assert boot_page.table(page) == [(0x40, "c", "64")]


def test_constants_are_evaluated():
    source = "#define A 0x10u /* x */\nB equ A + 1 ; y\nenum { C = B * 2, D = 5 };\n#define E BIT(C - 30)\n"
    assert [boot_page.constant(source, name) for name in "ABCDE"] == [16, 17, 34, 5, 16]
    with pytest.raises(KeyError):
        boot_page.constant(source, "F")
