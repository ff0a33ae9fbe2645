"""Timing inside a worker: calls in blocks, on inputs that are there before the clock starts."""

from __future__ import annotations

import gc
import linecache
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from ctypes import CDLL
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from katagrad.worker.limits import peak_memory
from katagrad.worker.wire import Handle, WithLayout

# A call within this factor of the fastest so far counts as warm.
STEADY = 1.5
WARM_CALLS, WARM_SECONDS = 3, 5.0
# Seconds. The start of a longer call is a small part of it, in which everything that slept wakes up.
TOUCHED = 0.25


class Prepared:
    """One call, ready to be repeated.

    calls: zero-argument functions, one for each set of inputs. traces: how often the call was compiled so far.
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
        self.slower = 0.0  # share by which a block is drawn out, to try a rule of judgement on
        self.first_memory: int | None = None  # bytes that the first call took beyond the inputs

    def block(self, count: int) -> float:
        """Seconds of `count` calls, from an idle device to an idle device; the sets of inputs take turns."""
        calls, sets, turn = self.calls, len(self.calls), self.turn
        if self.touching:  # an untimed call: whatever slept while others ran is awake
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
    """Make a call ready and warm. Returns (its handle, seconds of the first call, seconds of a warm one).

    call: target, args, kwargs, backward, wrt, output and exhaust, as `katagrad.bench.fixture` sends them.
    sets: how many copies of the inputs. mode: "eager" or "compiled".
    """
    adapter = session.adapter
    function = session.resolve(call["target"])
    if mode == "compiled":
        function = adapter.compiled(function)
    calls = [_bound(session, function, call) for _ in range(sets)]
    made = Prepared(
        calls,
        lambda result: finish(adapter, result),
        (lambda: int(adapter.traces(function))) if mode == "compiled" else lambda: 0,
    )
    gc.collect()
    gc.disable()
    adapter.synchronize()
    held = adapter.device_memory(reset=True)
    before = held[0] if held else _pages_afresh()
    started = time.perf_counter()
    made.finish(calls[0]())
    first = time.perf_counter() - started
    made.first_memory = _beyond(_peak(adapter), before)
    fastest, warm, traces = float("inf"), 0, made.traces()
    while warm < WARM_CALLS and time.perf_counter() - started < WARM_SECONDS:
        seconds = made.block(1)
        before, traces = traces, made.traces()
        warm = warm + 1 if seconds < STEADY * fastest and traces == before else 0
        fastest = min(fastest, seconds)
        made.touching = fastest < TOUCHED
    made.slower = call.get("slower", 0.0)
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


def _copied(value: Any) -> Any:
    """A copy of the arrays in `value`, so that each set of inputs has memory of its own."""
    if hasattr(value, "copy") and hasattr(value, "dtype"):
        return value.copy()
    if isinstance(value, (list, tuple)):
        return type(value)(_copied(item) for item in value)
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return value


def memory(adapter: Any, made: Prepared) -> dict[str, int | None]:
    """Bytes that calls need: "peak", held in a warm call; "call", of it beyond before; "first", in the first call.

    On a GPU the framework's own count of the device's memory; else the pages of this process, to within about a
    MiB. "call" and "first" are None where the system does not let a process start its peak anew (anywhere but on
    Linux), "call" also where the framework keeps a pool on the CPU, in which a warm call finds its memory.
    """
    adapter.synchronize()
    held = adapter.device_memory(reset=True)
    before = held[0] if held else _pages_afresh()
    made.finish(made.calls[0]())
    peak = _peak(adapter)
    hidden = held is None and adapter.KEEPS_A_POOL
    return {
        "peak": peak,
        "call": None if hidden else _beyond(peak, before),
        "first": made.first_memory,
    }


def _peak(adapter: Any) -> int | None:
    held = adapter.device_memory()
    return int(held[1]) if held else _status("VmHWM:")


def _beyond(peak: int | None, before: int | None) -> int | None:
    return None if peak is None or before is None else max(0, peak - before)


def _pages_afresh() -> int | None:
    """Give free memory back to the system, and start the count of this process's peak anew. Returns bytes held now."""
    with suppress(OSError, AttributeError):
        CDLL(None).malloc_trim(
            0
        )  # glibc: what finished calls left would hide what the next one needs
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # 5: the peak of resident pages, proc(5)
        return _status("VmRSS:")
    return None


def _status(name: str) -> int | None:
    """A size from /proc/self/status, in bytes."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    return None


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


class Timed:
    """The requests of a session that are about time. Mixed into `katagrad.worker.session.Session`."""

    adapter: Any
    held: dict[int, Any]
    staged: tuple[Any, ...] = ()

    def do_prepare(self, call: dict[str, Any], sets: int, mode: str) -> Any:
        """Make a call ready to be timed: see `prepare`."""
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
        """What a prepared call needs of memory: see `memory`."""
        return memory(self.adapter, self.held[handle.id])

    def do_ceiling(self, kind: str, size: int, seconds: float) -> float:
        """What this framework can do at its best here: see `ceiling`."""
        return ceiling(self.adapter, kind, size, seconds)

    def do_hardware(self) -> dict[str, Any]:
        """What of the framework's build and settings a figure depends on, and the peak memory so far."""
        held = self.adapter.device_memory()
        return {**self.adapter.hardware(), "peak_memory": held[1] if held else peak_memory()}

    def do_devices(self) -> list[str]:
        """The GPUs that the framework can use here, by name."""
        return list(self.adapter.devices())

    def do_precision(self, name: str) -> None:
        """Compute in "float32", "tf32", "float16" or "bfloat16" from here on."""
        self.adapter.precision(name)

    def do_companion(self, name: str, source: str) -> Handle:
        """Hold a module of the driver's: what a submission is timed against. No rule of a topic binds it."""
        session: Any = self
        module = ModuleType(name)
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        exec(compile(source, name, "exec"), module.__dict__)
        handle: Handle = session.hold(module)
        return handle

    def do_stage(self, sets: list[list[Any]]) -> None:
        """Make the arguments of calls to come ready, so that their making is not timed."""
        session: Any = self
        self.staged = tuple([session.lift(value) for value in values] for values in sets)
        gc.collect()

    def do_run(self, name: str, probe: WithLayout | np.ndarray) -> list[float]:
        """Call a function once on each staged set of arguments: the driver's clock runs meanwhile.

        Returns sum(result * probe) of each call, so that none can be left out. probe: of the result's shape.
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
