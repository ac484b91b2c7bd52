"""The console as a person uses it: editing, history, completion, job control, power-off."""
import time

import pytest

from terminal import Terminal


@pytest.fixture(scope="module")
def console():
    with Terminal() as terminal:
        terminal.boot()
        yield terminal


def test_commands_answer(console):
    assert console.command("echo $((6 * 7)) | cat") == "42\n"
    assert console.command("tty") == "/dev/console\n"


def test_interrupt_ends_the_foreground(console):
    console.type("sleep 1000\n")
    time.sleep(0.5)
    console.type("\x03")
    console.expect(r"root@astra:[^\n]*# ")
    assert console.command("echo $?") == "130\n"


def test_stop_continue_and_background(console):
    console.type("sleep 1000\n")
    time.sleep(0.5)
    console.type("\x1a")
    console.expect("Stopped")
    console.expect(r"root@astra:[^\n]*# ")
    assert "Stopped" in console.command("jobs")
    console.command("bg")
    assert "Running" in console.command("jobs")
    console.type("fg\n")
    time.sleep(0.5)
    console.type("\x03")
    console.expect(r"root@astra:[^\n]*# ")
    assert console.command("jobs") == ""


def test_end_of_input_ends_cat(console):
    console.type("cat\n")
    time.sleep(0.5)  # until the shell has left its raw mode: only then is the line echoed
    console.type("line\n")
    console.expect("line\nline\n")
    console.type("\x04")
    console.expect(r"root@astra:[^\n]*# ")


def test_typing_ahead_is_kept(console):
    console.type("sleep 1; cat\nahead\n")
    console.expect("ahead\n")
    time.sleep(1.5)
    console.type("\x04")
    console.expect(r"root@astra:[^\n]*# ")


def test_history_and_line_editing(console):
    console.command("echo first")
    console.type("\x1b[A")  # cursor up: the last line again
    console.expect("echo first")
    console.type("\x7f\x7f\x7f\x7f\x7fsecond\n")
    console.expect("second\nsecond\n")
    console.expect(r"root@astra:[^\n]*# ")


def test_completion(console):
    console.type("ls -d /data/conf\t\n")
    console.expect("/data/config")
    console.expect(r"root@astra:[^\n]*# ")


def test_reading_terminal_from_background_stops(console):
    console.command("cat &")
    time.sleep(0.5)
    assert "Stopped" in console.command("jobs")
    console.command("kill -9 %1")
    console.command("wait")


def test_terminal_settings(console):
    assert "speed" in console.command("stty -a")


def test_quit_leaves_a_shell(console):
    console.type("exit\n")
    console.boot()


def test_power_off_ends_the_machine():
    with Terminal() as terminal:
        terminal.boot()
        terminal.type("poweroff\n")
        assert terminal.end() == 0
