"""/kernel/hw/boot and boottrace: the way from the boot sector to the prompt, and what the BIOS was asked on it."""
import re

import pytest

from terminal import Terminal
from loader_boot import boot, drive, make_image, parts  # noqa: F401 (fixtures)

COLUMNS = 80
CARRY = 1
MILESTONES = ["stage1_entry", "stage1_read", "stage2_entry", "step", "step_done", "jump", "kernel_entry", "kernel_memory",
              "kernel_clock", "kernel_threads", "filesystems", "drivers", "first_program"]
STEPS = "console cpu a20 memory disk volume config video kernel ramfs acpi paging handoff".split()
READ_ALL = "cd /kernel/hw/boot; for f in *; do echo == $f; cat $f; done"


def sections(text: str) -> dict:
    parts = re.split(r"^== (.*)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def rows(text: str) -> list:
    """A table with a heading, as a list of dictionaries."""
    lines = [line.split() for line in text.splitlines()]
    assert lines and all(len(line) == len(lines[0]) for line in lines), text[:2000]
    return [dict(zip(lines[0], line)) for line in lines[1:]]


def values(text: str) -> dict:
    return dict(line.split(" ", 1) for line in text.splitlines() if " " in line)


class Trace:
    """What a guest showed in /kernel/hw/boot."""

    def __init__(self, text: str) -> None:
        self.part = sections(text)
        self.events, self.calls = rows(self.part["events"]), rows(self.part["bios_calls"])
        self.info = values(self.part["info"])

    def number(self, name: str) -> int:
        return int(self.info[name])

    def total(self, column: str) -> int:
        return sum(int(call[column]) for call in self.calls)

    def check(self) -> None:
        """What holds for every boot."""
        self._check_events()
        self._check_calls()
        self._check_sums()

    def _check_events(self) -> None:
        stamps = [int(event["tsc"]) for event in self.events]
        ticks = [int(event["bios_ticks"]) for event in self.events]
        assert stamps == sorted(stamps) and ticks == sorted(ticks) and stamps[0] > 0
        assert [int(event["number"]) for event in self.events] == list(range(len(self.events)))
        names = [event["event"] for event in self.events]
        assert [name for name in MILESTONES if name not in names] == []
        assert "unknown" not in names
        begun = [event["step"] for event in self.events if event["event"] == "step"]
        assert [step for step in begun if step != "menu"] == STEPS

    def _check_calls(self) -> None:
        stamps = [int(call["tsc"]) for call in self.calls]
        assert stamps == sorted(stamps)
        first, last = int(self.events[0]["tsc"]), int(self.events[-1]["tsc"])
        assert first <= stamps[0] and stamps[-1] <= last
        for call in self.calls:
            assert call["vector"] in ("10", "12", "13", "15", "16", "1a"), call
            assert int(call["calls"]) >= 1 and int(call["ticks"]) > 0
            if call["vector"] == "13":
                assert call["calls"] == "1" and not int(call["out_flags"], 16) & CARRY, call

    def _check_sums(self) -> None:
        assert len(self.calls) == self.number("bios_records")
        assert self.total("calls") + self.number("bios_dropped_calls") == self.number("bios_calls")
        assert self.total("ticks") + self.number("bios_dropped_ticks") == self.number("bios_ticks")
        jump = next(event for event in self.events if event["event"] == "jump")
        assert int(jump["bios_ticks"]) == self.number("bios_ticks")
        assert self.number("bios_ticks") <= int(jump["tsc"]) - int(self.events[0]["tsc"])

    def bytes_of(self, step: str) -> int:
        done = [event for event in self.events if event["event"] == "step_done" and event["step"] == step]
        return int(done[0]["b"], 16)

    def bytes_read(self, step: str) -> int:
        return sum(int(call["sectors"]) for call in self.calls if call["step"] == step) * self.number("disk_sector_bytes")


@pytest.mark.parametrize("bus", ["ide", "ahci", "usb"])
def test_events_calls_and_sums_agree(guest_script, bus):
    trace = Trace(guest_script(READ_ALL, options=["--boot", bus]))
    trace.check()
    assert trace.number("bios_dropped_calls") == 0
    for step in ("kernel", "ramfs"):
        size = trace.bytes_of(step)
        assert size <= trace.bytes_read(step) < size + 65536  # the directory and the FAT besides
    assert trace.number("ramfs_bytes") == trace.bytes_of("ramfs")


def test_what_was_handed_over_is_shown(guest_script):
    trace = Trace(guest_script(READ_ALL + "; dd if=/dev/sda bs=1 skip=440 count=4 2>/dev/null | hexdump -e '\"== id\\n%08x\\n\"'",
                               options=["--append", "some=thing with=more", "--mem", "96M"]))
    info, video, cpu = trace.info, values(trace.part["video"]), values(trace.part["cpu"])
    assert info["disk_bios_drive"] == "0x80" and info["disk_edd"] == "yes" and info["disk_probed"] == "no"
    assert "some=thing with=more" in info["cmdline"]
    assert info["kernel_checked"] == info["ramfs_checked"] == "yes" and info["memory_map_from"] == "e820"
    assert 1e8 < int(info["tsc_hz"]) < 1e11
    assert abs(int(cpu["loader_tsc_khz"]) * 1000 / int(info["tsc_hz"]) - 1) < 0.5 and cpu["tsc"] == "yes"
    assert video["mode"] == "text" and video["columns"] == "80" and video["address"] == "0xb8000"
    used, raw = rows(trace.part["memory_map"]), rows(trace.part["memory_raw"])
    ends = [int(row["base"], 16) + int(row["bytes"]) for row in used]
    assert all(end <= int(row["base"], 16) for end, row in zip(ends, used[1:]))
    kernel = next(row for row in used if row["name"] == "kernel")
    assert kernel["base"] == info["kernel_start"] and {"usable", "reserved", "loader", "ramfs"} <= {row["name"] for row in used}
    assert 95 << 20 < sum(int(row["bytes"]) for row in raw if row["name"] == "usable") < 96 << 20


def test_a_load_that_overflows_the_log_is_counted(make_image, boot):
    """The probe kernel checks that records and drops add up."""
    text = boot("-m", "128M", *drive(make_image(ramfs_kib=48 << 10), "nvme")).passed()
    calls, records, dropped, sectors = map(int, re.search(
        r"probe: (\d+) BIOS calls in (\d+) records, (\d+) dropped, (\d+) sectors read", text).groups())
    assert 600 <= records < calls and dropped > 100
    assert 0 < (48 << 20) // 512 - sectors < 127 * dropped


def share_of_phases(events: list) -> float:
    """In per cent: all but what passes from the end of a step to the next event, which is little unless the host pauses."""
    stamps = [int(event["tsc"]) for event in events]
    between = sum(after - before for event, before, after in zip(events, stamps, stamps[1:])
                  if event["event"] in ("step_done", "stage2_entry"))
    return 100 * (1 - between / (stamps[-1] - stamps[0]))


def test_boottrace_draws_every_phase(guest_script):
    out = guest_script("cat /kernel/hw/boot/events; echo == chart; boottrace; echo == bios; boottrace --bios; echo == order; boottrace --bios --order --registers --all;"
                       " echo == help; boottrace --help; echo == bad; boottrace --order 2> /dev/null; echo $?; boottrace -x; echo $?")
    part = sections(out)
    chart, events = part["chart"].splitlines(), rows(out.split("== chart\n")[0])
    assert re.fullmatch(r"From the boot sector to here: [\d.]+ ms \(TSC at [\d.]+ MHz\)", chart[0])
    drawn = out.split("== chart\n")[1].splitlines()
    assert all(len(line) <= COLUMNS for line in drawn), max(drawn, key=len)
    shares = {name.strip(): float(share) for name, share in
              re.findall(r"^(\S.{12}) *[\d.]+ +([\d.]+)%", "\n".join(chart), re.MULTILINE)}
    assert set(STEPS) <= set(shares) and {"stage1", "kernel memory", "drivers", "first program"} <= set(shares)
    assert abs(sum(shares.values()) - share_of_phases(events)) < 1
    assert re.search(r"^ramfs +[\d.]+ +[\d.]+% +\d+% +\d{7,} +[\d.]+ .*B", out, re.MULTILINE)
    durations = [float(line.split()[2]) for line in part["bios"].splitlines()[1:-1]]
    assert len(durations) == 20 and durations == sorted(durations, reverse=True) and "--all shows them" in part["bios"]
    numbers = [int(line.split()[0]) for line in part["order"].splitlines() if re.match(r" *\d+ +[\d.]+ +[\d.]+ ", line)]
    assert numbers == list(range(len(numbers))) and len(numbers) > 40
    assert re.search(r"13h AH=42  read 127 at \d+\n  in  00004200 .*\n  out ", part["order"])
    assert "--registers" in part["help"] and part["bad"].split() == ["2", "2"]


def test_boottrace_of_saved_files_without_stamps_or_with_drops(guest_script):
    out = guest_script("""
        mkdir /tmp/saved; cd /tmp/saved; cp /kernel/hw/boot/info .
        awk 'NR > 1 {$2 = $3 = $4 = 0} {print}' /kernel/hw/boot/events > events
        boottrace --from /tmp/saved; echo == full
        sed -i 's/^bios_dropped_calls .*/bios_dropped_calls 17/' info; cp /kernel/hw/boot/events .; boottrace --from .; echo == none; boottrace --from /no/such 2>&1; echo $?
        { sed '/ jump /,$d' /kernel/hw/boot/events | head -n 9
          echo '9 1 0 1 step kernel 0x8 0x0'; echo '10 2 0 1 step menu 0xd 0x0'; echo '11 3 0 1 step_done menu 0xd 0x1'; } |
          awk 'NR > 1 {$2 = NR * 1000000} {print}' > events
        echo == failed; boottrace --from . | grep -E '^(kernel|menu) '
        echo "a b c" > events; echo "1 2" >> events; boottrace --from . 2>&1; echo $?
    """)
    assert "no time stamp counter" in out and "%" not in out.split("== full")[0]
    assert "17 of these calls, 0.0 ms, were too many for the log" in out
    lines = out.splitlines()
    assert all(len(line) <= COLUMNS + 10 for line in lines)
    assert [line for line in lines if line.split()[1:] == ["loader"]] and "kernel memory kernel" in lines
    failed, menu = [line.split() for line in out.split("== failed\n")[1].splitlines()[:2]]
    assert failed[:1] + menu[:1] == ["kernel", "menu"] and failed[1] == menu[1]  # the kernel failed, the menu came up
    assert "/no/such/events: No such file or directory\n1\n" in out and "is not a table\n1\n" in out


def test_the_trace_reaches_the_prompt():
    with Terminal() as terminal:
        terminal.boot()
        out = terminal.command("boottrace --plain --all")
        assert "From the boot sector to the prompt:" in out and re.search(r"^to the prompt +[\d.]+", out, re.MULTILINE)
        again = terminal.command("grep -c prompt /kernel/hw/boot/events; cut -d' ' -f5,8 /kernel/hw/boot/events | tail -n 1")
        assert re.fullmatch(r"1\nprompt 0x[0-9a-f]+\n", again)
        terminal.type("poweroff\n")
        assert terminal.end() == 0
