"""Large programs of Debian and something each has to do: a bash command that must succeed. Groups share a root."""

C_PROGRAM = """cat >m.c <<X
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
static void *allocate(void *unused) { return malloc(10); }
int main(int count, char **names) {
    pthread_t threads[4];
    void *result;
    for (int i = 0; i < 4; i++)
        pthread_create(threads + i, NULL, allocate, NULL);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &result);
        free(result);
    }
    printf("%.3f\\n", sqrt(count + 1));
    return 0;
}
X
"""
JAVA_PROGRAM = """cat >A.java <<X
import java.util.concurrent.*;
public class A {
    public static void main(String[] words) throws Exception {
        var pool = Executors.newFixedThreadPool(8);
        var answers = new java.util.ArrayList<Future<Integer>>();
        for (int i = 0; i < 100; i++) {
            final int k = i;
            answers.add(pool.submit(() -> k * k));
        }
        int sum = 0;
        for (var answer : answers)
            sum += answer.get();
        pool.shutdown();
        System.out.println(sum);
        byte[][] blocks = new byte[20][];
        for (int i = 0; i < 200; i++)
            blocks[i % 20] = new byte[1 << 20];
        System.gc();
        try {
            Object nothing = null;
            nothing.hashCode();
        } catch (NullPointerException caught) {
            new ProcessBuilder("echo", "child").inheritIO().start().waitFor();
        }
    }
}
X
"""
GO_PROGRAM = """cat >m.go <<X
package main
import ("fmt"; "os"; "os/exec"; "os/signal"; "sync"; "syscall"; "time")
func main() {
    var group sync.WaitGroup
    numbers := make(chan int, 100)
    for i := 0; i < 100; i++ {
        group.Add(1)
        go func(i int) { defer group.Done(); time.Sleep(time.Millisecond); numbers <- i }(i)
    }
    group.Wait()
    close(numbers)
    sum := 0
    for number := range numbers { sum += number }
    said, _ := exec.Command("echo", "x").Output()
    fmt.Println(sum, string(said))
    signals := make(chan os.Signal, 1)
    signal.Notify(signals, syscall.SIGUSR1)
    syscall.Kill(os.Getpid(), syscall.SIGUSR1)
    <-signals
}
X
"""
POSTGRES = """echo postgres:x:100:100::/tmp:/bin/bash >>/etc/passwd; echo postgres:x:100: >>/etc/group
mkdir pg; chown postgres pg; PATH=$PATH:/usr/lib/postgresql/15/bin; as="setpriv --reuid postgres --regid postgres --clear-groups"
$as initdb -D /tmp/pg -A trust -N && $as pg_ctl -D /tmp/pg -o "-c listen_addresses= -k /tmp" -l pg/log -w start &&
pgbench -h /tmp -U postgres -iq postgres &&
pgbench -h /tmp -U postgres -c 4 -j 2 -t 50 postgres && $as pg_ctl -D /tmp/pg -m fast stop"""
MARIADB = """mkdir -p my /run/mysqld; mariadb-install-db --user=root --datadir=/tmp/my --auth-root-authentication-method=normal
mariadbd --user=root --datadir=/tmp/my --skip-networking --socket=/tmp/my.sock &
until mariadb -S my.sock -e "select 1" || ! jobs -r | grep mariadbd; do sleep 1; done
mariadb -S my.sock -e "create database d; use d; create table t(a int primary key) engine=innodb; insert into t values(1),(2);
select sum(a) from t; shutdown" && wait"""
REDIS = """redis-server --port 0 --unixsocket /tmp/r --daemonize yes --save ""; until redis-cli -s r ping; do sleep 0.1; done
redis-benchmark -s r -n 2000 -c 20 -q -t set,get && redis-cli -s r bgsave && redis-cli -s r set a 1
until redis-cli -s r info persistence | grep rdb_bgsave_in_progress:0; do sleep 0.1; done
redis-cli -s r info persistence | grep rdb_last_bgsave_status:ok && redis-cli -s r get a | grep 1; status=$?
redis-cli -s r shutdown nosave; exit $status"""
ERLANG = """erl -noshell -eval 'P=self(), [spawn(fun() -> P ! X end) || X <- lists:seq(1,1000)],
io:format("~p~n", [lists:sum([receive Y->Y end || _ <- lists:seq(1,1000)])]), halt(0).' | grep 500500"""
SBCL = """sbcl --noinform --non-interactive --eval '(progn (gc :full t) (handler-case (/ 1 0) (error (e) (print e))) (print
(reduce (function +) (mapcar (function sb-thread:join-thread) (loop for i below 8 collect (sb-thread:make-thread
(lambda () (loop repeat 20 do (make-list 10000)) 1)))))))' | grep 8"""
NODE = """node -e 'const {Worker} = require("worker_threads"), {execSync} = require("child_process");
console.log(execSync("echo hi").toString());
new Worker("require(\\"worker_threads\\").parentPort.postMessage(5)", {eval: true}).on("message", m => process.exit(m - 5))'"""
RUST = r"""cat >a.rs <<X
use std::thread;
fn main() {
    let workers: Vec<_> = (0..8).map(|i| thread::spawn(move || i * i)).collect();
    let sum: i32 = workers.into_iter().map(|worker| worker.join().unwrap()).sum();
    println!("{} {}", sum, std::panic::catch_unwind(|| panic!("caught")).is_err());
}
X
rustc a.rs && ./a | grep '140 true' && cargo new --vcs none p && cd p && cargo build --offline && ./target/debug/p"""
MONO = """cat >m.cs <<X
using System;
using System.Linq;
class A {
    static void Main() {
        var sum = ParallelEnumerable.Range(0, 1000).AsParallel().Sum();
        for (int i = 0; i < 50; i++) { var block = new byte[1000000]; }
        GC.Collect();
        try { object nothing = null; nothing.ToString(); } catch (NullReferenceException) { Console.WriteLine("caught " + sum); }
    }
}
X
mcs m.cs && mono m.exe | grep 'caught 499500'"""
ADA = """cat >a.adb <<X
with Ada.Text_IO;
procedure A is
   task T;
   task body T is begin Ada.Text_IO.Put_Line ("from a task"); end T;
begin null; end A;
X
gnatmake a.adb && ./a | grep task"""
X_SERVER = """Xvfb :1 -screen 0 640x480x24 & export DISPLAY=:1; until xdpyinfo >/dev/null 2>&1; do sleep 0.1; done
xterm -e 'echo hello >said' && grep hello said; xclock & until xwininfo -root -tree | grep xclock; do sleep 0.1; done
xwd -root >s.xwd && convert s.xwd s.png && identify s.png | grep 640x480; status=$?; kill %1; exit $status"""

