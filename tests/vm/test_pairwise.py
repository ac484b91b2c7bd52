"""The rows of tests/vm/pairwise.py hold what they promise."""
from itertools import combinations, product

import pytest

from pairwise import cover

DIMENSIONS = {"disk": list("abcdef"), "memory": [1, 2, 3, 4, 5], "board": ["pc", "isa"], "acpi": [True, False],
              "cpu": ["old", "new", "max"]}


def missing(rows, dimensions, allowed, strength):
    """Brute force: the combinations of some allowed full row that no row holds."""
    full = [dict(zip(dimensions, values)) for values in product(*dimensions.values())]
    wanted = {part for row in full if allowed(row) for part in combinations(sorted(row.items()), strength)}
    return wanted - {part for row in rows for part in combinations(sorted(row.items()), strength)}


def no_disk_but_a_on_isa(row):
    return not (row.get("board") == "isa" and row.get("disk", "a") != "a")


@pytest.mark.parametrize("strength", [1, 2, 3])
@pytest.mark.parametrize("allowed", [lambda row: True, no_disk_but_a_on_isa])
def test_every_combination_is_there(allowed, strength):
    rows = cover(DIMENSIONS, allowed, strength)
    assert all(allowed(row) and set(row) == set(DIMENSIONS) for row in rows)
    assert not missing(rows, DIMENSIONS, allowed, strength)


def test_the_check_notices_a_missing_row():
    assert missing(cover(DIMENSIONS)[1:], DIMENSIONS, lambda row: True, 2)


def test_there_are_few_rows():
    assert len(cover(DIMENSIONS)) <= 1.4 * 6 * 5
    assert cover(DIMENSIONS) == cover(DIMENSIONS)
