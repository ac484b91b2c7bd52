"""The kernel's own tests, its reports of bugs in itself, and its monitor."""
import re

import pytest

from terminal import Terminal

# What crash=KIND must be explained as.
REPORTS = {
    "null": r"write at 0x[0-9a-f]+, an address near NULL: it is not mapped",
    "text": r"the kernel's text: it is read-only",
    "alias": r"the direct map: it is read-only",
    "execute": r"execution at 0x[0-9a-f]+, the kernel's data: it is no-execute",
    "non-canonical": r"general protection",
    "stack": r"kernel stack overflow",
    "overrun": r"stack guard overwritten",
    "assert": r"assertion failed: hidden\(1\) == 2",
    "divide": r"divide error",
    "double-free": r"page\.c:\d+: assertion failed",
}


def test_selftests():
    with Terminal("--append", "selftest panic=exit") as terminal:
        planned = terminal.expect(r"# pass:\d+ fail:\d+\n", limit_s=120)
    failed = re.findall(r".*not ok.*|.*: # /?[\w/]+\.c:.*", planned)
    assert not failed, "\n".join(failed)
    count = int(re.search(r"1\.\.(\d+)", planned).group(1))
    assert count == len(re.findall(r"ok \d+ ", planned)) and count > 20


@pytest.mark.parametrize("kind", REPORTS)
def test_bug_is_explained(kind):
    with Terminal("--append", f"crash={kind} panic=exit") as terminal:
        terminal.expect(REPORTS[kind], limit_s=60)
        terminal.expect(r"call chain, innermost first:")
        terminal.expect(r"(crash_\w+|recurse\S*|debug_run_requested)\+")


def test_monitor():
    with Terminal("--append", "init=monitor panic=exit") as terminal:
        terminal.expect("monitor> ", limit_s=60)
        terminal.type("sym kernel_main\r")
        terminal.expect(r"[0-9a-f]{16} kernel_main\+0")
        terminal.type("pagewalk kernel_main\r")
        terminal.expect(r"PTE .* present read-only")
        terminal.type("mem 0\r")
        terminal.expect("not mapped")
        terminal.type("dmesg\r")
        terminal.expect("mm: ")
