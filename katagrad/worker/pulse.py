"""How far a training is, while the driver waits for it: read from outside, so that the submission runs as ever.

Training functions have a parameter `epochs` (or `steps`), and collect one loss an epoch in a list. A thread looks at
the frames of the function that runs, now and then, and sends three numbers. It runs only where somebody looks.
"""

from __future__ import annotations

import contextlib
import math
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from katagrad.worker.wire import Closed, Connection, Unsendable

# What counts the rounds of a training. A report names one by its position.
ROUNDS = ("epochs", "steps")
# Seconds before the first report of a request, as a share of the pause between two of them.
PATIENT = 2.0
MOST_ROUNDS = 10**9
KEY = "training"


@dataclass(frozen=True)
class Training:
    """done of `total` rounds, in words "epochs" or "steps"; loss: of the last one, None if it is not known."""

    done: int
    total: int
    loss: float | None
    rounds: str

    def plain(self) -> dict[str, Any]:
        """As a message."""
        return {KEY: [self.done, self.total, self.loss, ROUNDS.index(self.rounds)]}


def training_from(message: Any) -> Training | None:
    """The training that a message of an untrusted worker reports; None for any other message."""
    if not isinstance(message, dict) or set(message) != {KEY}:
        return None
    found = message[KEY]
    if not isinstance(found, list) or len(found) != 4:
        return None
    done, total, loss, number = found
    if any(type(count) is not int for count in (done, total, number)):
        return None
    if not (0 <= done <= total <= MOST_ROUNDS and 0 <= number < len(ROUNDS)):
        return None
    if loss is not None and type(loss) is not float:
        return None
    return Training(done, total, loss, ROUNDS[number])


class Pulse:
    """Looks at the frames of one thread. home: the folder of the submission."""

    def __init__(self, thread: int, home: Path) -> None:
        self.thread, self.home = thread, str(home)
        # Lists of numbers in those frames: their lengths when they were first seen, in that order.
        self.seen: dict[int, int] = {}

    def look(self) -> Training | None:
        """How far the innermost training is; None if none is found."""
        frame = sys._current_frames().get(self.thread)
        while frame is not None:
            found = self._training(frame) if self._own(frame) else None
            if found is not None:
                return found
            frame = frame.f_back
        return None

    def _own(self, frame: FrameType) -> bool:
        """Whether a frame belongs to the submission, or is Keras's `fit`, which the submission called."""
        code = frame.f_code
        if not any(name in code.co_varnames for name in ROUNDS):
            return False
        keras = code.co_name == "fit" and str(frame.f_globals.get("__name__")).startswith("keras.")
        return keras or code.co_filename.startswith(self.home)

    def _training(self, frame: FrameType) -> Training | None:
        names = frame.f_locals
        rounds = next((name for name in ROUNDS if type(names.get(name)) is int), "")
        total = names.get(rounds, 0)
        if not 1 < total <= MOST_ROUNDS:
            return None
        history = self._history(names, total)
        if history:
            return Training(len(history), total, history[-1], rounds)
        done = names.get("epoch" if rounds == "epochs" else "step")
        if type(done) is not int or not 0 <= done <= total:
            return None
        kept = getattr(getattr(names.get("callbacks"), "_history", None), "history", None)
        losses = kept.get("loss") if type(kept) is dict else None
        loss = losses[-1] if type(losses) is list and losses else None
        return Training(done, total, loss if type(loss) is float else None, rounds)

    def _history(self, names: dict[str, Any], total: int) -> list[float]:
        """The list of floats that has grown for the longest time: one of batches begins anew with each epoch."""
        lists = [value for value in names.values() if type(value) is list]
        for value in names.values():
            if type(value) is dict and len(value) < 20:
                lists += [part for part in list(value.values()) if type(part) is list]
        there = {id(one): one for one in lists if not one or type(one[-1]) is float}
        self.seen = {key: size for key, size in self.seen.items() if key in there}
        for key, one in sorted(there.items(), key=lambda pair: len(pair[1])):
            self.seen.setdefault(key, len(one))
        grown = (there[key] for key, size in self.seen.items() if size < len(there[key]) <= total)
        return next(grown, [])


@contextlib.contextmanager
def reporting(connection: Connection, every: Any, home: Path) -> Iterator[None]:
    """Send reports to the driver while a request of this thread runs. every: seconds, or None for no reports."""
    if not isinstance(every, float) or not 0 < every < math.inf:
        yield
        return
    over, pulse = threading.Event(), Pulse(threading.get_ident(), home)

    def run() -> None:
        pause = PATIENT * every
        while not over.wait(pause):
            pause = every
            # The submission changes its variables while they are read.
            with contextlib.suppress(RuntimeError, LookupError):
                found = pulse.look()
                if found is not None and not over.is_set():
                    connection.send(found.plain())

    def guarded() -> None:
        with contextlib.suppress(Closed, Unsendable):
            run()

    thread = threading.Thread(target=guarded, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no more threads are allowed
        yield
        return
    try:
        yield
    finally:
        over.set()
        thread.join()
