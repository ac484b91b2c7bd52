"""The same image in Bochs."""


def test_exec_in_bochs(guest_exec):
    result = guest_exec("sh", "-c", "ls -l / | head; uname -a; exit 7", options=["--bochs"], timeout_s=400)
    assert result.status == 7 and "Linux astra 6.1.0-astra" in result.text


def test_input_in_bochs(guest_exec):
    data = bytes(range(256)) * 16
    result = guest_exec("cat", stdin=data, options=["--bochs"], timeout_s=400)
    assert result.status == 0 and result.out == data
