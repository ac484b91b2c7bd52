"""Which program runs first, and what happens when there is none or it ends."""


def test_a_missing_program_is_replaced(guest_exec):
    result = guest_exec("echo", "up", options=["--init", "/no/such/program"])
    assert result.status == 0 and result.out == b"up\n"


def test_its_end_switches_the_machine_off(guest_exec, tmp_path):
    console = tmp_path / "console"
    result = guest_exec("true", options=["--init", "true", "--console", str(console)])
    assert result.status == 125 and b"stopped before the command ended" in result.err
    assert b"process 1 ended with status 0" in console.read_bytes()


def test_it_gets_words_and_variables(guest_exec, tmp_path):
    script = tmp_path / "first"
    script.write_text('#!/sys/bin/sh\nmount -t devtmpfs dev /dev\necho "first: $1 $NAME" > /dev/console\n')
    script.chmod(0o755)
    console = tmp_path / "console"
    guest_exec("true", options=["--add", f"{script}:/sys/bin/first", "--init", "first", "--console", str(console),
                                "--append", "word NAME=value"])
    assert b"first: word value" in console.read_bytes()
