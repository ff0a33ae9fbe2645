"""One worker process: send requests, read replies, end it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from katagrad.errors import Ended, Failure, Overtime
from katagrad.worker import watch
from katagrad.worker.limits import BROKEN, Limits
from katagrad.worker.pulse import Training, training_from
from katagrad.worker.wire import Closed, Connection, Deadline, Late, Unsendable, WireError

# Limits of an exception that a worker reports: frames of its traceback, characters of each text.
MAX_FRAMES, MAX_TEXT = 50, 8000
# Seconds between two reports of a training, and how many may come before a reply.
EVERY, MAX_REPORTS = 0.25, 20_000

# Signals of a crash, with the likely cause.
CRASHES = {
    "SIGSEGV": "; endless recursion or a fault in compiled code?",
    "SIGABRT": "; out of memory?",
    "SIGBUS": "; a mapped file that was cut, or a full /dev/shm?",
    "SIGFPE": "",
    "SIGILL": "",
    "SIGSYS": "",
}


class Worker:
    """A process that runs one topic of one submission. Use `request` until the worker is `dead`."""

    def __init__(self, connection: Connection, output: IO[bytes], limits: Limits) -> None:
        self.connection, self.output, self.limits = connection, output, limits
        self.dead = False
        # How the process ended: wait status, peak memory, CPU seconds.
        self.ending: dict[str, Any] = {}
        self._read = 0
        # Called with how far a training is, while `request` waits. None: nobody asks the worker for that.
        self.listener: Callable[[Training], None] | None = None
        # Called when a deadline has passed: by how many seconds it moves. None: it never does.
        self.more: Callable[[], float] | None = None

    def pids(self) -> list[int]:
        """Its processes, as far as the system tells."""
        return []

    def request(self, op: str, deadline: float, **arguments: Any) -> Any:
        """Send a request and return the reply: {"value": ...}, {"error": ...} or {"refused": ...}.

        Raises Ended, with the reason, if no valid reply comes by `deadline` (of time.monotonic()), as `more` moves it,
        and Failure if the request itself is more than can be sent.
        """
        started, waited = time.monotonic(), 0.0

        def left() -> float:
            nonlocal waited
            rest = deadline + waited - time.monotonic()
            if rest <= 0 and self.more is not None:
                found = self.more()
                waited, rest = waited + found, rest + found
            return rest

        try:
            asked: dict[str, Any] = {"op": op, "with": arguments}
            if self.listener is not None:
                asked["every"] = EVERY
            self.connection.send(asked, deadline=left)
            reply = self._reply(left)
            if not isinstance(reply, dict) or not (
                "value" in reply
                or _sound_text(reply.get("refused"))
                or _sound_error(reply.get("error"))
            ):
                raise WireError("a message is no answer")
        except Late:
            self.end()
            if self.ending.get("reason"):  # it may have waited for a process that was killed
                raise Ended(self.reason()) from None
            # Earlier calls of the check count, too: nothing may be left.
            seconds = max(deadline - started, 0.0)
            busy = f" and {waited:.3g} s more, since the machine was busy" if waited else ""
            raise Overtime(
                f"took longer than the {seconds:.3g} s that were left for this check{busy}; "
                "is there an endless loop? On a slow machine, --patience 3 allows three times as long"
            ) from None
        except Closed:
            self.end()
            raise Ended(self.reason()) from None
        except Unsendable as reason:  # of this side, before anything was sent
            raise Failure(
                f"a message to the worker would hold {reason}; see --limit message"
            ) from None
        except WireError as error:
            self.end()
            raise Ended(
                f"the connection to the grader was written to by other code: {error}"
            ) from None
        if os.fstat(self.output.fileno()).st_size > self.limits.output:
            kept = self.limits.output >> 10
            self.end()
            raise Ended(
                f"printed more than {kept} KiB; print less, above all inside loops"
            ) from None
        return reply

    def _reply(self, deadline: Deadline) -> Any:
        """The next message that is no report of a training."""
        for _ in range(MAX_REPORTS):
            reply = self.connection.receive(deadline)
            report = None if self.listener is None else training_from(reply)
            if report is None or self.listener is None:
                return reply
            self.listener(report)
        raise WireError("too many reports of one training")

    def printed(self) -> str:
        """What the submission printed since the last call, at most `limits.output` bytes."""
        there = os.fstat(self.output.fileno()).st_size - self._read
        raw = os.pread(self.output.fileno(), max(0, min(there, self.limits.output)), self._read)
        self._read += len(raw)
        return raw.decode("utf-8", "replace")

    def reason(self) -> str:
        """Why the process ended."""
        if self.ending.get("reason"):
            return str(self.ending["reason"])
        if self.ending.get("server") == "lost":
            return "the process that started this one was killed or stopped with it"
        status = int(self.ending.get("status", 0))
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
            if name == "SIGXCPU":
                return f"used more than {self.limits.cpu} s of CPU time"
            if name in CRASHES:
                return f"the process crashed ({name}{CRASHES[name]})"
            return f"the process was ended by a signal ({name})"
        if os.WEXITSTATUS(status) == BROKEN:
            return (
                f"the worker broke inside this process (status {BROKEN}): code that replaces built-in functions, "
                "such as isinstance, or parts of Python's own modules, breaks it; use other names"
            )
        return f"the process ended by itself with status {os.WEXITSTATUS(status)}; do not call os._exit"

    def end(self) -> None:
        """End the process and whatever it started."""
        self.dead = True
        self.connection.close()

    def close(self) -> None:
        """End the process and release its resources."""
        if not self.dead:
            self.end()
        self.output.close()


def _sound_error(error: Any) -> bool:
    if not isinstance(error, dict):
        return False
    kinds, frames = error.get("kinds"), error.get("frames")
    if not isinstance(kinds, list) or not isinstance(frames, list) or len(frames) > MAX_FRAMES:
        return False
    texts = [error.get("type"), error.get("message"), *kinds[:MAX_FRAMES]]
    for frame in frames:
        if not isinstance(frame, tuple) or len(frame) != 4 or type(frame[1]) is not int:
            return False
        texts += [frame[0], *frame[2:]]
    return all(map(_sound_text, texts))


def _sound_text(text: Any) -> bool:
    return isinstance(text, str) and len(text) <= MAX_TEXT


class SpawnedWorker(Worker):
    """A separate process for each submission: slower to start, but it works on every system."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        folder: Path,
        connection: Connection,
        output: IO[bytes],
        limits: Limits,
    ) -> None:
        super().__init__(connection, output, limits)
        self.process, self.folder = process, folder

    def pids(self) -> list[int]:
        """Its processes."""
        return [self.process.pid, *watch.below(self.process.pid)]

    def end(self) -> None:
        """Kill it and its process group; remove its folder."""
        if self.dead:
            return
        super().end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(0.05)  # keeps the status of a process that ended by itself
        with contextlib.suppress(ProcessLookupError, PermissionError, AttributeError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        code = self.process.wait()
        self.ending = {"status": -code if code < 0 else code << 8}
        shutil.rmtree(self.folder, ignore_errors=True)
