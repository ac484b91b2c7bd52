"""Few rows that hold every pair (or triple, ...) of values: one value of each dimension a row.

Greedy: a row starts from a combination that is still missing, every further dimension takes the value that adds most
of what is missing, among equals the one used least. Always the same rows for the same input."""
from collections import Counter
from itertools import combinations, product


def cover(dimensions: dict, allowed=lambda row: True, strength: int = 2) -> list:
    """Rows as dicts. `allowed` judges partial rows too; it must reject a row as soon as it can never become right."""
    missing = _combinations(dimensions, allowed, strength)
    rows, uses = [], Counter()
    while missing:
        def rank(row, name, value):
            return -_gain(row, name, value, missing, strength), uses[name, value]

        row = _complete(dict(next(iter(missing))), dimensions, allowed, rank)
        uses.update(row.items())
        for combination in _of_row(row, strength):
            missing.pop(combination, None)
        rows.append({name: row[name] for name in dimensions})
    return rows


def _of_row(row: dict, strength: int):
    return combinations(sorted(row.items()), strength)


def _combinations(dimensions: dict, allowed, strength: int) -> dict:
    """All that some allowed row can hold, as the keys of a dict, which keeps their order."""
    found = {}
    for names in combinations(sorted(dimensions), strength):
        for values in product(*(dimensions[name] for name in names)):
            row = dict(zip(names, values))
            if allowed(row) and _complete(row, dimensions, allowed, lambda *_: 0):
                found[tuple(zip(names, values))] = True
    return found


def _gain(row: dict, name: str, value, missing: dict, strength: int) -> int:
    others = sorted(row.items())
    return sum(tuple(sorted((*part, (name, value)))) in missing for part in combinations(others, strength - 1))


def _complete(row: dict, dimensions: dict, allowed, rank):
    """The row with all dimensions, values of low rank first, or None if no allowed row holds it."""
    open_names = [name for name in dimensions if name not in row]
    if not open_names:
        return row
    name = open_names[0]
    for value in sorted(dimensions[name], key=lambda value: rank(row, name, value)):
        longer = {**row, name: value}
        if allowed(longer):
            complete = _complete(longer, dimensions, allowed, rank)
            if complete:
                return complete
    return None
