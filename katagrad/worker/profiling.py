"""Where the time of a prepared call goes: the framework's operators, nested as they called each other."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterable
from typing import Any

from katagrad.worker.wire import Handle

# Long enough for short calls to be met often, short enough for a profiler's memory.
SECONDS, MOST_CALLS = 0.5, 200
# Different stacks that are sent.
MOST_STACKS = 5_000

# (names from the outermost to the innermost, seconds in the innermost itself, how often)
Stack = tuple[tuple[str, ...], float, int]


def nested(events: Iterable[tuple[str, float, float]]) -> list[Stack]:
    """The stacks of one thread's events (name, start, end), where an event inside another was called by it."""
    found: dict[tuple[str, ...], list[float]] = {}
    # [path, end, seconds of the events inside]
    stack: list[list[Any]] = []

    def close() -> None:
        path, start, end, inside = stack.pop()
        kept = found.setdefault(path, [0.0, 0])
        kept[0] += max(end - start - inside, 0.0)
        kept[1] += 1
        if stack:
            stack[-1][3] += end - start

    for name, start, end in sorted(events, key=lambda one: (one[1], -one[2])):
        while stack and stack[-1][2] <= start:
            close()
        path = (*stack[-1][0], name) if stack else (name,)
        # Clocks of a few nanoseconds let an event end after the one that called it.
        stack.append([path, start, min(end, stack[-1][2]) if stack else end, 0.0])
    while stack:
        close()
    return [(path, seconds, int(count)) for path, (seconds, count) in found.items()]


def merged(groups: Iterable[list[Stack]]) -> list[Stack]:
    """The stacks of several threads together, the longest first."""
    found: dict[tuple[str, ...], list[float]] = {}
    for group in groups:
        for path, seconds, count in group:
            kept = found.setdefault(path, [0.0, 0])
            kept[0] += seconds
            kept[1] += count
    stacks = [(path, seconds, int(count)) for path, (seconds, count) in found.items()]
    return sorted(stacks, key=lambda one: -one[1])[:MOST_STACKS]


class Profiled:
    """The request for a profile. A mixin of `katagrad.worker.session.Session`."""

    adapter: Any
    held: dict[int, Any]

    def do_profile(self, handle: Handle) -> dict[str, Any]:
        """Profile warm calls. Returns {"stacks": lists of names with their own seconds and counts, "calls": number}.

        Raises ValueError if the framework has no profiler here.
        """
        made = self.held[handle.id]
        began = time.perf_counter()
        made.block(1)
        calls = max(1, min(MOST_CALLS, int(SECONDS / max(time.perf_counter() - began, 1e-6))))
        profiler = importlib.import_module(f"{self.adapter.__name__}_profile")
        groups = profiler.profiled(lambda: made.block(calls))
        stacks = [[list(path), seconds, count] for path, seconds, count in merged(groups)]
        # A block makes one more call, which wakes up idle threads.
        return {"stacks": stacks, "calls": calls + bool(made.touching)}
