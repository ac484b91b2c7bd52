"""./astra profile: chains, the flat list and the flame graph."""
import xml.etree.ElementTree as ElementTree

from vm import flame, profile, svg

CHAINS = [(["entry", "read", "copy"], 60), (["entry", "read"], 30), (["entry"], 10), (["idle"], 100)]


class Names:
    def of(self, address: int) -> str:
        return {0: profile.USER_MODE, 0x10: "outer", 0x18: "outer", 0x20: "inner"}[address]


def test_lines_of_the_plugin_become_chains():
    chains = profile.read_chains("5 10 18\n7 10 20 20\n9 0\n3 10 20 18\n", Names())
    assert chains == [(["outer"], 5), (["outer", "inner"], 7), ([profile.USER_MODE], 9),
                      (["outer", "inner", "outer"], 3)]


def test_flat_list_is_sorted_and_counts_callees_once():
    assert flame.flat([*CHAINS, (["read", "read"], 5)]) == [
        ("idle", 100, 100), ("copy", 60, 60), ("read", 35, 95), ("entry", 10, 100)]


def test_the_report_leaves_user_mode_out():
    text = profile.report([*CHAINS, ([profile.USER_MODE], 1000)], 2)
    assert text.startswith("1,200 instructions, 200 of them in the kernel")
    assert "idle" in text and "copy" in text and "read" not in text and profile.USER_MODE not in text


def test_the_flame_graph_is_well_formed_and_to_scale():
    page = ElementTree.fromstring(flame.draw([*CHAINS, (["a<b>&"], 40)], "title <&>"))
    widths = {box[0].text.split(":")[0]: float(box.get("width"))
              for box in page.iter("{http://www.w3.org/2000/svg}rect") if len(box)}
    assert widths["all"] == flame.WIDTH and widths["entry"] == widths["idle"] == flame.WIDTH * 100 / 240
    assert abs(widths["read"] - flame.WIDTH * 90 / 240) < 0.1 and "a<b>&" in widths


def test_svg_escapes_and_dashes():
    ElementTree.fromstring(svg.document(10, 10, [svg.line([(0, 0), (5, 5)], "#000000", "3,2"), svg.text(1, 1, "<&>")]))
