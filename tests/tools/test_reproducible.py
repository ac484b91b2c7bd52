"""Two builds of one commit, in different folders, at different times and with different -j, give the same bytes."""
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("ASTRA_ROOT", Path(__file__).parents[2]))
OUTPUTS = ("boot/stage1.bin", "boot/stage2.bin", "kernel.elf", "boot/kernel.elf", "boot/ramfs.cpio", "astra.img")


def build(folder: Path, jobs: int) -> Path:
    """A clone of the checked-out commit, built. What was downloaded is copied, not downloaded again."""
    subprocess.run(["git", "clone", "--quiet", "--shared", str(ROOT), str(folder)], check=True)
    payload = ROOT / "build" / "payload"
    if payload.exists():
        shutil.copytree(payload, folder / "build" / "payload", symlinks=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "SOURCE_DATE"))}
    result = subprocess.run(["make", f"-j{jobs}"], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert result.returncode == 0, result.stdout[-3000:]
    return folder / "build"


def test_two_builds_are_the_same(tmp_path):
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: there is no commit to build twice")
    first = build(tmp_path / "a", 1)
    second = build(tmp_path / "deeper" / "other", 4)
    for name in OUTPUTS:
        assert (first / name).read_bytes() == (second / name).read_bytes(), f"{name} differs"
