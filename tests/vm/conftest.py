"""Fixtures of the guest tests."""
import os
import re
import subprocess
import sys
from dataclasses import dataclass

import pytest

ROOT = os.environ.get("ASTRA_ROOT", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tools"))

GUEST_LIMIT_S = 900


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="also the tests that take more than minutes")


def pytest_collection_modifyitems(config, items):
    """Long tests are left out, not skipped, unless asked for: a skip needs an explanation."""
    if config.getoption("--long"):
        return
    kept = [item for item in items if "long" not in item.keywords]
    config.hook.pytest_deselected(items=[item for item in items if "long" in item.keywords])
    items[:] = kept


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes more than minutes; run with --long")


@dataclass
class Result:
    status: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        return self.out.decode("utf-8", "replace")


@pytest.fixture
def astra():
    """Runs ./astra with arguments; a hung guest is a failure that shows its last console lines."""
    def run(*arguments, stdin: bytes = b"", limit_s: float = GUEST_LIMIT_S) -> Result:
        done = subprocess.run([os.path.join(ROOT, "astra"), *arguments], input=stdin, capture_output=True,
                              timeout=limit_s + 60)
        return Result(done.returncode, done.stdout, done.stderr)
    return run


@pytest.fixture
def guest_exec(astra):
    """Runs a command in a fresh guest through ./astra exec."""
    def run(*command, options=(), stdin: bytes = b"", timeout_s: float = GUEST_LIMIT_S) -> Result:
        return astra("exec", "--timeout", str(timeout_s), *options, "--", *command, stdin=stdin, limit_s=timeout_s)
    return run


@pytest.fixture
def console(tmp_path):
    """Where `checked_exec` leaves what the console said."""
    return tmp_path / "console"


@pytest.fixture
def checked_exec(astra, console):
    """For a `guest_exec` on four CPUs of another kernel, build/VARIANT: its console must show none of `reports`."""
    def make(variant: str, reports: re.Pattern, limit_s: float = GUEST_LIMIT_S):
        def run(*command, options=(), stdin: bytes = b"", timeout_s: float = limit_s) -> Result:
            result = astra("exec", "--timeout", str(timeout_s), "--smp", "4", "--image", f"{ROOT}/build/{variant}/astra.img",
                           "--console", str(console), *options, "--", *command, stdin=stdin, limit_s=timeout_s)
            text = console.read_text(errors="replace")
            assert not reports.search(text), "\n".join(reports.findall(text)) + text[-6000:]
            return result
        return run
    return make


@pytest.fixture
def guest_script(guest_exec):
    """Runs a shell script in a fresh guest; it must succeed. Returns its output."""
    def run(script: str, options=(), stdin: bytes = b"") -> str:
        result = guest_exec("sh", "-c", script, options=options, stdin=stdin)
        assert result.status == 0, f"status {result.status}\n{result.text}\n{result.err.decode(errors='replace')}"
        return result.text
    return run
