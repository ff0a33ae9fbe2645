"""A line that says how far a training is, redrawn in place while the submission runs, and then removed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable

from katagrad.text import one_line
from katagrad.worker.pulse import Training

# Seconds between two drawings, however often a worker reports.
PAUSE = 0.1


class Course:
    """One call of a training function, as its reports tell it: the time left follows from the pace so far."""

    def __init__(self, function: str) -> None:
        self.function = one_line(function, 40)
        self.first: tuple[float, int] | None = None

    def words(self, training: Training, now: float) -> str:
        """One line. now: seconds of a clock that only goes forward."""
        if self.first is None or training.done < self.first[1]:
            self.first = now, training.done
        since, before = self.first
        line = f"{self.function}: {training.done} of {training.total} {training.rounds}"
        if training.loss is not None:
            line += f", loss {training.loss:.4g}"
        if training.done > before:
            left = (now - since) / (training.done - before) * (training.total - training.done)
            line += f", about {left:.0f} s left"
        return line


class TrainingLine:
    """A listener of a pool of workers (`katagrad.boundary.transport.Listener`).

    show: draws a line in the place of the one before. remove: called before anything else is written, where a line
    was drawn.
    """

    def __init__(self, show: Callable[[str], None], remove: Callable[[], None]) -> None:
        self._show, self._remove = show, remove
        self._course: Course | None = None
        self._drawn = 0.0

    def report(self, function: str, training: Training) -> None:
        """Draw how far a training is."""
        now = time.monotonic()
        if self._course is not None and now - self._drawn < PAUSE:
            return
        self._course = self._course or Course(function)
        self._drawn = now
        self._show(self._course.words(training, now))

    def over(self) -> None:
        """Remove what was drawn."""
        if self._course is not None:
            self._course = None
            self._remove()


def on_terminal(write: Callable[[str], None]) -> TrainingLine:
    """A line at the end of a terminal, without any code that a terminal might not know.

    write: writes text to the terminal at once.
    """
    shown = 0

    def show(text: str) -> None:
        nonlocal shown
        text = text[: shutil.get_terminal_size().columns - 1]
        write("\r" + text.ljust(shown))
        shown = len(text)

    def remove() -> None:
        nonlocal shown
        write("\r" + " " * shown + "\r")
        shown = 0

    return TrainingLine(show, remove)
