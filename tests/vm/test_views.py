"""/kernel and /proc: every file can be found and read, is listed, and says what is so."""
import re


def figures(text: str) -> dict:
    """`name value` or `Name:  value kB` lines."""
    pairs = (line.replace(":", " ").split() for line in text.splitlines())
    return {words[0]: int(words[1]) for words in pairs if len(words) > 1 and words[1].isdigit()}


def sections(text: str) -> dict:
    """What the script printed behind each `== name` line."""
    parts = re.split(r"^== (.*)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def test_everything_can_be_listed_and_read(guest_script):
    out = guest_script("""
        find /kernel /proc ! -path '/proc/[2-9]*' ! -path '/proc/1[0-9]*' -exec stat -c '%Y %n' {} + > /tmp/all || echo find failed
        now=$(date +%s)
        awk -v now=$now '$1 < now - 3600 || $1 > now + 60 {print "old", $0}' /tmp/all | grep -v ' /proc/[0-9]'
        for file in $(find /kernel /proc -type f ! -path '/proc/[2-9]*' ! -path '/proc/1[0-9]*' ! -name sysrq-trigger ! -name pagemap) /proc/self/s*; do # pagemap: 2^38 bytes
            cat $file > /tmp/text || echo unreadable $file
        done
        find /kernel -type f | wc -l
        for file in $(find /kernel -type f); do
            grep -q "^$(echo ${file#/kernel/} | sed 's/cpu[0-9]\\+/cpu#/') .*[a-z]" /kernel/README || echo not listed $file
            case $file in */offline|*/isolated) continue;; esac # a list of no CPUs is an empty line
            [ -s $file ] || head -c 1 $file | grep -q . || echo empty $file
        done
        cat /proc/sysrq-trigger 2> /dev/null || echo write-only
    """)
    assert out.splitlines()[1:] == ["write-only"] and int(out.splitlines()[0]) > 25, out


def test_memory_adds_up(guest_script):
    part = sections(guest_script("""
        echo == meminfo; cat /proc/meminfo; echo == free; free | grep Mem
        echo == memory; cat /kernel/runtime/memory
        head -c 8000000 /dev/zero > /tmp/big; echo == shared; grep Shmem /proc/meminfo
        rm /tmp/big; echo == gone; grep Shmem /proc/meminfo
    """))
    memory, pages = figures(part["meminfo"]), figures(part["memory"])
    total, used, free, shared, cached, available = map(int, part["free"].split()[1:7])
    assert total == memory["MemTotal"] and used + free + cached == total
    assert abs(free - memory["MemFree"]) < 1000 and 0 < shared and abs(shared - memory["Shmem"]) < 100 and available <= free + cached
    known = sum(memory[name] for name in ("MemFree", "AnonPages", "Cached", "Slab", "PageTables", "KernelStack"))
    assert 0.99 * memory["MemTotal"] < known <= memory["MemTotal"]
    assert memory["AnonPages"] > 0 and memory["PageTables"] > 0 and memory["KernelStack"] >= 16 * 5
    parts = ("free", "anonymous", "object", "slab", "page_table", "kernel_stack", "other")
    assert sum(pages[f"{name}_pages"] for name in parts) == pages["managed_pages"]
    blocks = sum(count * int(name.split("_")[3]) for name, count in pages.items() if name.startswith("free_blocks_of"))
    assert abs(blocks // 4 + pages["free_cpu_list_pages"] - pages["free_pages"]) < 64
    grown = figures(part["shared"])["Shmem"] - memory["Shmem"]
    assert 7800 <= grown < 8200 and figures(part["gone"])["Shmem"] <= memory["Shmem"] + 100


def test_memory_of_a_process(guest_script):
    part = sections(guest_script("""
        echo == before; grep -E 'Anon|PageTables' /proc/meminfo | tee /tmp/before
        awk 'BEGIN {s = "x"; while (length(s) < 4000000) s = s s; while ((getline line < "/proc/self/status") > 0) print line;
             while ((getline line < "/proc/meminfo") > 0) print line}' > /tmp/inside
        echo == inside; cat /tmp/inside
        # what it had is free after a grace period
        for try in $(seq 600); do
            grep -E 'Anon|PageTables' /proc/meminfo > /tmp/after
            awk '/AnonPages/ {kib[++n] = $2} END {exit !(kib[2] < kib[1] + 200)}' /tmp/before /tmp/after && break; sleep 0.1
        done
        echo == after; cat /tmp/after
    """))
    before, inside, after = (figures(part[name]) for name in ("before", "inside", "after"))
    assert inside["VmRSS"] == inside["RssAnon"] + inside["RssFile"] + inside["RssShmem"]
    assert inside["VmHWM"] >= inside["VmRSS"] > 4000 and inside["VmPeak"] >= inside["VmSize"] >= inside["VmRSS"]
    assert inside["RssAnon"] > 4000 and inside["AnonPages"] - before["AnonPages"] > 4000
    assert abs(after["AnonPages"] - before["AnonPages"]) < 200


def test_known_truths(guest_script):
    part = sections(guest_script("""
        sleep 1000 & sleep 1000 & until [ $(pidof sleep | wc -w) = 2 ]; do read x < /proc/uptime; done
        read up rest < /proc/uptime
        echo == processes; cat /kernel/proc/processes; echo == numbers; ls -d /proc/[0-9]* | wc -l
        echo == stopped; kill -STOP $!; until grep -q "^State:.T" /proc/$!/status; do sleep 0.1; done; grep " $! " /kernel/runtime/threads; grep "^$! " /kernel/proc/processes
        echo == uptime; read up2 rest < /proc/uptime; cat /kernel/runtime/uptime; read up3 rest < /proc/uptime; echo $up $up2 $up3
        echo == stat; cat /proc/stat; echo == later; cat /proc/stat; echo == sched; cat /kernel/runtime/sched; cat /kernel/hw/cpu
        opened() { sed -n 's/^open_files //p' $1; }
        echo == files; for try in $(seq 100); do # files that were closed are counted until a grace period is over
            exec 7<&- 8<&-; sleep 0.3; cat /kernel/proc/files > /tmp/fewer
            exec 7< /dev/null 8< /dev/null; sleep 0.3; cat /kernel/proc/files > /tmp/more
            [ $(opened /tmp/more) -gt $(opened /tmp/fewer) ] && break
        done; cat /tmp/fewer /proc/sys/fs/file-nr /tmp/more
        echo == mounts; cat /kernel/proc/mounts | tail -n +2 > /tmp/m; cmp /tmp/m /proc/mounts && echo same
        echo == log; cat /kernel/runtime/log; dmesg | wc -l; echo == random; cat /kernel/runtime/random
        echo == trace; cat /kernel/hw/boot/events
        echo == name; echo other > /proc/sys/kernel/hostname; hostname
    """))
    processes = [line.split() for line in part["processes"].splitlines()]
    assert processes[0] == "pid ppid pgid sid uid state threads resident_kib name".split()
    assert processes[1][:2] == ["1", "0"] and sum(line[-1] == "sleep" for line in processes) == 2
    assert abs(len(processes) - 1 - int(part["numbers"])) <= 2
    assert " stopped " in part["stopped"]
    up, up2, up3 = map(float, part["uptime"].splitlines()[-1].split())
    assert 0 < up < up2 <= up3 and up2 <= figures(part["uptime"])["uptime_ns"] / 1e9 <= up3 + 0.01  # hundredths
    cpus = re.findall(r"^cpu\d+ ((?:\d+ ?)+)$", part["stat"], re.MULTILINE)
    together, later = (sum(map(int, re.search(r"^cpu  (.*)$", part[name], re.MULTILINE)[1].split())) for name in ("stat", "later"))
    assert len(cpus) == figures(part["sched"])["count"] and sum(map(int, cpus[0].split())) > 0
    assert together - 4 <= sum(int(n) for cpu in cpus for n in cpu.split()) <= later + 4  # each is read for itself, and rounded
    assert figures(part["sched"])["switches"] > 10 and figures(part["sched"])["threads"] >= 7
    opened = re.findall(r"open_files (\d+)", part["files"])
    assert int(opened[1]) >= int(opened[0]) + 1
    assert part["mounts"].strip() == "same" and figures(part["log"])["end_sequence"] > 5
    assert "seeded yes" in part["random"] and figures(part["random"])["reseeds"] > 0
    times = [int(line.split()[2]) for line in part["trace"].splitlines()[1:]]
    assert times[0] == 0 and times == sorted(times) and "first_program" in part["trace"]
    assert part["name"] == "other\n"


def test_sysrq(guest_exec):
    text = guest_exec("sh", "-c", "echo hms > /proc/sysrq-trigger\n"  # the agent may be at work for a moment
                                  "until dmesg | grep -q 'exec-agent sleeping'; do echo t > /proc/sysrq-trigger; done\n"
                                  "dmesg | grep sysrq:").text
    assert "written back" in text and "exec-agent sleeping" in text and "KiB free" in text and "this help" in text
    assert guest_exec("sh", "-c", "echo o > /proc/sysrq-trigger; sleep 300").status == 125  # off before anything else is told
