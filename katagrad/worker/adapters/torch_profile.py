"""A profile of PyTorch's operators, for `katagrad.worker.profiling`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from katagrad.worker.adapters import torch as adapter
from katagrad.worker.profiling import Stack, nested

# The frame that holds the kernels of a GPU. They run beside the operators that started them.
KERNELS = "kernels of the GPU"


def profiled(run: Any) -> list[list[Stack]]:
    """The operators that `run` calls, by thread, as `katagrad.worker.profiling.nested` returns them."""
    activities = [ProfilerActivity.CPU]
    if adapter.DEVICE != "cpu":
        activities.append(ProfilerActivity.CUDA)
    with profile(activities=activities) as found:
        run()
    return by_thread(found.events() or ())


def by_thread(events: Iterable[Any]) -> list[list[Stack]]:
    """The stacks of each thread of the CPU, and of each stream of a GPU below KERNELS."""
    threads: dict[tuple[bool, int], list[tuple[str, float, float]]] = {}
    for event in events:
        on_gpu = event.device_type != torch.autograd.DeviceType.CPU
        place = event.device_resource_id if on_gpu else event.thread
        span = event.time_range  # in microseconds
        part = (event.name, span.start / 1e6, span.end / 1e6)
        threads.setdefault((on_gpu, place), []).append(part)
    return [
        [((KERNELS, *path) if on_gpu else path, own, count) for path, own, count in nested(parts)]
        for (on_gpu, _), parts in threads.items()
    ]
