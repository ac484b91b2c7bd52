"""Figures of ./astra bench: what is read, computed and written."""
import math

import pytest
from vm import bench_table


def a_run(*lines) -> bench_table.Run:
    run = bench_table.Run()
    for line in lines:
        run.take(line)
    return run


def test_the_round_with_the_fewest_instructions_counts():
    run = a_run("row getpid 100 20000 16600 17000", "row pipe 10 8000 9000", "clock 500 500")
    assert run.rounds["getpid"] == [200, 166, 170]
    assert bench_table.instructions(run) == {"getpid": 83.0, "pipe": 400.0}


def test_lines_of_the_programs_alone_are_taken():
    run = bench_table.Run()
    assert run.take("row a 1 2") == "a"
    assert run.take("missing b 38") == "b"
    assert run.take("failed c 256") == "c"
    assert run.take("[    0.1] some kernel talks") == ""
    assert run.missing == {"b": "not there (Function not implemented)", "c": "failed"}


@pytest.mark.parametrize("line", ["row a", "row a 0 5", "row a x 5", "missing b why", "clock 0 5", "clock 5"])
def test_broken_lines_are_refused(line):
    run = bench_table.Run()
    with pytest.raises(bench_table.BenchError):
        if not run.take(line) or not run.rounds["a"]:
            raise bench_table.BenchError(line)


def test_time_is_the_median_of_the_fastest_rounds_by_the_systems_clock():
    runs = [a_run("row a 10 100 200 300", "clock 1000 500"), a_run("row a 10 500 600 700", "clock 1000 500"),
            a_run("row a 10 300 400 500", "clock 1000 500")]
    assert bench_table.times_ns(runs) == {"a": (15.0, 5.0, 25.0)}


def test_geometric_mean():
    assert math.isclose(bench_table.geometric_mean([0.25, 4, 1]), 1)
    assert math.isclose(bench_table.geometric_mean([0.2, 0.8]), 0.4)
    assert math.isnan(bench_table.geometric_mean([]))


def test_the_table_shows_missing_rows_and_those_above_the_goal():
    astra, linux = {"cpu_loop": 2, "fast": 10, "slow": 103}, {"cpu_loop": 1, "fast": 100, "slow": 100, "gone": 7}
    missing = {"gone": "not there (why)"}
    lines = bench_table.table(astra, linux, missing, "instructions")
    assert "| cpu_loop (control) | 2.0 | 1.0 | 2.00 |" in lines
    assert "| fast | 10 | 100 | 0.10 |" in lines
    assert "| slow | 103 | 100 | **1.03** |" in lines
    assert "| gone | not there (why) | 7.0 | – |" in lines
    text = bench_table.summary(astra, linux, missing)
    assert text == "Geometric mean of 2 rows: 0.321. Above 1.02: slow. Missing: gone."


def test_a_section_of_the_page_is_replaced_alone():
    page = "# Title\n\ntext\n\n## One\n\nold\n\n## Two\n\nkept\n"
    once = bench_table.replace_section(page, "One", "new")
    assert once == "# Title\n\ntext\n\n## One\n\nnew\n\n## Two\n\nkept\n"
    assert bench_table.replace_section(once, "One", "new") == once
    assert bench_table.replace_section(page, "Three", "x").endswith("kept\n\n## Three\n\nx\n")
