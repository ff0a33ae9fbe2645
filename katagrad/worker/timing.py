"""Timing inside a worker: calls are timed in blocks, on inputs made before the clock starts."""

from __future__ import annotations

import gc
import inspect
import linecache
import time
from collections import deque
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from katagrad.worker.limits import peak_memory
from katagrad.worker.resident import beyond, pages_afresh, peak
from katagrad.worker.wire import Handle, WithLayout

# A call within this factor of the fastest so far counts as warm.
STEADY = 1.5
WARM_CALLS, WARM_SECONDS = 3, 5.0
# Seconds of calls in a row whose end is waited for once, on a GPU. Beside these, the wait takes little time.
STRETCH = 0.005
# Seconds. In a call longer than this, the time to wake up idle threads is a small part.
TOUCHED = 0.25


class Prepared:
    """One call, prepared for repetition.

    calls: functions without arguments, one for each set of inputs.
    finish: waits for a result. traces: returns how often the call was compiled so far.
    """

    def __init__(
        self,
        calls: list[Callable[[], Any]],
        finish: Callable[[Any], None],
        traces: Callable[[], int] = lambda: 0,
    ) -> None:
        self.calls, self.finish, self.traces = calls, finish, traces
        self.turn = 0
        self.touching = True
        # Share by which blocks are slowed down on purpose, to test `kata bench regress`.
        self.slower = 0.0
        # Bytes that the first call used beyond the inputs.
        self.first_memory: int | None = None

    def block(self, count: int) -> float:
        """Seconds of `count` calls, until the device is idle again. The sets of inputs alternate."""
        calls, sets, turn = self.calls, len(self.calls), self.turn
        if self.touching:  # an untimed call, which wakes up idle threads
            self.finish(calls[turn % sets]())
        result = None
        started = time.perf_counter()
        for i in range(turn, turn + count):
            result = calls[i % sets]()
        self.finish(result)
        if self.slower:
            until = time.perf_counter() * (1 + self.slower) - started * self.slower
            while time.perf_counter() < until:
                pass
        seconds = time.perf_counter() - started
        self.turn = (turn + count) % sets
        return seconds


def prepare(
    session: Any, call: dict[str, Any], sets: int, mode: str
) -> tuple[Handle, float, float]:
    """Prepare a call and warm it up. Returns (handle, seconds of the first call, seconds of a warm one).

    call: target, args, kwargs, backward, wrt, output and exhaust, as `katagrad.bench.fixture` sends them.
    sets: the number of copies of the inputs. mode: "eager", "compiled", or "xla" in TensorFlow.
    """
    adapter = session.adapter
    function = session.resolve(call["target"])
    if mode != "eager":
        function = adapter.compiled(function) if mode == "compiled" else adapter.by_xla(function)
    calls = [_bound(session, function, call) for _ in range(sets)]
    made = Prepared(
        calls,
        lambda result: finish(adapter, result),
        (lambda: int(adapter.traces(function))) if mode != "eager" else lambda: 0,
    )
    gc.collect()
    gc.disable()
    adapter.synchronize()
    held = adapter.device_memory(reset=True)
    before = held[0] if held else pages_afresh()
    started = time.perf_counter()
    result = calls[0]()
    made.finish(result)
    first = time.perf_counter() - started
    _done(result)
    made.first_memory = beyond(peak(adapter), before)
    fastest, warm, traces = float("inf"), 0, made.traces()
    made.touching = first < TOUCHED
    # The first call does not count: where it compiles for long, nothing would be warm yet.
    started = time.perf_counter()
    while warm < WARM_CALLS and time.perf_counter() - started < WARM_SECONDS:
        seconds = made.block(1)
        before, traces = traces, made.traces()
        warm = warm + 1 if seconds < STEADY * fastest and traces == before else 0
        fastest = min(fastest, seconds)
        made.touching = fastest < TOUCHED
    made.slower = call.get("slower", 0.0)
    return session.hold(made), first, fastest


def _done(result: Any) -> None:
    """Raise TypeError for a result that stands for work which has not begun: its time would be that of nothing."""
    if inspect.isgenerator(result):
        raise TypeError(
            "it returned a generator, none of which has run: exhaust=True times all its items"
        )
    if inspect.isawaitable(result) or inspect.isasyncgen(result):
        raise TypeError(
            "it returned a coroutine, none of which has run: time a function that awaits it, as asyncio.run does"
        )


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


def _copied(value: Any) -> Any:
    """Copy the arrays in `value`, so that the sets of inputs share no memory."""
    if hasattr(value, "copy") and hasattr(value, "dtype"):
        return value.copy()
    if isinstance(value, (list, tuple)):
        return type(value)(_copied(item) for item in value)
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return value


