"""Two ways to the same result, timed in blocks A, B, B, A, with the ratio of their times and its interval.

What a solution may be timed against:

- "compiled": itself, by tf.function or torch.compile
- "threads": itself, in a second worker whose framework may use all threads
- `own("softmax")`: a function of benchmarks/rivals/<framework>.py with the same arguments: the framework's own
- `own("layers", made=(widths,))`: what that function returns, which is called with the same arguments
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest

from katagrad.authoring.interval import CONFIDENCE, interval, median
from katagrad.bench.blocks import BLOCK_SECONDS, calls
from katagrad.bench.runner import SECONDS, all_threads
from katagrad.bench.solution import Solution
from katagrad.boundary.transport import Transport
from katagrad.errors import StudentError
from katagrad.topics import root

ROUNDS, QUICK_ROUNDS, LEAST_ROUNDS = 20, 6, 6
BUDGET_SECONDS = 8.0
SETS = 3
COMPILES = {"torch": "torch.compile", "tensorflow": "tf.function"}
# In the errors of torch.compile where there is no C++ compiler.
NO_COMPILER = ("InvalidCxxCompiler", "CppCompileError", "No working C++ compiler", "Python.h")


@dataclass(frozen=True)
class Own:
    """A function of benchmarks/rivals/. made: arguments of a first call, whose result is then timed."""

    name: str
    made: tuple[Any, ...] | None = None

    def __str__(self) -> str:
        return "own" if self.made is None else self.name


def own(name: str, made: tuple[Any, ...] | None = None) -> Own:
    """The framework's own implementation, from benchmarks/rivals/<framework>.py."""
    return Own(name, made)


@dataclass(frozen=True)
class Side:
    """One of the two. block: seconds of n calls. warm: seconds of a warm call."""

    block: Callable[[int], float]
    warm: float

    @cached_property
    def count(self) -> int:
        """Calls in a block of BLOCK_SECONDS."""
        return calls(self.block, self.warm)


class PairedTiming:
    """Rounds of a block of A, two of B and one of A, so that a machine that slows down affects both alike."""

    def __init__(self, mine: Side, other: Side, quick: bool) -> None:
        self.mine, self.other = mine, other
        self.counts = mine.count, other.count
        wanted = QUICK_ROUNDS if quick else ROUNDS
        cost = 2 * (max(mine.warm, BLOCK_SECONDS) + max(other.warm, BLOCK_SECONDS))
        self.rounds = max(min(wanted, int(BUDGET_SECONDS / cost)), LEAST_ROUNDS)
        self.ratios: list[float] = []
        self.others: list[float] = []

    def round(self) -> float:
        """Time a round; returns seconds of a call of A."""
        a, b = self.mine, self.other
        calls_a, calls_b = self.counts
        first = a.block(calls_a)
        theirs = (b.block(calls_b) + b.block(calls_b)) / (2 * calls_b)
        mine = (first + a.block(calls_a)) / (2 * calls_a)
        self.ratios.append(mine / theirs)
        self.others.append(theirs)
        return mine

    def figures(self) -> dict[str, Any]:
        """The ratio of A's time to B's, with its interval; above 1, A takes longer."""
        low, high = interval(self.ratios)
        return {
            "ratio": median(self.ratios),
            "low": low,
            "high": high,
            "confidence": CONFIDENCE,
            "other_median": median(self.others),
            "rounds": len(self.ratios),
        }


def words(against: Any, framework: str, mode: str = "eager") -> str:
    """A description of what a solution was timed against, in a run of this mode."""
    if isinstance(against, Own):
        # The framework's own way is timed eager, whatever the mode of the run.
        return f"{framework}'s own {against.name}{'' if mode == 'eager' else ', eager'}"
    if against == "compiled":
        return f"itself by {COMPILES[framework]}"
    return f"itself on {all_threads()} threads"


def rival(bench: Solution, against: Any, call: dict[str, Any], how: dict[str, Any]) -> Side:
    """The other side of a pair, prepared and warm. Skips, with the reason, if it is not available here."""
    if against == "compiled" and bench.runner.mode != "eager":
        pytest.skip("both would be compiled: leave out the mode")
    if against == "compiled":
        return _compiled(bench, call)
    if against == "threads":
        return _threads(bench, call)
    if not isinstance(against, Own):
        raise pytest.UsageError(
            f'against={against!r} is unknown; give "compiled", "threads" or '
            "own(name of a function in benchmarks/rivals)"
        )
    folder = bench.runner.submission.folder.parents[1] / "benchmarks" / "rivals"
    if not folder.is_dir():
        folder = root() / "benchmarks" / "rivals"
    file = folder / f"{bench.runner.framework}.py"
    source = file.read_text(encoding="utf-8")
    module = bench._ask("companion", name=file.name, source=source)
    if against.made is None:
        target = (module, against.name)
    else:
        made = bench._ask(
            "call",
            target=(module, against.name),
            args=[bench.impl._send(a) for a in against.made],
            kwargs={},
            returns="opaque",
            after=False,
        )[0]
        target = (made, "")
    handle, _, warm = bench._ask(
        "prepare", call={**call, **how, "target": target}, sets=SETS, mode="eager"
    )
    return Side(lambda n: float(bench._ask("block", handle=handle, count=n)), warm)


def _compiled(bench: Solution, call: dict[str, Any]) -> Side:
    try:
        handle, _, warm = bench._ask("prepare", call=call, sets=SETS, mode="compiled")
    except StudentError as reason:
        if any(sign in f"{reason.kind} {reason.detail}" for sign in NO_COMPILER):
            pytest.skip("no C++ compiler that torch.compile can use")
        raise
    return Side(lambda n: float(bench._ask("block", handle=handle, count=n)), warm)


def _threads(bench: Solution, call: dict[str, Any]) -> Side:
    runner, most = bench.runner, all_threads()
    if most <= runner.threads:
        pytest.skip(f"this process may use {most} thread{'s' if most > 1 else ''} and no more")
    beside = Transport(runner.other(most), bench.source)
    bench.beside.append(beside)
    beside.begin(0, SECONDS)

    def ask(op: str, **arguments: Any) -> Any:
        beside.deadline = bench.transport.deadline
        return beside.request(op, f"timing {bench.topic.name}", arguments)

    precision = getattr(runner, "precision", "float32")
    if precision != "float32":
        ask("precision", name=precision)
    handle, _, warm = ask("prepare", call=call, sets=SETS, mode=runner.mode)
    return Side(lambda n: float(ask("block", handle=handle, count=n)), warm)
