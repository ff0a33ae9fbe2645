"""Figures from any number of files, sorted into the series that a page shows side by side."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, NamedTuple

from katagrad.bench.files import Results, machine_label, positive
from katagrad.text import plural
from katagrad.topics import topics

FRAMEWORKS = {"torch": "PyTorch", "tensorflow": "TensorFlow", "numpy": "NumPy"}
DEVICES = {"cpu": "CPU", "cuda": "CUDA"}


class Place(NamedTuple):
    """What must agree for figures of two frameworks to be shown side by side. precision: "" for float32."""

    machine: str
    device: str
    threads: int
    mode: str
    precision: str

    @property
    def settings(self) -> str:
        """All but the machine, in words: "CPU, 1 thread, eager"."""
        threads = plural(self.threads, "thread")
        parts = (DEVICES.get(self.device, self.device), threads, self.mode, self.precision)
        return ", ".join(part for part in parts if part)

    @property
    def label(self) -> str:
        """The place in words."""
        return f"{self.machine}, {self.settings}"


class Series(NamedTuple):
    """Figures of one framework in one place: a column of the page."""

    place: Place
    framework: str

    @property
    def name(self) -> str:
        """The framework's name in its own spelling."""
        return FRAMEWORKS.get(self.framework, self.framework)

    @property
    def mark(self) -> str:
        """The class of its points: each framework has a shape of its own, so that colour is not needed."""
        return self.framework if self.framework in ("torch", "tensorflow") else "other"


class Subject(NamedTuple):
    """What is timed. name: of the benchmark, as pytest-benchmark records it."""

    topic: str
    name: str

    @property
    def label(self) -> str:
        """Short: "softmax [log_softmax-small]" of bench_softmax[log_softmax-small]."""
        plain = self.name.removeprefix("bench_").removeprefix("test_")
        return plain.replace("[", " [", 1)


@dataclass(frozen=True)
class Figure:
    """One benchmark of one run. stats: seconds per call; info: what the `bench` fixture recorded with them."""

    run: Results
    series: Series
    subject: Subject
    stats: dict[str, float]
    info: dict[str, Any]

    @property
    def median(self) -> float:
        """Seconds per call."""
        return self.stats["median"]

    @property
    def pair(self) -> dict[str, Any] | None:
        """What it was compared with, and the ratio; None for a plain benchmark."""
        pair = self.info.get("pair")
        return pair if isinstance(pair, dict) else None

    @property
    def protocol(self) -> float:
        """The version of the protocol; figures of two protocols are not compared over time."""
        return self.number("protocol") or 1.0

    @property
    def spread(self) -> float:
        """The interquartile range of the blocks as a share of their median."""
        return self.stats["iqr"] / self.median

    @property
    def quartiles(self) -> tuple[float, float]:
        """(faster, slower) quarter of the blocks, in seconds per call; the median where the file does not say."""
        faster, slower = (positive(self.stats, name) or self.median for name in ("q1", "q3"))
        return faster, slower

    @property
    def throughput(self) -> float:
        """Items a second; calls a second if the file does not define an item."""
        return (self.number("items") or 1.0) / self.median

    @property
    def unit(self) -> str:
        """What is counted."""
        unit = self.info.get("unit")
        return unit if isinstance(unit, str) and self.number("items") else "calls"

    def number(self, name: str) -> float | None:
        """A figure above zero of `info`, or None where it is absent or no number."""
        return positive(self.info, name)

    def quotient(self, above: str, below: str) -> float | None:
        """One figure of `info` by another, where both are known."""
        a, b = self.number(above), self.number(below)
        return a / b if a and b else None


@dataclass
class Collection:
    """All figures, the newest of each, and the order in which they are shown.

    pairs: the newest of those that were timed against something else, which are shown apart.
    """

    runs: list[Results]
    figures: list[Figure] = field(default_factory=list)
    newest: dict[tuple[Series, Subject], Figure] = field(default_factory=dict)
    pairs: dict[tuple[Series, Subject], Figure] = field(default_factory=dict)
    series: list[Series] = field(default_factory=list)
    subjects: list[Subject] = field(default_factory=list)

    @property
    def places(self) -> list[Place]:
        """The places, in the order of the series."""
        return list(dict.fromkeys(one.place for one in self.series))

    def within(self, place: Place) -> list[Series]:
        """The series of a place."""
        return [one for one in self.series if one.place == place]

    def of(self, series: Series) -> list[Figure]:
        """The newest figures of a series, in the order of the topics."""
        found = (self.newest.get((series, subject)) for subject in self.subjects)
        return [figure for figure in found if figure is not None]


def collect(results: Iterable[Results]) -> Collection:
    """Sort the figures of result files; the same run given twice counts once.

    Runs stand in the order of their commits, and of one commit in the order in which they were made.
    """
    runs = sorted(results, key=_age)
    names = _machines(runs)
    made = Collection([])
    seen: set[tuple[Series, Subject, str]] = set()
    for run in runs:
        fresh = False
        for (full, framework), (stats, info) in run.figures.items():
            series = Series(_place(names[run.machine], info), framework)
            subject = Subject(str(info["topic"]), full.split("::", 1)[1])
            key = (series, subject, run.when or run.name)
            if key in seen:
                continue
            seen.add(key)
            fresh = True
            figure = Figure(run, series, subject, stats, info)
            made.figures.append(figure)
            (made.pairs if figure.pair else made.newest)[series, subject] = figure
        if fresh or run.not_run:
            made.runs.append(run)
    made.series = sorted({one.series for one in made.figures}, key=_order_of_series)
    made.subjects = in_order({subject for _, subject in made.newest})
    return made


def geometric_mean(ratios: Sequence[float]) -> float:
    """The geometric mean of ratios; 1 of none."""
    return math.exp(math.fsum(map(math.log, ratios)) / len(ratios)) if ratios else 1.0


def _age(run: Results) -> tuple[float, float, str]:
    made = _moment(run.when)
    return (_moment(run.commit.time if run.commit else "") or made, made, run.name)


def _moment(text: str) -> float:
    try:
        # Python 3.10 does not know the Z of Zulu.
        time = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return 0.0
    return (time if time.tzinfo else time.replace(tzinfo=timezone.utc)).timestamp()


def _machines(runs: Sequence[Results]) -> dict[tuple[Any, ...], str]:
    labels = {run.machine: machine_label(run.machine) for run in runs if run.machine}
    shown = list(labels.values())
    # Two machines that read alike are distinguished by their architecture.
    return {
        machine: label if shown.count(label) == 1 else f"{label}, {machine[2]}"
        for machine, label in labels.items()
    }


def _place(machine: str, info: dict[str, Any]) -> Place:
    device = str(info.get("device", "cpu"))
    threads = info.get("threads")
    precision = str(info.get("precision") or "float32")
    shown = "" if precision == "float32" else precision
    count = threads if isinstance(threads, int) else 1
    return Place(machine, device, count, str(info.get("mode", "eager")), shown)


def _order_of_series(series: Series) -> tuple[Any, ...]:
    known = list(FRAMEWORKS)
    rank = known.index(series.framework) if series.framework in known else len(known)
    return (series.place, rank, series.framework)


def in_order(subjects: Iterable[Subject]) -> list[Subject]:
    """By topic in teaching order, then by name; topics of another version come last."""
    rank = {name: place for place, name in enumerate(topics())}
    return sorted(subjects, key=lambda one: (rank.get(one.topic, len(rank)), one))
