"""Keep one worker for one topic of one submission: load it when needed, replace it when it dies."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol

from katagrad.boundary.turns import Turns
from katagrad.errors import (
    Ended,
    Failure,
    FormFailure,
    NotGraded,
    NotStarted,
    Overtime,
    StudentError,
)
from katagrad.worker.limits import MAX_DESCRIPTORS, Limits
from katagrad.worker.pulse import Training

# Share of a check's time for a function that has exceeded a time limit before, but answered other calls.
SECOND_CHANCE = 0.25
# A call that had at least this share of a check's time is itself the cause of exceeding the limit.
OWN_FAULT = 0.5
# A check whose submission waits for a processor gets that time on top: at most this many times its own.
MOST_WAITING = 3
# The submission's threads may run for this many times the check's time meanwhile; more of them wait for each other.
MOST_RUNNING = 2
# Waiting that is shorter, in seconds, does not count.
LEAST_WAITING = 0.05


class Listener(Protocol):
    """Shows how far a training is, while the driver waits for it."""

    def report(self, function: str, training: Training) -> None:
        """Called now and then, with the name of the submission's function."""

    def over(self) -> None:
        """Called at the end of each request, reported or not."""


class Transport:
    """Keeps one worker for one topic of one submission, and replaces it when it dies.

    If a function exceeds the time limit before it has answered any call, it is treated as an endless
    loop: further calls raise the same Overtime at once. A function that has answered other calls
    first gets one more call, limited to a quarter of the check's time.

    The time of a check is the submission's. The grader's own work does not count, up to as much time
    again, and neither does time in which the submission could have run, but other programs had the
    processors, up to three times as much again.
    """

    def __init__(self, pool: Any, source: Any) -> None:
        self.pool, self.source = pool, source
        self.worker: Any = None
        self.defined: dict[str, Any] = {}
        self.deadline, self.seconds = 0.0, 0.0
        # When the submission last answered. Seconds of the check that did not count: the grader's, and waiting.
        self._answered_at, self._own, self._waited = 0.0, 0.0, 0.0
        self._turns = Turns()
        # Whether the submission is running, rather than the grader.
        self.waiting = False
        self.check_seed = 0
        self.prints: list[str] = []
        # The layouts of results that the running check has asked for: "image", "kernel".
        self.layouts: set[str] = set()
        # How the submission broke the topic's from-scratch rule, as seen by a worker.
        self.broken_rule = ""
        self._broken: Failure | None = None
        self._unloadable: Failure | None = None
        self._answered: set[str] = set()
        # By function. No more than two are kept.
        self._late: dict[str, list[Overtime]] = {}

    @property
    def framework(self) -> str:
        """The framework of the submission. Raises Failure if its file imports none."""
        return str(self.source.framework)

    def begin(self, seed: int, seconds: float) -> None:
        """Start a check. Its `seconds` of wall time begin when the submission is loaded."""
        self.check_seed, self.prints, self.seconds = seed, [], seconds
        self.layouts = set()
        self._answered_at, self._own, self._waited = time.monotonic(), 0.0, 0.0
        if self._unloadable is not None:
            raise self._unloadable
        self.deadline = time.monotonic() + seconds
        self._broken = None
        if self.worker is None or self.worker.dead:
            self._load(seconds)
            self.deadline, self._waited = time.monotonic() + seconds, 0.0
        self._turns = Turns(self.worker.pids())
        self.request("begin", "seeding", {"seed": seed})

    def extend(self, share: float) -> None:
        """Give the running check more wall time: a share of its `seconds`."""
        self.deadline += share * self.seconds

    def more(self, worker: Any) -> float:
        """Seconds by which a worker's deadline moves, since it waited for a processor.

        Nothing if it had enough of the processors: then its own threads waited for each other.
        """
        ran, waited = self._turns.since(worker.pids())
        found = min(waited, MOST_WAITING * self.seconds) - self._waited
        if ran >= MOST_RUNNING * self.seconds or found < LEAST_WAITING:
            return 0.0
        self._waited += found
        self.deadline += found
        return found

    def finish(self) -> str:
        """End a check, and return what the submission printed in it."""
        if self.worker is not None:
            self.prints.append(self.worker.printed())
        return "".join(self.prints)

    def pause(self) -> None:
        """End the worker, and keep what it printed. The next request starts a new one."""
        if self.worker is not None:
            self.prints.append(self.worker.printed())
        self.close()

    def restart(self) -> None:
        """Replace the worker by a new one."""
        self.close()
        self._load(max(self.deadline - time.monotonic(), 1.0))
        self.request("begin", "seeding", {"seed": self.check_seed})

    def _load(self, seconds: float) -> None:
        self.close()
        self.worker = self.pool.worker(self.framework)
        self.worker.more = partial(self.more, self.worker)
        self._turns, self._answered_at = Turns(self.worker.pids()), time.monotonic()
        self.deadline = time.monotonic() + max(seconds, self.pool.limits.wall)
        of = f"importing {self.source.topic}.py"
        try:
            self.request("write", of, {"files": self.source.files})
        except Ended as reason:  # no code of the submission has run yet
            raise NotGraded(
                f"the worker ended before the submission was loaded: {reason}"
            ) from None
        arguments = {"module": self.source.topic, "rules": self.source.rules.plain()}
        try:
            self.defined = self.request("load", of, arguments)
        except Failure as reason:  # every later check would fail in the same way
            self._unloadable = reason
            raise

    def request(self, op: str, of: str, arguments: dict[str, Any]) -> Any:
        """Send a request. Raises StudentError for an exception of the submission, Ended for a dead worker."""
        if self._broken is not None:
            raise self._broken
        if self.worker is None:  # it ended to make room for a process that opens files
            self.restart()
        reply = self._ask(op, of, arguments)
        if "refused" in reply:
            raise FormFailure(f"{of} returned {reply['refused']}")
        if "error" in reply:
            raise self.explained(of, reply["error"])
        return reply["value"]

    def explained(self, of: str, error: dict[str, Any]) -> Failure:
        """Turn the worker's description of an exception of the submission into an exception."""
        if error["type"] == "NotImplementedError" and error["frames"]:
            file, line, _, text = error["frames"][-1]
            # Frameworks raise it too, for example for a dtype that an operation does not support.
            if str(text).startswith("raise NotImplementedError"):
                return NotStarted(
                    f"{of} is not written yet: {file}:{line} still raises NotImplementedError"
                )
        detail = error["message"]
        if (
            error["type"] == "MemoryError"
            or "allocate memory" in detail
            or error["type"] == "ResourceExhaustedError"
        ):
            detail = f"out of memory (a submission may use {self.pool.limits.memory >> 20} MiB). {detail}".strip()
        if error["type"] == "BdbQuit":
            detail = (
                "a worker has no terminal for input; to stop at breakpoint(), run "
                f"pytest exercises/{self.source.topic}.py --in-process"
            )
        elif error["type"] == "EOFError" and "reading a line" in detail:
            detail = "a worker has no terminal for input; nobody answers input()"
        elif error["type"] == "NameError" and "'get_ipython'" in detail:
            detail = "get_ipython is there in Jupyter alone, which wrote this line for a magic: remove the line"
        detail = _explained(detail, self.pool.limits)
        if error["type"] in ("FromScratchRule", "ImportRefused"):
            self.broken_rule = self.broken_rule or _breach(detail, error["frames"])
        return StudentError(of, error["type"], error["kinds"], detail, error["frames"])

    def _ask(self, op: str, of: str, arguments: dict[str, Any]) -> Any:
        function = of.partition("(")[0]  # `of` may be a whole call: "softmax(x, axis=0)"
        late = self._late.get(function, [])
        if len(late) > 1 or (late and function not in self._answered):
            raise late[0]
        started = time.monotonic()
        own = min(started - self._answered_at, self.seconds - self._own)
        self._own += own
        self.deadline += own
        deadline = (
            min(self.deadline, started + SECOND_CHANCE * self.seconds) if late else self.deadline
        )
        listener: Listener | None = getattr(self.pool, "listener", None)
        self.worker.listener = None if listener is None else partial(listener.report, function)
        self.waiting = True
        try:
            reply = self.worker.request(op, deadline, **arguments)
        except Ended as reason:
            self.prints.append(self.worker.printed())
            self._broken = type(reason)(f"{of}: {reason}")
            if isinstance(self._broken, Overtime) and (
                late or deadline - started >= OWN_FAULT * self.seconds
            ):
                self._late[function] = [*late, self._broken]
                self._broken = self._late[function][0]
            raise self._broken from None
        finally:
            self.waiting, self._answered_at = False, time.monotonic()
            if listener is not None:
                listener.over()
        self._answered.add(function)
        return reply

    def forget_overtime(self) -> None:
        """Forget which functions took too long, so that the next check gives them their full time again."""
        self._late.clear()

    def require(self, name: str) -> None:
        """Raise Failure unless the submission defines `name` as the stub does."""
        self.source.require(name, self.defined)

    def close(self) -> None:
        """End the worker."""
        if self.worker is not None:
            self.worker.close()
            self.worker = None


def _explained(detail: str, limits: Limits) -> str:
    """Add to a system's error message which limit caused it."""
    tasks = f"a submission may have {limits.processes} processes and threads"
    reasons = {
        "[Errno 97]": "submissions are graded without a network",
        "can't start new thread": tasks,
        "[Errno 11] Resource temporarily": tasks,
        "[Errno 24]": f"a process may have {MAX_DESCRIPTORS} open files",
        "[Errno 27]": f"a file may have {limits.file >> 20} MiB",
        "[Errno 28]": "the submission's folders are full",
        "[Errno 30]": "only the working folder and the temporary folder can be written",
    }
    found = next((reason for words, reason in reasons.items() if words in detail), "")
    return f"{detail} ({found})" if found else detail


def _breach(detail: str, frames: Sequence[Sequence[object]]) -> str:
    """The message of a broken rule, with its function and line."""
    if not frames or " imports " in detail:  # a message about an import already names the line
        return detail
    file, line, function, _ = frames[-1]
    return f"{file}:{line}" + (f" in {function}" if function else "") + f": {detail}"
