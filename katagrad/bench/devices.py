"""`kata bench devices`: the devices that benchmarks and checks can use on this machine."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from itertools import count

from katagrad.bench import machine
from katagrad.bench.runner import all_threads, gpus
from katagrad.boundary.process import Pool
from katagrad.errors import Failure, NotGraded
from katagrad.text import plural
from katagrad.topics import FRAMEWORKS


def devices() -> Iterator[str]:
    """A line for the processor, and one for each framework with its GPUs."""
    about, free = machine.describe(), machine.available()
    room = f", {machine.gib(free)} of memory free" if free is not None else ""
    threads = all_threads()
    yield f"cpu: {about['cpu']}, {plural(threads, 'thread')}{room}"
    for framework in FRAMEWORKS:
        if importlib.util.find_spec(framework) is None:
            yield f"{framework}: not installed"
            continue
        yield from _gpus(framework)


def _gpus(framework: str) -> Iterator[str]:
    # A worker sees only one GPU, so a worker is started for each.
    for number in count():
        pool = Pool(device=f"cuda:{number}")
        try:
            found = gpus(pool, framework)
        except (Failure, NotGraded) as reason:
            yield f"{framework}: {reason}"
            return
        finally:
            pool.close()
        if not found and number == 0:
            yield f"{framework}: no GPU that it can use; --device cuda would run nothing"
        if not found:
            return
        used = "  (--device cuda)" if number == 0 else ""
        yield f"{framework}: cuda:{number} {found[0]}{used}"
