"""The wall limit of a check in the driver, which also ends endless loops of a grader."""

from __future__ import annotations

import ctypes
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from katagrad.boundary.transport import Transport

# Seconds between two checks of a grader that has exceeded its time but waits for the submission.
PAUSE = 0.05


class Overrun(BaseException):
    """A grader kept running long after its check's time. Not an Exception, so that no grader catches it."""


@contextmanager
def watched(transport: Transport, seconds: float) -> Iterator[None]:
    """Raise Overrun in this thread if it is still at work `seconds` after the deadline of the transport.

    The submission itself is held to the deadline by the transport. What is bounded here is the grader's own
    arithmetic, which has as much time again. Reaches Python code in any thread and on any system; a long call of
    compiled code is interrupted when it returns.
    """
    if math.isinf(seconds):
        yield
        return
    caller, done, turn = threading.get_ident(), threading.Event(), threading.Lock()

    def watch() -> None:
        while not done.wait(max(transport.deadline + seconds - time.monotonic(), PAUSE)):
            if time.monotonic() < transport.deadline + seconds or transport.waiting:
                continue
            with turn:
                if not done.is_set():
                    # The only way to interrupt a thread that may not be the main one.
                    thread, kind = ctypes.c_ulong(caller), ctypes.py_object(Overrun)
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, kind)
            return

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        with turn:
            done.set()