def memory(adapter: Any, made: Prepared) -> dict[str, int | None]:
    """Bytes of memory that calls need.

    - "peak": the most memory that was in use during a warm call;
    - "call": the part of it that a warm call added;
    - "first": what the first call added.

    On a GPU, the framework counts the memory of the device. Otherwise the resident pages of this process
    are counted, to within about a MiB. "call" and "first" are None on systems other than Linux, where a
    process cannot reset its peak. "call" is also None if the framework keeps a memory pool on the CPU,
    since a warm call then reuses that memory.
    """
    adapter.synchronize()
    held = adapter.device_memory(reset=True)
    before = held[0] if held else pages_afresh()
    made.finish(made.calls[0]())
    most = peak(adapter)
    hidden = held is None and adapter.KEEPS_A_POOL
    return {
        "peak": most,
        "call": None if hidden else beyond(most, before),
        "first": made.first_memory,
    }


def finish(adapter: Any, result: Any) -> None:
    """Wait until `result` is computed: synchronise the device, and read one number on the host."""
    while isinstance(result, (list, tuple)) and result:
        result = result[-1]
    if isinstance(result, dict) and result:
        result = next(reversed(result.values()))
    if adapter.is_tensor(result):
        adapter.touch(result)
    adapter.synchronize()


def ceiling(adapter: Any, kind: str, size: int, seconds: float) -> float:
    """The highest rate of this framework on this machine, measured for about `seconds`.

    kind: "matmul" (FLOP/s of a square product of `size`) or "copy" (bytes/s of `size` floats).
    """
    work, amount = adapter.ceiling_work(kind, size)
    finish(adapter, work())
    longest = STRETCH if adapter.device_memory() is not None else 0.0
    best, count, started = 0.0, 1, time.perf_counter()
    while time.perf_counter() - started < seconds:
        before = time.perf_counter()
        for _ in range(count):
            result = work()
        finish(adapter, result)
        taken = time.perf_counter() - before
        best = max(best, count * amount / taken)
        if taken < longest:
            count *= 2
    return best


class Timed:
    """The timing requests of a session. A mixin of `katagrad.worker.session.Session`."""

    adapter: Any
    held: dict[int, Any]
    staged: tuple[Any, ...] = ()

    def do_prepare(self, call: dict[str, Any], sets: int, mode: str) -> Any:
        """Prepare a call for timing: see `prepare`."""
        return prepare(self, call, sets, mode)

    def do_block(self, handle: Handle, count: int) -> float:
        """Seconds of `count` repetitions of a prepared call."""
        seconds: float = self.held[handle.id].block(count)
        return seconds

    def do_traces(self, handle: Handle) -> int:
        """How often a prepared call was compiled so far."""
        traces: int = self.held[handle.id].traces()
        return traces

    def do_memory(self, handle: Handle) -> dict[str, int | None]:
        """The memory that a prepared call needs: see `memory`."""
        return memory(self.adapter, self.held[handle.id])

    def do_ceiling(self, kind: str, size: int, seconds: float) -> float:
        """The highest rate of this framework on this machine: see `ceiling`."""
        return ceiling(self.adapter, kind, size, seconds)

    def do_hardware(self) -> dict[str, Any]:
        """The build and settings of the framework that affect figures, and the peak memory so far."""
        held = self.adapter.device_memory()
        return {**self.adapter.hardware(), "peak_memory": held[1] if held else peak_memory()}

    def do_devices(self) -> list[str]:
        """The names of the GPUs that the framework can use."""
        return list(self.adapter.devices())

    def do_precision(self, name: str) -> None:
        """Compute in "float32", "tf32", "float16" or "bfloat16" from now on."""
        self.adapter.precision(name)

    def do_companion(self, name: str, source: str) -> Handle:
        """Load a module of the driver, against which a submission is timed. No rule of a topic applies to it."""
        session: Any = self
        module = ModuleType(name)
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        exec(compile(source, name, "exec"), module.__dict__)
        handle: Handle = session.hold(module)
        return handle

    def do_stage(self, sets: list[list[Any]]) -> None:
        """Make the arguments of later calls, so that making them is not timed."""
        session: Any = self
        self.staged = tuple([session.lift(value) for value in values] for values in sets)
        gc.collect()

    def do_run(self, name: str, probe: WithLayout | np.ndarray) -> list[float]:
        """Call a function once on each staged set of arguments. The driver measures the time.

        probe: an array of the result's shape. Returns sum(result * probe) of each call, so that no call
        can be skipped.
        """
        session: Any = self
        function = session.resolve(name)
        layout = probe.layout if isinstance(probe, WithLayout) else None
        weights = session.to_native(probe.array if isinstance(probe, WithLayout) else probe, layout)
        answers = []
        for arguments in self.staged:
            result = function(*arguments)
            if not self.adapter.is_tensor(result) or tuple(result.shape) != weights.shape:
                raise TypeError(f"the result should be a tensor of the shape {weights.shape}")
            answers.append(float(np.vdot(self.adapter.numpy(result), weights)))
        self.staged = ()
        return answers
