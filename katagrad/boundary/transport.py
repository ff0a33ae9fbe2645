"""One worker kept for one submission's topic: loaded when first needed, replaced when it dies."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from katagrad.errors import Ended, Failure, NotGraded, NotStarted, Overtime, StudentError
from katagrad.worker.limits import MAX_DESCRIPTORS, Limits

# Of a check's time: what a function gets that ran over time before, though it had answered other calls; and how much
# of it a call must have had to count as run over time by its own fault.
SECOND_CHANCE, OWN_FAULT = 0.25, 0.5


class Transport:
    """Keeps one worker for one submission's topic, and replaces it when it dies.

    A function that ran over time before it ever answered is taken to be an endless loop: its further calls raise the
    same Overtime at once. One that has answered other calls gets a quarter of a check's time once more before that.
    """

    def __init__(self, pool: Any, source: Any) -> None:
        self.pool, self.source = pool, source
        self.worker: Any = None
        self.defined: dict[str, Any] = {}
        self.deadline, self.seconds = 0.0, 0.0
        self.waiting = False  # whether the submission is at work, rather than the grader
        self.check_seed = 0
        self.prints: list[str] = []
        # How the submission broke its topic's from-scratch rule, as a worker saw it.
        self.broken_rule = ""
        self._broken: Failure | None = None
        self._unloadable: Failure | None = None
        self._answered: set[str] = set()
        self._late: dict[str, list[Overtime]] = {}  # by function; two are enough

    @property
    def framework(self) -> str:
        """The framework of the submission. Raises Failure where its file does not tell."""
        return str(self.source.framework)

    def begin(self, seed: int, seconds: float) -> None:
        """Start a check: `seconds` of wall time from when the submission is loaded."""
        self.check_seed, self.prints, self.seconds = seed, [], seconds
        if self._unloadable is not None:
            raise self._unloadable
        self.deadline = time.monotonic() + seconds
        self._broken = None
        if self.worker is None or self.worker.dead:
            self._load(seconds)
            self.deadline = time.monotonic() + seconds
        self.request("begin", "seeding", {"seed": seed})

    def extend(self, share: float) -> None:
        """Grant the running check more wall time: a share of its `seconds`."""
        self.deadline += share * self.seconds

    def finish(self) -> str:
        """End a check; returns what the submission printed in it."""
        if self.worker is not None:
            self.prints.append(self.worker.printed())
        return "".join(self.prints)

    def restart(self) -> None:
        """Replace the worker by a fresh one."""
        self.close()
        self._load(max(self.deadline - time.monotonic(), 1.0))
        self.request("begin", "seeding", {"seed": self.check_seed})

    def _load(self, seconds: float) -> None:
        self.close()
        self.worker = self.pool.worker(self.framework)
        self.deadline = time.monotonic() + max(seconds, self.pool.limits.wall)
        of = f"importing {self.source.topic}.py"
        try:
            self.request("write", of, {"files": self.source.files})
        except Ended as reason:  # nothing of the submission has run yet
            raise NotGraded(
                f"the worker ended before the submission was loaded: {reason}"
            ) from None
        arguments = {"module": self.source.topic, "rules": self.source.rules.plain()}
        try:
            self.defined = self.request("load", of, arguments)
        except Failure as reason:  # it would fail the same way for every check to come
            self._unloadable = reason
            raise

    def request(self, op: str, of: str, arguments: dict[str, Any]) -> Any:
        """Ask the worker; a submission's exception becomes StudentError, a lost worker Ended."""
        if self._broken is not None:
            raise self._broken
        reply = self._ask(op, of, arguments)
        if "refused" in reply:
            raise Failure(f"{of} returned {reply['refused']}")
        if "error" in reply:
            raise self.explained(of, reply["error"])
        return reply["value"]

    def explained(self, of: str, error: dict[str, Any]) -> Failure:
        """What an exception of the submission, as the worker describes it, comes to."""
        if error["type"] == "NotImplementedError" and error["frames"]:
            file, line, _, text = error["frames"][-1]
            # Frameworks raise it too: for a type of numbers that an operation does not know, say.
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
        if error["type"] in ("BdbQuit", "EOFError"):
            detail = "nobody can type into a worker; add --in-process to stop at breakpoint()"
        detail = _explained(detail, self.pool.limits)
        if error["type"] in ("FromScratchRule", "ImportRefused"):
            self.broken_rule = self.broken_rule or _breach(detail, error["frames"])
        return StudentError(of, error["type"], error["kinds"], detail, error["frames"])

    def _ask(self, op: str, of: str, arguments: dict[str, Any]) -> Any:
        function = of.partition("(")[0]  # a battery says how it calls: "softmax(x, axis=0)"
        late = self._late.get(function, [])
        if len(late) > 1 or (late and function not in self._answered):
            raise late[0]
        started = time.monotonic()
        deadline = (
            min(self.deadline, started + SECOND_CHANCE * self.seconds) if late else self.deadline
        )
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
            self.waiting = False
        self._answered.add(function)
        return reply

    def require(self, name: str) -> None:
        """Raise Failure unless the submission defines `name` as the stub asks."""
        self.source.require(name, self.defined)

    def close(self) -> None:
        """End the worker."""
        if self.worker is not None:
            self.worker.close()
            self.worker = None


def _explained(detail: str, limits: Limits) -> str:
    """A message of the system, with the limit that is behind it."""
    tasks = f"a submission may have {limits.processes} processes and threads"
    reasons = {
        "[Errno 97]": "submissions are graded without a network",
        "can't start new thread": tasks,
        "[Errno 11] Resource temporarily": tasks,
        "[Errno 24]": f"a process may have {MAX_DESCRIPTORS} open files",
        "[Errno 27]": f"a file may have {limits.file >> 20} MiB",
        "[Errno 28]": "the folder for files is full",
        "[Errno 30]": "only the working folder and the temporary folder can be written",
    }
    found = next((reason for words, reason in reasons.items() if words in detail), "")
    return f"{detail} ({found})" if found else detail


def _breach(detail: str, frames: Sequence[Sequence[object]]) -> str:
    """Which rule was broken, in which function and line."""
    if not frames or " imports " in detail:  # of an import, it names the line that imports
        return detail
    file, line, function, _ = frames[-1]
    return f"{file}:{line}" + (f" in {function}" if function else "") + f": {detail}"
