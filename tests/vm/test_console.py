"""The console as a person uses it: editing, history, completion, job control, power-off."""
import pytest

from terminal import PROMPT, Terminal

# Each says when the terminal is its own: what is typed before may go to the shell.
PROGRAMS = {
    "job": "trap 'echo continues' CONT; echo begins; while :; do sleep 0.05; done",
    "reader": "echo begins; exec cat",
    "late": "echo begins; sleep 1; read line; echo late: $line",
}


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    folder, options = tmp_path_factory.mktemp("console"), []
    for name, text in PROGRAMS.items():
        (folder / name).write_text(text + "\n")
        options += ["--add", f"{folder / name}:/tmp/{name}"]
    with Terminal(*options) as terminal:
        terminal.boot()
        yield terminal


def begin(console, name: str) -> None:
    console.type(f"sh /tmp/{name}\n")
    console.expect("begins\n")


def test_commands_answer(console):
    assert console.command("echo $((6 * 7)) | cat") == "42\n"
    assert console.command("tty") == "/dev/console\n"


def test_interrupt_ends_the_foreground(console):
    begin(console, "job")
    console.type("\x03")
    console.expect(PROMPT)
    assert console.command("echo $?") == "130\n"


def test_stop_continue_and_background(console):
    begin(console, "job")
    console.type("\x1a")
    console.expect("Stopped")
    console.expect(PROMPT)
    assert "Stopped" in console.command("jobs")
    console.type("bg\n")
    console.expect(rf"(?s)continues\n.*{PROMPT}|{PROMPT}.*continues\n")
    assert "Running" in console.command("jobs")
    console.type("fg\n")
    console.expect("continues\n")
    console.type("\x03")
    console.expect(PROMPT)
    assert console.command("jobs") == ""


def test_end_of_input_ends_cat(console):
    begin(console, "reader")
    console.type("line\n")
    console.expect("line\nline\n")
    console.type("\x04")
    console.expect(PROMPT)


def test_typing_ahead_is_kept(console):
    """While a program runs that reads later."""
    begin(console, "late")
    console.type("ahead\n")
    console.expect("late: ahead\n")
    console.expect(PROMPT)


def test_history_and_line_editing(console):
    console.command("echo first")
    console.type("\x1b[A")  # cursor up: the last line again
    console.expect("echo first")
    console.type("\x7f\x7f\x7f\x7f\x7fsecond\n")
    console.expect("second\nsecond\n")
    console.expect(PROMPT)


def test_completion(console):
    console.type("ls -d /data/conf\t\n")
    console.expect("/data/config")
    console.expect(PROMPT)


def test_reading_terminal_from_background_stops(console):
    console.command("cat &")
    console.repeat("jobs", "Stopped")
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
