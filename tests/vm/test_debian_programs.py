"""Databases, languages and tools of Debian, unmodified, each with something to do: debian_programs.py."""
import pytest

from debian_programs import GROUPS
from test_rootfs import make_root

MEMORY = "3500M"
SMP = 2
COMMAND_LIMIT_S = 300
PRELUDE = f"""export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=vt100
cd /tmp
attempt() {{
    if timeout {COMMAND_LIMIT_S} bash -c "$2" >/tmp/said 2>&1; then echo "ok $1"; else echo "$1: status $?"; tail -30 /tmp/said; fi
}}
"""


def quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


@pytest.mark.long
@pytest.mark.parametrize("group", GROUPS)
def test_programs_work(guest_exec, tmp_path_factory, tmp_path, group):
    packages, programs = GROUPS[group]
    root = make_root(tmp_path_factory, packages)
    script = tmp_path / "script"
    script.write_text(PRELUDE + "".join(f"attempt {name} {quoted(command)}\n" for name, command in programs.items()))
    result = guest_exec("bash", "/script", timeout_s=COMMAND_LIMIT_S * len(programs),
                        options=("--rootfs", root, "--mem", MEMORY, "--smp", str(SMP), "--add", f"{script}:/script"))
    assert result.status == 0 and result.text.splitlines() == [f"ok {name}" for name in programs], result.text
