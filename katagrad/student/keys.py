"""Keys as they are pressed, without waiting for the end of a line."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# How often a reader looks whether it is to end, in seconds.
PAUSE = 0.2
# What arrows, Home and function keys send: letters in it are no keys. The last may have been cut off.
SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*(?:[@-~]|$)|O.?|.?)", re.DOTALL)


def possible() -> bool:
    """Whether there is a keyboard, and a screen to answer on."""
    return sys.stdin.isatty() and sys.stdout.isatty()


@contextmanager
def pressed(tell: Callable[[str], None]) -> Iterator[None]:
    """Call `tell` with each key, from another thread; the terminal is as it was afterwards."""
    done = threading.Event()
    with _raw() as read:

        def listen() -> None:
            while not done.is_set():
                for key in SEQUENCE.sub("", read()):
                    tell(key)

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join(2 * PAUSE)


if sys.platform == "win32":
    import msvcrt
    import time

    @contextmanager
    def _raw() -> Iterator[Callable[[], str]]:
        def read() -> str:
            if not msvcrt.kbhit():
                time.sleep(PAUSE / 4)
                return ""
            key = msvcrt.getwch()
            if key in "\x00\xe0":  # the first of two, of an arrow or a function key
                msvcrt.getwch()
                return ""
            return key

        yield read

else:
    import os
    import select
    import signal
    import termios
    import tty

    @contextmanager
    def _raw() -> Iterator[Callable[[], str]]:
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)

        def read() -> str:
            ready, _, _ = select.select([descriptor], [], [], PAUSE)
            return os.read(descriptor, 64).decode("latin-1") if ready else ""

        def again(*_: object) -> None:
            # Not raw: Ctrl-C and Ctrl-Z keep their meaning, and line ends are written as before.
            tty.setcbreak(descriptor)

        # A shell puts its own settings back when Ctrl-Z stops the program.
        continued = signal.signal(signal.SIGCONT, again)
        try:
            again()
            yield read
        finally:
            signal.signal(signal.SIGCONT, continued)
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
