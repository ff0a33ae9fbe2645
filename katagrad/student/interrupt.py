"""Leaving a check that a new save, or a key, has made pointless."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# On Windows no signal can interrupt: a check is left when its case is over.
NUMBER = getattr(signal, "SIGUSR1", None)
# Seconds between two attempts, where the moment was not safe.
PAUSE = 0.05


class Superseded(BaseException):
    """The check at work is to be left; not an Exception, so that no grader catches it."""


class Interrupter:
    """Ends a block of the main thread from another thread, at a moment when that is safe."""

    def __init__(self, safe: Callable[[], bool]) -> None:
        """safe: whether the block may be left now; asked in the main thread."""
        self.safe = safe
        self._wanted, self._over, self._turn = threading.Event(), True, threading.Lock()

    @contextmanager
    def block(self) -> Iterator[None]:
        """What `interrupt` ends, by Superseded, which goes no further. Only for the main thread."""
        self._wanted, self._over = threading.Event(), False
        before = signal.signal(NUMBER, self._heard) if NUMBER is not None else None
        thread = threading.Thread(target=self._send, daemon=True)
        thread.start()
        try:
            with contextlib.suppress(Superseded):
                yield
        finally:
            with self._turn:  # no signal is sent after this
                self._over = True
            self._wanted.set()
            thread.join()
            if NUMBER is not None:
                signal.signal(NUMBER, before)

    def interrupt(self) -> None:
        """Have the block end; nothing happens where none is at work."""
        self._wanted.set()

    def leave(self) -> None:
        """Raise Superseded if that is wanted; for the block itself, where it is between two steps."""
        if self._wanted.is_set():
            raise Superseded

    def _heard(self, _number: int, _frame: FrameType | None) -> None:
        if not self._over and self.safe():
            raise Superseded

    def _send(self) -> None:
        main = threading.main_thread().ident
        self._wanted.wait()
        while NUMBER is not None and main is not None:
            with self._turn:
                if self._over:
                    return
                signal.pthread_kill(main, NUMBER)
            time.sleep(PAUSE)
