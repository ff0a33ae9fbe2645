"""Timing inside a worker: calls in blocks, on inputs that are there before the clock starts."""

from __future__ import annotations

import gc
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from katagrad.worker.wire import Handle

STEADY = 1.5  # a call within this factor of the fastest so far counts as warm
WARM_CALLS, WARM_SECONDS = 3, 20.0


class Prepared:
    """One call, ready to be repeated. calls: zero-argument functions, one for each set of inputs."""

    def __init__(self, calls: list[Callable[[], Any]], finish: Callable[[Any], None]) -> None:
        self.calls, self.finish = calls, finish
        self.turn = 0

    def block(self, count: int) -> float:
        """Seconds of `count` calls, from an idle device to an idle device; the sets of inputs take turns."""
        calls, sets, turn = self.calls, len(self.calls), self.turn
        self.finish(
            calls[turn % sets]()
        )  # an untimed touch: whatever slept while others ran is awake
        result = None
        started = time.perf_counter()
        for i in range(turn, turn + count):
            result = calls[i % sets]()
        self.finish(result)
        seconds = time.perf_counter() - started
        self.turn = (turn + count) % sets
        return seconds


def prepare(
    session: Any, call: dict[str, Any], sets: int, mode: str
) -> tuple[Handle, float, float]:
    """Make a call ready and warm. Returns (its handle, seconds of the first call, seconds of a warm one).

    call: target, args, kwargs, backward, wrt, output and exhaust, as `katagrad.bench.fixture` sends them.
    sets: how many copies of the inputs. mode: "eager" or "compiled".
    """
    adapter = session.adapter
    function = session._resolve(call["target"])
    if mode == "compiled":
        function = adapter.compiled(function)
    calls = [_slowed(_bound(session, function, call), call) for _ in range(sets)]
    made = Prepared(calls, lambda result: finish(adapter, result))
    gc.collect()
    gc.disable()
    started = time.perf_counter()
    made.finish(calls[0]())
    first = time.perf_counter() - started
    fastest, warm = float("inf"), 0
    while warm < WARM_CALLS and time.perf_counter() - started < WARM_SECONDS:
        seconds = made.block(1)
        warm = warm + 1 if seconds < STEADY * fastest else 0
        fastest = min(fastest, seconds)
    return session.hold(made), first, fastest


def _bound(session: Any, function: Callable[..., Any], call: dict[str, Any]) -> Callable[[], Any]:
    args = [session.lift(_copied(a)) for a in call["args"]]
    kwargs = {k: session.lift(_copied(v)) for k, v in call["kwargs"].items()}
    if call["exhaust"]:
        return lambda: list(deque(function(*args, **kwargs), maxlen=1))
    if not call["backward"]:
        return lambda: function(*args, **kwargs)
    adapter = session.adapter
    wrt = [session._source(w, args, kwargs) for w in call["wrt"]]
    leaves: list[Any] = []
    for structure in wrt:
        session.collect(structure, leaves)
    output = call["output"]

    def both() -> Any:
        tape = adapter.Tape(leaves)
        with tape:
            result = function(*args, **kwargs)
            for step in output:
                result = result[step]
        return tape.pull(result)

    return both


def _slowed(function: Callable[[], Any], call: dict[str, Any]) -> Callable[[], Any]:
    """`function`, longer by the share `slower` of its own time: a slowdown to try a rule of judgement on."""
    share = call.get("slower", 0.0)
    if not share:
        return function

    def slow() -> Any:
        started = time.perf_counter()
        result = function()
        until = time.perf_counter() * (1 + share) - started * share
        while time.perf_counter() < until:
            pass
        return result

    return slow


def _copied(value: Any) -> Any:
    """A copy of the arrays in `value`, so that each set of inputs has memory of its own."""
    if hasattr(value, "copy") and hasattr(value, "dtype"):
        return value.copy()
    if isinstance(value, (list, tuple)):
        return type(value)(_copied(item) for item in value)
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return value


def finish(adapter: Any, result: Any) -> None:
    """Wait until `result` is computed: synchronise the device, and read one number of it on the host."""
    while isinstance(result, (list, tuple)) and result:
        result = result[-1]
    if isinstance(result, dict) and result:
        result = next(reversed(result.values()))
    if adapter.is_tensor(result):
        adapter.touch(result)
    adapter.synchronize()


def ceiling(adapter: Any, kind: str, size: int, seconds: float) -> float:
    """The best rate of this framework here: "matmul" in FLOP/s at `size`, or "copy" in bytes/s of `size` floats.

    The maximum over blocks for about `seconds`: what the machine can do at its best, and so a ceiling.
    """
    work, amount = adapter.ceiling_work(kind, size)
    work()
    best, started = 0.0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        before = time.perf_counter()
        finish(adapter, work())
        best = max(best, amount / (time.perf_counter() - before))
    return best
