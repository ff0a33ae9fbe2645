"""A profile of PyTorch's operators, for `katagrad.worker.profiling`."""

from __future__ import annotations

from typing import Any

from torch.profiler import ProfilerActivity, profile

from katagrad.worker.profiling import nested


def profiled(run: Any) -> list[list[Any]]:
    """The operators that `run` calls, by thread, as `katagrad.worker.profiling.nested` returns them."""
    with profile(activities=[ProfilerActivity.CPU]) as found:
        run()
    threads: dict[int, list[tuple[str, float, float]]] = {}
    for event in found.events() or ():
        span = event.time_range  # in microseconds
        threads.setdefault(event.thread, []).append((event.name, span.start / 1e6, span.end / 1e6))
    return [nested(events) for events in threads.values()]
