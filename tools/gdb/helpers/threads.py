"""`threads`: the kernel's own threads and those of programs (GDB's `info threads` lists CPUs)."""
import gdb
from helpers import machine
from helpers.command import Command, evaluate, table

FRAMES_MAX = 32
WORD = 8
BOOT_STACK_BYTES = 0x4000
SWITCH_REGISTERS = 6  # what arch_switch_stack pushes below the return address; the last of them is rbp
# Every sleep passes through these files.
_WAITING_CODE = ("kernel/sched/sched.c:", "kernel/sched/wait.c:", "kernel/sched/mutex.c:",
                 "kernel/sched/completion.c:", "kernel/arch/")


def list_entries(head: gdb.Value, kind: str, member: str):
    """The entries of an intrusive list (lib/list.h)."""
    entry = gdb.lookup_type(kind)
    offset = next(field.bitpos // 8 for field in entry.fields() if field.name == member)
    node = head["next"]
    while node != head.address:
        yield gdb.Value(int(node) - offset).cast(entry.pointer()).dereference()
        node = node["next"]


def _word(address: int) -> int:
    return int.from_bytes(machine.read(address, WORD), "little")


def call_chain(thread: gdb.Value) -> list:
    """Return addresses of a thread that is not running, innermost first: it left through arch_switch_stack."""
    rsp = int(thread["arch"]["rsp"])
    bottom, top = int(thread["stack"]), int(thread["kernel_stack_top"])
    if not bottom:  # an idle thread: on the stack its CPU began with
        bottom, top = rsp, rsp + BOOT_STACK_BYTES
    if not bottom <= rsp < top:
        return []
    chain = [_word(rsp + SWITCH_REGISTERS * WORD)]
    frame = _word(rsp + (SWITCH_REGISTERS - 1) * WORD)
    while bottom <= frame < top - WORD and len(chain) < FRAMES_MAX:
        chain.append(_word(frame + WORD))
        frame = _word(frame)
    return [address for address in chain if address]


def sleeping_place(chain: list) -> str:
    """The first caller outside the scheduler."""
    for address in chain:
        if not machine.line_of(address - 1).startswith(_WAITING_CODE):
            return machine.place(address - 1)
    return machine.place(chain[0]) if chain else "-"


class Row:
    """One thread for the list."""

    def __init__(self, thread: gdb.Value, tid: str = "-", pid: str = "-", idle: bool = False) -> None:
        self.thread, self.tid, self.pid, self.idle = thread, tid, pid, idle

    def cells(self, running: dict) -> tuple:
        thread = self.thread
        address = int(thread.address)
        state = str(thread["state"].cast(gdb.lookup_type("enum thread_state"))).removeprefix("THREAD_").lower()
        if address in running:
            state, spot = "running", machine.place(running[address]) if running[address] else "-"
        else:
            state = "idle" if self.idle else state
            spot = sleeping_place(call_chain(thread))
        return (self.tid, self.pid, thread["name"].string(), state, str(int(thread["cpu"])),
                f"{int(thread['stack']):#x}" if int(thread["stack"]) else "(boot)", spot, f"{address:#x}")


def _per_cpu(name: str, number: int) -> gdb.Value:
    """CPU `number`'s copy of a per-CPU variable (kernel/arch/percpu.h)."""
    variable = gdb.parse_and_eval(name)
    address = int(variable.address) + int(gdb.parse_and_eval("per_cpu_offset")[number]) & (1 << 64) - 1
    return gdb.Value(address).cast(variable.type.pointer()).dereference()


def running_threads() -> dict:
    """Address of the thread that each CPU runs: where that CPU is."""
    places = {}
    chosen = gdb.selected_thread()
    for cpu in gdb.selected_inferior().threads():
        cpu.switch()
        places[cpu.ptid[1] - 1] = gdb.newest_frame().pc()
    chosen.switch()
    count = int(gdb.parse_and_eval("cpu_count"))
    return {int(_per_cpu("run_queue", number)["current"]): places.get(number, 0) for number in range(count)}


def all_threads() -> list:
    """Idle threads, the kernel's, then those of programs."""
    count = int(machine.kernel_value("cpu_count"))
    idle = [_per_cpu("run_queue", number)["idle"] for number in range(count)]
    rows = [Row(thread.dereference(), idle=True) for thread in idle if int(thread)]
    if not rows:
        raise gdb.GdbError("the kernel has not started its scheduler yet")
    if int(gdb.parse_and_eval("kernel_threads")["next"]):
        rows += [Row(thread)
                 for thread in list_entries(gdb.parse_and_eval("kernel_threads"), "struct thread", "kernel_node")]
    for process in list_entries(gdb.parse_and_eval("all_processes"), "struct process", "all_node"):
        for task in list_entries(process["threads"], "struct task", "process_node"):
            rows.append(Row(task["thread"], str(int(task["tid"]["number"])), str(int(process["pid"]["number"]))))
    return rows


class Threads(Command):
    """threads [TID | ADDRESS]: the kernel's threads and where each sleeps; with a number, that thread's backtrace.

TID is a program's thread; ADDRESS that of a struct thread (last column). GDB's `info threads` lists CPUs."""
    name = "threads"

    def run(self, words: list) -> None:
        rows = all_threads()
        running = running_threads()
        if words:
            self._backtrace(rows, running, evaluate(words))
            return
        table([("tid", "pid", "name", "state", "cpu", "kernel stack", "where", "struct thread")] +
              [row.cells(running) for row in rows], right=(0, 1, 4))

    @staticmethod
    def _backtrace(rows: list, running: dict, wanted: int) -> None:
        for row in rows:
            if wanted not in (int(row.thread.address), int(row.tid) if row.tid != "-" else None):
                continue
            print(f"{row.thread['name'].string()}, tid {row.tid}")
            if int(row.thread.address) in running:
                print(f"  runs on CPU {int(row.thread['cpu'])}: `thread {int(row.thread['cpu']) + 1}`, `bt`")
                return
            for number, address in enumerate(call_chain(row.thread)):
                print(f"  #{number:<3} {address:#x} {machine.place(address - 1)}")
            return
        raise gdb.GdbError("no such thread")
