"""`kata bench landscape`: one topic's benchmarks in every way that its code can run, in one table."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from katagrad.bench import machine, quantities
from katagrad.bench.files import Results, positive
from katagrad.bench.timed import timed
from katagrad.text import plural
from katagrad.topics import Topic

# How the same body runs, in each framework. Eager comes first: the others are compared with it.
MODES = {"torch": ("eager", "compiled"), "tensorflow": ("eager", "compiled", "xla")}
NAMES = {
    ("torch", "eager"): "PyTorch, eager",
    ("torch", "compiled"): "torch.compile",
    ("tensorflow", "eager"): "TensorFlow, eager",
    ("tensorflow", "compiled"): "tf.function",
    ("tensorflow", "xla"): "XLA",
}


class Way(NamedTuple):
    """One way to run a body."""

    framework: str
    mode: str
    threads: int
    precision: str

    @property
    def label(self) -> str:
        """In words: "torch.compile, 2 threads, bfloat16"."""
        threads = plural(self.threads, "thread")
        precision = self.precision if self.precision != "float32" else ""
        return ", ".join(filter(None, (NAMES[self.framework, self.mode], threads, precision)))


class Timed(NamedTuple):
    """Seconds of the first call, which compiles, and of a later one."""

    first: float
    steady: float


def ways(frameworks: Sequence[str], precisions: Sequence[str], threads: int) -> Iterator[Way]:
    """Every way, with one thread and with `threads`."""
    for framework in frameworks:
        counts = dict.fromkeys((1, threads))
        for precision, count, mode in product(precisions, counts, MODES[framework]):
            yield Way(framework, mode, count, precision)


def precisions() -> tuple[str, ...]:
    """float32, and bfloat16 where the processor computes in it."""
    return ("float32", "bfloat16") if machine.has_bfloat16() else ("float32",)


def run(
    topic: Topic,
    every: Sequence[Way],
    size: str,
    select: str,
    quick: bool,
    advance: Callable[[int, int, str], None],
) -> tuple[dict[str, dict[Way, Timed]], list[str]]:
    """(by benchmark: by way: its timing; a line for each way that has none). advance(done, of, way): for progress."""
    found: dict[str, dict[Way, Timed]] = {}
    problems: list[str] = []
    for number, way in enumerate(every):
        advance(number, len(every), way.label)
        results, said = _time(topic, way, size, select, quick)
        for (full, _), (stats, info) in (results.figures if results else {}).items():
            if first := positive(info, "first_call"):
                name = full.split("::", 1)[1].removeprefix("bench_")
                found.setdefault(name, {})[way] = Timed(first, stats["median"])
        reasons = dict.fromkeys(one.reason for one in results.not_run) if results else {said: None}
        problems += [f"{way.label}: {reason}" for reason in reasons if reason]
    advance(len(every), len(every), "")
    return found, problems


def _time(
    topic: Topic, way: Way, size: str, select: str, quick: bool
) -> tuple[Results | None, str]:
    """The results of one way, or why there are none."""
    arguments = [f"--framework={way.framework}", f"--mode={way.mode}", f"--size={size}"]
    arguments += [f"--threads={way.threads}", f"--precision={way.precision}"]
    arguments += [*(["--quick"] if quick else []), *(["-k", select] if select else [])]
    with tempfile.TemporaryDirectory(prefix="katagrad-landscape-") as room:
        results, said = timed(
            [*arguments, f"benchmarks/{topic.name}.py"], Path(room, "result.json")
        )
    return results, said[0]


def lines(found: dict[str, dict[Way, Timed]]) -> Iterator[str]:
    """A table for each benchmark. What compiling takes is the first call less a later one."""
    for name, by_way in found.items():
        yield name
        yield f"  {'':42s} {'first call':>11s} {'compiling':>11s} {'steady':>11s} {'by eager':>9s}"
        for way, one in by_way.items():
            eager = by_way.get(way._replace(mode="eager"))
            compiled = way.mode != "eager"
            extra = max(one.first - one.steady, 0.0) if compiled else 0.0
            cells = [
                quantities.seconds(one.first),
                quantities.seconds(extra) if extra else "-",
                quantities.seconds(one.steady),
                quantities.times(one.steady / eager.steady) if eager and compiled else "-",
            ]
            widths = (11, 11, 11, 9)
            shown = " ".join(
                f"{cell.replace(quantities.THIN, ' '):>{width}s}"
                for cell, width in zip(cells, widths, strict=True)
            )
            yield f"  {way.label:42s} {shown}"
