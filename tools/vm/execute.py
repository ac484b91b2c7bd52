"""./astra exec: boots, runs one command, streams its input and output, exits with its status.

Status: the command's own; 128+n for a signal; 124 timeout; 125 boot failure, panic or host trouble."""
import signal
import sys

from vm import host, rootfs_boot
from vm.guest import Guest
from vm.options import guest_parser
from vm.session import BOCHS_BOOT_LIMIT_S, BOOT_LIMIT_S, Session, SessionFailed, report_failure

SHUTDOWN_LIMIT_S = 120


def parse(arguments: list):
    parser = guest_parser("exec", __doc__.splitlines()[0])
    parser.add_argument("--timeout", type=float, default=0, metavar="S", help="give up (status 124) after S seconds")
    parser.add_argument("--console", metavar="FILE", help="save what COM1 printed")
    parser.add_argument("command", nargs="+", metavar="CMD", help="the command and its arguments, after --")
    if "--" in arguments:
        split = arguments.index("--")
        options = parser.parse_args(arguments[:split] + ["--", *arguments[split + 1:]])
    else:
        options = parser.parse_args(arguments)
    return options


def execute(options, stdin: int, stdout: int, stderr: int) -> int:
    """Runs options.command with the given descriptors; its status, or ours."""
    with Guest(options, options.command, "panic=exit") as guest:
        limit_s = BOCHS_BOOT_LIMIT_S if options.bochs else BOOT_LIMIT_S
        limit_s += rootfs_boot.extra_boot_s(options.rootfs)
        session = Session(guest, stdin, stdout, stderr, options.timeout, limit_s)
        previous = signal.signal(signal.SIGTERM, lambda number, _frame: session.send_signal(number))
        try:
            status = session.run()
        except SessionFailed as failure:
            report_failure(guest, str(failure))
            status = failure.status
        finally:
            signal.signal(signal.SIGTERM, previous)
            if options.screenshot and not options.bochs and guest.process.poll() is None:
                guest.screenshot(options.screenshot)
            if options.console:
                while guest.read_console():
                    pass
                with open(options.console, "wb") as file:
                    file.write(guest.console_bytes)
        if options.disk:
            guest.wait_end(SHUTDOWN_LIMIT_S)  # the guest writes its disks before it powers off
        return status


def main(_name: str, arguments: list) -> int:
    options = parse(arguments)
    if not options.image:
        host.build()
    return execute(options, sys.stdin.fileno() if sys.stdin else -1, 1, 2)
