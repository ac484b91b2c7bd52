"""./astra bench --growth: curves, and which grows faster."""
import xml.etree.ElementTree as ElementTree

from vm import bench_growth, bench_table

FLAT, STEEP = [(10, 100.0), (10000, 110.0)], [(10, 50.0), (10000, 5000.0)]


def test_curves_leave_out_what_was_not_possible():
    run = bench_table.Run()
    for line in ("row timers@10 1 200", "row timers@1000 2 800", "missing timers@10000 12"):
        run.take(line)
    assert bench_growth.curves(run, ["timers"]) == {"timers": [(10, 100.0), (1000, 200.0)]}


def test_what_grows_faster_is_named():
    assert bench_growth.faster_than({"a": STEEP, "b": FLAT}, {"a": FLAT, "b": STEEP}) == ["a"]
    assert bench_growth.faster_than({"a": FLAT, "b": []}, {"a": FLAT, "b": FLAT}) == []
    within_repetition = [(10, 100.0), (10000, 111.0)]
    assert bench_growth.faster_than({"a": within_repetition}, {"a": FLAT}) == []
    falling = [(10, 200.0), (10000, 100.0)]
    assert bench_growth.faster_than({"a": [(10, 100.0), (10000, 101.0)], "b": FLAT}, {"a": falling, "b": falling}) == ["b"]


def test_table_and_picture():
    lines = bench_growth.table({"timers": FLAT}, {"timers": STEEP})
    assert "| timers | Astra | 100 | – | – | 110 | 10 | 1.10 |" in lines
    page = ElementTree.fromstring(bench_growth.draw({"timers": FLAT, "none": []}, {"timers": STEEP}))
    lines = page.iter("{http://www.w3.org/2000/svg}polyline")
    curves = [line for line in lines if line.get("stroke") != bench_growth.GRID]
    assert len(curves) == len(bench_growth.COLOURS) + 2 # the legend's, and one of each system
