"""File system calls: one program checks results and errno, which hold on Linux too."""
import subprocess

from vm import host

PROGRAMS = host.BUILD / "tests" / "programs"


def test_calls_answer_as_linux_does(guest_exec):
    result = guest_exec("/tmp/files", "/mnt", options=["--add", f"{PROGRAMS}/files:/tmp/files"])
    assert result.status == 0, result.text
    checks, failed = result.text.splitlines()[-1].split(" checks, ")
    assert int(checks) > 1000 and failed == "0 failed"


def test_boot_files_are_used_in_place_and_writable(guest_script):
    out = guest_script("""
        before=$(df /dev | tail -1 | awk '{print $3}')
        sum1=$(md5sum < /sys/bin/busybox); cp /sys/bin/busybox /tmp/copy; sum2=$(md5sum < /tmp/copy)
        [ "$sum1" = "$sum2" ] && echo same
        echo more >> /etc/init.conf; tail -n 1 /etc/init.conf
        rm /etc/init.conf; ls /etc/init.conf 2>&1
        stat -c %h /sys/bin/init
    """)
    assert out.splitlines() == ["same", "more", "ls: /etc/init.conf: No such file or directory", "1"]


def test_proc_as_busybox_reads_it(guest_script):
    out = guest_script("""
        sleep 1000 & pid=$!; until [ "$(cat /proc/$pid/comm)" = sleep ]; do sleep 0.1; done
        cat /proc/$pid/comm; tr '\\0' ' ' < /proc/$pid/cmdline; echo
        readlink /proc/$pid/exe; readlink /proc/$pid/cwd; ls /proc/$pid/fd | head -1
        grep -c . /proc/$pid/maps > /dev/null && echo maps
        grep '^PPid' /proc/$pid/status | grep -qw $$ && echo parent
        [ "$(cut -d' ' -f1 /proc/$pid/stat)" = $pid ] && echo stat
        ls /proc/$pid/task
        kill $pid; wait $pid 2>/dev/null; ls -d /proc/$pid 2>&1 | sed "s/$pid/PID/g"
        cat /proc/sys/kernel/ostype; ps -o args | grep -cx /sys/bin/init; free | grep -c Mem; pidof init
        mount | grep -c ' on / '; df / > /dev/null; uptime | grep -c load
        echo $(cat /proc/mounts | wc -l) > /tmp/n; [ $(cat /tmp/n) -ge 4 ] && echo mounts
        cat /proc/self/mountinfo | grep -c ' / / '
        cat /proc/filesystems | grep -cw tmpfs
    """)
    lines = out.splitlines()
    assert lines[0] == "sleep" and lines[1] == "sleep 1000 "
    assert lines[2].endswith("/busybox") and lines[4] == "0"
    assert lines[5:8] == ["maps", "parent", "stat"]
    assert lines[8].isdigit() and lines[9] == "ls: /proc/PID: No such file or directory"
    assert lines[10] == "Linux" and lines[11] == "1" and lines[12] == "1" and lines[13] == "1"
    assert lines[14:] == ["1", "1", "mounts", "1", "1"]


def test_kernel_views(guest_script):
    out = guest_script("""
        ls /kernel; cat /kernel/README | grep -c hw/irq
        for f in $(find /kernel -type f); do [ -s $f ] && [ -n "$(cat $f | head -1)" ] || echo empty $f; done
        for f in $(find /kernel -type f); do cat $f > /dev/null || echo unreadable $f; done
        echo x 2>/dev/null > /kernel/hw/irq || echo read-only
    """)
    assert "hw\nnet\nproc\nruntime\n" in out and "README" in out and "unreadable" not in out and out.endswith("read-only\n")


def test_names_are_forgotten_on_request(guest_script):
    out = guest_script("""
        find / > /dev/null 2>&1; read all unused rest < /proc/sys/fs/dentry-state
        echo 2 > /proc/sys/vm/drop_caches; read all2 unused2 rest < /proc/sys/fs/dentry-state
        [ $unused -gt 100 ] && [ $all2 -lt $all ] && [ $unused2 -lt $((unused / 4)) ] && echo fewer
        find /sys -type l | wc -l; find /sys -type l | wc -l
    """)
    lines = out.splitlines()
    assert lines[0] == "fewer" and lines[1] == lines[2] and int(lines[1]) > 200


def test_many_small_files(guest_script):
    out = guest_script("""
        mkdir /tmp/d; cd /tmp/d; i=0
        while [ $i -lt 2000 ]; do : > f$i; i=$((i+1)); done
        ls | wc -l; ln f1 hard; mkdir sub; mv f* sub; ls | wc -l; ls sub | wc -l; rm -r /tmp/d/sub; ls
    """)
    assert out.splitlines() == ["2000", "2", "2000", "hard"]


def test_descriptors_open_again_by_name(guest_script):
    out = guest_script("""
        echo piped | cat /dev/stdin; echo a | cat /proc/self/fd/0; echo text > /tmp/x
        exec 5</tmp/x; rm /tmp/x; cat /dev/fd/5; readlink /proc/$$/fd/5
    """)
    assert out.splitlines() == ["piped", "a", "text", "/data/tmp/x (deleted)"]


def test_random_operations_of_several_processes(guest_script):
    """The tree survives, nothing is left behind, and the checking kernel finds no lock out of order."""
    host.build("debug")
    out = guest_script("""
        count() { echo 2 > /proc/sys/vm/drop_caches; sleep 0.5; awk '$1 == "inode" {print $3}' /kernel/runtime/slab; }
        before=$(count); /tmp/stress /mnt/s 15 2>&1 | tail -1
        for try in $(seq 60); do after=$(count); [ $after -le $((before + 8)) ] && break; done
        [ $after -le $((before + 8)) ] || echo "$before inodes became $after"
        dmesg | grep -c lockdep || true
    """, options=["--image", str(host.BUILD / "debug" / "astra.img"), "--add", f"{PROGRAMS}/files_stress:/tmp/stress"])
    assert out.splitlines() == ["whole", "0"]
