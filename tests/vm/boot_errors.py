"""What the sources say of the loader's messages: the codes of boot/stage2/error.h, the texts of error.c, and that of
self_check.asm, which speaks before there is C."""
import re
from pathlib import Path

from conftest import ROOT

STAGE2 = Path(ROOT) / "boot" / "stage2"
README = Path(ROOT) / "boot" / "README.md"
STRINGS = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'


def _joined(literals: str) -> str:
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals))


def codes() -> dict:
    """Name -> (number, whether it is a warning)."""
    found = re.findall(r"^    (ERROR_\w+) = (\d+),?(?: +/\* (warning)?.*\*/)?$", (STAGE2 / "error.h").read_text(),
                       re.MULTILINE)
    return {name: (int(number), bool(warning)) for name, number, warning in found}


def texts() -> dict:
    """Number -> (sentence, remedy)."""
    numbers = codes()
    found = re.findall(rf"\{{(ERROR_\w+), {STRINGS},\s*{STRINGS}\}}", (STAGE2 / "error.c").read_text())
    texts = {numbers[name][0]: (_joined(sentence), _joined(remedy)) for name, sentence, remedy in found}
    return {**texts, **_of_self_check((STAGE2 / "self_check.asm").read_text())}


def _of_self_check(source: str) -> dict:
    code, sentence = re.search(r'"Astra boot error (\d+): ([^"]+)"', source).groups()
    return {int(code): (sentence, re.search(r'"  Remedy: ([^"]+)\."', source)[1])}


def documented() -> dict:
    """Number -> whether it is a warning, from the table in boot/README.md."""
    section = README.read_text().partition("## When something fails\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\d\d) \| (\*warning\*)?", section, re.MULTILINE)
    return {int(number): bool(warning) for number, warning in rows}
