"""The keyboard of `kata watch`: single keys, and nothing else that a terminal sends."""

import os
import queue
import signal
import time

import pytest

from katagrad.student import keys

termios = pytest.importorskip("termios")


@pytest.fixture
def keyboard(monkeypatch):
    """(what a terminal writes, what the program reads)"""
    far, near = os.openpty()
    with os.fdopen(near) as stdin:
        monkeypatch.setattr(keys.sys, "stdin", stdin)
        yield far, near
    os.close(far)


def test_arrows_and_function_keys_are_no_letters(keyboard):
    heard = queue.SimpleQueue()
    # Down and Home would go back and take a hint; F2 would quit.
    sent = [b"\x1b[B", b"\x1bOH", b"\x1b[H", b"\x1bOQ", b"\x1b[1;5D", b"\x1b[15~", b"h", b"n"]
    with keys.pressed(heard.put):
        for one in sent:
            os.write(keyboard[0], one)
            time.sleep(0.02)
        assert [heard.get(timeout=20), heard.get(timeout=20)] == ["h", "n"]
    assert heard.empty()


@pytest.mark.skipif(not hasattr(signal, "SIGCONT"), reason="the system cannot stop a program")
def test_keys_are_read_again_after_ctrl_z(keyboard):
    def lines_are_read():
        return bool(termios.tcgetattr(keyboard[1])[3] & termios.ICANON)

    before, handler = termios.tcgetattr(keyboard[1]), signal.getsignal(signal.SIGCONT)
    with keys.pressed(lambda key: None):
        assert not lines_are_read()
        termios.tcsetattr(keyboard[1], termios.TCSANOW, before)  # as a shell does
        os.kill(os.getpid(), signal.SIGCONT)
        end = time.monotonic() + 20
        while lines_are_read() and time.monotonic() < end:
            time.sleep(0.01)
        assert not lines_are_read()
    assert lines_are_read()
    assert signal.getsignal(signal.SIGCONT) == handler
