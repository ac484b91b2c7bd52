"""./astra bench from end to end."""
import re

import pytest


def test_one_row_on_astra(astra):
    result = astra("bench", "--quick", "--astra-only", "getpid", "cpu_loop")
    assert result.status == 0, result.err.decode()
    assert re.search(r"^\| cpu_loop \(control\) \| 2\.\d \| – \| – \|$", result.text, re.MULTILINE), result.text
    assert re.search(r"^\| getpid \| \d+ \| – \| – \|$", result.text, re.MULTILINE), result.text


def test_unknown_rows_are_refused(astra):
    result = astra("bench", "no_such_row")
    assert result.status == 125 and b"no row no_such_row" in result.err


@pytest.mark.long
def test_one_row_on_both_systems(astra):
    result = astra("bench", "--quick", "getpid")
    assert result.status == 0, result.err.decode()
    assert re.search(r"^\| getpid \| \d+ \| \d+ \| 0\.\d\d \|$", result.text, re.MULTILINE), result.text


def test_profile_finds_what_a_row_runs(astra, tmp_path):
    drawing = tmp_path / "flame.svg"
    result = astra("profile", "--row", "getpid", "--flame", str(drawing))
    assert result.status == 0, result.err.decode()
    own = {name: int(count.replace(",", "")) for count, name in re.findall(r"^ *([\d,]+) .*% .* (\w+)$", result.text,
                                                                          re.MULTILINE)}
    assert own["syscall_entry"] == max(own.values()), own
    assert "sys_getpid" in own and "sys_getpid" in drawing.read_text()