# Group: (packages, {program: command}).
GROUPS = {
    "databases": ("bash coreutils grep sed findutils util-linux postgresql-15 mariadb-server redis-server redis-tools sqlite3", {
        "postgresql": POSTGRES,
        "mariadb": MARIADB,
        "redis": REDIS,
        "sqlite": 'sqlite3 d "pragma journal_mode=wal; create table t(a); with recursive c(x) as (select 1 union all select x+1 '
                  'from c where x<20000) insert into t select x from c; pragma integrity_check" | grep ok',
    }),
    "languages": ("bash coreutils grep gcc libc6-dev golang-go openjdk-17-jdk-headless nodejs sbcl erlang-base ruby perl php-cli "
                  "ocaml-nox guile-3.0 valgrind", {
        "gcc": C_PROGRAM + "gcc -O2 -pthread m.c -o m -lm && ./m | grep 1.414",
        "valgrind": C_PROGRAM + "gcc -g -pthread m.c -o v -lm && valgrind --error-exitcode=3 ./v && valgrind --tool=helgrind ./v",
        "go": GO_PROGRAM + "GO111MODULE=off go run m.go",
        "java": JAVA_PROGRAM + "javac A.java && java A | grep child",
        "node": NODE,
        "sbcl": SBCL,
        "erlang": ERLANG,
        "ruby": "ruby -e 'puts 10.times.map { |i| Thread.new { sleep 0.01; i } }.map(&:value).sum; puts IO.popen(%q(echo x)).read'",
        "perl": "perl -MSocket -e 'socketpair(A, B, AF_UNIX, SOCK_STREAM, 0); if (!fork) { print B qq(hi\\n); exit } close B; print <A>'",
        "php": "php -r '$s = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0); fwrite($s[0], \"x\"); echo fread($s[1], 1);'",
        "ocaml": "echo 'print_int (List.fold_left (+) 0 [1; 2; 3])' >a.ml; ocaml a.ml | grep 6",
        "guile": "guile -c '(use-modules (ice-9 threads)) (display (par-map (lambda (x) (* x x)) (list 1 2 3)))' | grep 9",
    }),
    "tools": ("bash coreutils grep sed diffutils findutils git make cmake ninja-build gcc libc6-dev dpkg tmux screen expect socat "
              "memcached parallel emacs-nox zsh fish xz-utils zstd openssl procps psmisc util-linux bsdutils ncurses-base", {
        "git": "git init -q g; cd g; git config user.email a@b; git config user.name x; for i in 1 2 3; do echo $i >f$i; git add .; "
               "git commit -qm c$i; done; git clone -q . ../g2 && git -C ../g2 log --oneline | wc -l | grep 3 && git gc -q && git fsck",
        "make": 'mkdir mk; cd mk; for i in $(seq 12); do echo "int f$i(void) { return $i; }" >f$i.c; done; '
                r"""printf 'all: $(patsubst %%.c,%%.o,$(wildcard f*.c))\n' >Makefile; make -j8""",
        "cmake": r'mkdir cm; cd cm; printf "cmake_minimum_required(VERSION 3.10)\nproject(x C)\nadd_executable(x x.c)\n" '
                 '>CMakeLists.txt; echo "int main(void) { return 0; }" >x.c; cmake -G Ninja . && ninja && ./x',
        "dpkg": r'mkdir -p p/DEBIAN p/opt; echo hi >p/opt/h; printf "Package: tt\nVersion: 1\nArchitecture: all\nMaintainer: x <x@y>\n'
                r'Description: t\n" >p/DEBIAN/control; dpkg-deb --build p tt.deb && dpkg -i tt.deb && cat /opt/h && dpkg -r tt',
        "tmux": 'tmux -f /dev/null new-session -d -x 80 -y 24 "echo hello; sleep 90"; until tmux capture-pane -p | grep hello; do '
                "sleep 0.1; done; tmux kill-server",
        "screen": "screen -dmS q sh -c 'echo said >/tmp/scr; sleep 90'; until grep said /tmp/scr; do sleep 0.1; done; screen -ls; "
                  "screen -S q -X quit",
        "expect": "expect -c 'set timeout 60\nspawn bash --norc -i\nsend \"echo \\$((6*7))\\r\"\nexpect 42\nsend \"exit\\r\"\nexpect eof'",
        "script": 'script -qc "tty; echo hi" typed </dev/null && grep hi typed',
        "socat": "socat UNIX-LISTEN:/tmp/so,fork EXEC:cat & until test -S so; do sleep 0.1; done; "
                 "echo hello | socat -t9 - UNIX-CONNECT:/tmp/so | grep hello; status=$?; kill %1; exit $status",
        "memcached": r'memcached -u root -s /tmp/mc -d; until test -S mc; do sleep 0.1; done; printf "set a 0 0 2\r\nhi\r\nget a\r\n'
                     r'quit\r\n" | socat -t9 - UNIX-CONNECT:/tmp/mc | grep hi',
        "parallel": "seq 20 | parallel -j4 echo x{} | sort -u | wc -l | grep 20",
        "emacs": r'emacs --batch --eval "(with-temp-buffer (call-process \"echo\" nil t nil \"hi\") (message \"%s\" (buffer-string)))"',
        "zsh": 'zsh -c "for i in {1..20}; do (echo \\$i) & done; wait"',
        "fish": 'fish -c "for i in (seq 5); echo $i; end; string upper abc" | grep ABC',
        "xz": "head -c 2000000 /dev/urandom >r; xz -T2 -k r && xz -dc r.xz | cmp - r && zstd -qT2 r && zstd -dc r.zst | cmp - r",
        "openssl": "openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -subj /CN=x && openssl x509 -in c.pem -noout",
        "procps": "ps aux && ps -eLf && top -bn1 && free && vmstat 1 2 && uptime && pgrep bash && pmap $$ && pidof bash && pstree -p",
        "util-linux": "lscpu && dmesg && ipcmk -M 4096 && ipcs && taskset -p $$ && chrt -p $$ && prlimit && renice 1 $$ && findmnt && "
                      "flock /tmp/l setsid true",
    }),
    "compilers": ("bash coreutils grep gcc libc6-dev rustc cargo clang gnat gfortran mono-mcs mono-runtime elixir", {
        "rust": RUST,
        "clang": C_PROGRAM + "clang -O2 -pthread m.c -o c -lm && ./c | grep 1.414",
        "ada": ADA,
        "fortran": r"printf 'program a\nprint *, sum((/1, 2, 3/))\nend program\n' >a.f90; gfortran a.f90 -o f && ./f | grep 6",
        "mono": MONO,
        "elixir": "elixir -e 'IO.puts Enum.sum(Enum.map(Task.async_stream(1..100, fn x -> x end), fn {:ok, x} -> x end))' | grep 5050",
    }),
    "media": ("bash coreutils grep ffmpeg imagemagick p7zip-full xvfb xterm x11-utils x11-apps luajit tcl jq gnuplot-nox dbus lsof "
              "sysbench", {
        "ffmpeg": "ffmpeg -loglevel error -f lavfi -i testsrc=duration=1:size=160x120:rate=10 -c:v libx264 -threads 4 -y a.mp4 && "
                  "ffprobe a.mp4",
        "imagemagick": "convert -size 200x200 plasma: -blur 0x3 a.png && identify a.png | grep 200x200",
        "7z": "7z a -mmt4 a.7z /usr/bin/7z /usr/bin/ffmpeg /usr/lib/x86_64-linux-gnu/libc.so.6 && 7z t a.7z",
        "xvfb": X_SERVER,
        "dbus": "dbus-run-session -- dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.ListNames",
        "luajit": "luajit -e 'local s = 0 for i = 1, 1e6 do s = s + i end print(s)' | grep 500000500000",
        "tcl": r"""echo 'set f [open "|echo x"]; puts [read $f]' | tclsh | grep x""",
        "jq": """echo '{"a": [1, 2]}' | jq '.a | add' | grep 3""",
        "gnuplot": r"""echo 'set term png; set output "g.png"; plot sin(x)' | gnuplot && identify g.png""",
        "lsof": "sleep 90 & lsof -p $! | grep cwd; status=$?; kill %1; exit $status",
        "sysbench": "sysbench threads --threads=8 --events=2000 --time=0 run && sysbench mutex --threads=8 --mutex-loops=100 run && "
                    "sysbench fileio --file-total-size=8M --file-num=8 prepare && "
                    "sysbench fileio --file-total-size=8M --file-num=8 --file-test-mode=rndrw --threads=4 --events=2000 --time=0 run",
    }),
}
