"""The tables of a page: throughput, one framework against the other, first calls, memory."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from katagrad.bench import quantities
from katagrad.bench.files import positive
from katagrad.bench.page.plots import Log, Mark
from katagrad.bench.page.series import (
    Collection,
    Figure,
    Series,
    Subject,
    geometric_mean,
    in_order,
)

# Upper ends of the steps of the heat map, as shares of a ceiling.
STEPS = (0.01, 0.03, 0.1, 0.3, 1.0)

# Kinds of memory: the peak of a process, and what one call adds.
KINDS = ("peak", "call")


class Cell(NamedTuple):
    """A throughput. step: 0 where no ceiling applies, else 1 to 6; share: "19 % of copy".

    order: the share, which cells are sorted by.
    """

    rate: str
    share: str
    step: int
    tooltip: str
    order: float


class Row(NamedTuple):
    """A line of a plotted table. texts: its columns; marks: (class, point); bars: (class, x1, x2, y).

    values: what the columns are sorted by; empty where that is their texts.
    """

    subject: Subject
    texts: list[str]
    marks: list[tuple[str, Mark]]
    bars: list[tuple[str, float, float, float]]
    tooltip: str
    values: Sequence[float] = ()


@dataclass
class Table:
    """Rows with a common axis. legend: what its two directions mean, where that differs between tables."""

    title: str
    columns: list[str]
    ticks: list[tuple[float, str]]
    rows: list[Row] = field(default_factory=list)
    note: str = ""
    line: float | None = None
    legend: str = ""


def cell(figure: Figure) -> Cell:
    """The cell of the throughput table for a figure."""
    shares = [
        (value, name)
        for value, name in (
            (figure.number("share_of_flops"), "matmul"),
            (figure.number("share_of_bytes"), "copy"),
        )
        if value
    ]
    tooltip = (
        f"median {quantities.seconds(figure.median)} a call, best {quantities.seconds(figure.stats['min'])}, "
        f"IQR {quantities.percent(figure.spread)}"
    )
    rate = quantities.rate(figure.throughput, figure.unit)
    if not shares:
        return Cell(rate, "", 0, tooltip, 0.0)
    # Of the two roofs, the one that is nearer.
    share, name = max(shares)
    step = 1 + sum(share > end for end in STEPS)
    return Cell(rate, f"{quantities.percent(share)} of {name}", step, tooltip, share)


def against(collection: Collection) -> list[Table]:
    """PyTorch against TensorFlow: ratios of throughputs, a table for each place that has both."""
    tables = []
    for place in collection.places:
        pairs = []
        for subject in collection.subjects:
            a = collection.newest.get((Series(place, "torch"), subject))
            b = collection.newest.get((Series(place, "tensorflow"), subject))
            # Another number of items is another task.
            if a and b and a.number("items") == b.number("items") and a.protocol == b.protocol:
                pairs.append((subject, a, b))
        if not pairs:
            continue
        ratios = [a.throughput / b.throughput for _, a, b in pairs]
        ends = [end for _, a, b in pairs for end in interval(a, b)]
        reach = max(2.0, *ratios, *ends, *(1 / value for value in (*ratios, *ends))) * 1.2
        axis = Log(1 / reach, reach, 3, 97)
        table = Table(place.label, ["faster"], ratio_ticks(axis))
        table.line = axis.at(1.0)
        mean = geometric_mean(ratios)
        close = sum(crosses(*interval(a, b)) for _, a, b in pairs)
        ahead = sum(ratio > 1 for ratio in ratios)
        table.note = (
            f"PyTorch has the higher throughput in {ahead} of {len(ratios)}; the geometric mean of PyTorch's "
            f"throughput by TensorFlow's is {quantities.times(mean)}. In {close} the line reaches over 1."
        )
        for (subject, a, b), ratio in zip(pairs, ratios, strict=True):
            who = "torch" if ratio >= 1 else "tensorflow"
            by = quantities.times(max(ratio, 1 / ratio))
            low, high = interval(a, b)
            text = f"{Series(place, who).name} {by}"
            tooltip = (
                f"{subject.topic}: {subject.label}: {text}; PyTorch {quantities.rate(a.throughput, a.unit)}, "
                f"TensorFlow {quantities.rate(b.throughput, b.unit)}"
            )
            bars = [(who, axis.at(low), axis.at(high), 50.0)]
            mark = f"{who} hollow" if crosses(low, high) else who
            marks = [(mark, Mark(axis.at(ratio), 50.0, tooltip))]
            table.rows.append(Row(subject, [text], marks, bars, tooltip, [ratio]))
        tables.append(table)
    return tables


def pairs(collection: Collection) -> list[Table]:
    """Solutions against what they were timed in turn with, a table for each series."""
    tables = []
    for series in collection.series:
        found = {
            # With few rounds there are no bounds.
            subject: (ratio, positive(pair, "low") or ratio, positive(pair, "high") or ratio)
            for subject in in_order(one for place, one in collection.pairs if place == series)
            if (pair := collection.pairs[series, subject].pair)
            and (ratio := positive(pair, "ratio"))
        }
        if not found:
            continue
        reach = max(2.0, *(max(v, 1 / v) for values in found.values() for v in values)) * 1.2
        axis = Log(1 / reach, reach, 3, 97)
        table = Table(f"{series.name}: {series.place.label}", ["time / other's"], ratio_ticks(axis))
        table.line = axis.at(1.0)
        for subject, (ratio, low, high) in found.items():
            tooltip = (
                f"{subject.topic}: {subject.label}: time {quantities.times(ratio)} that of the other, "
                f"{quantities.times(low)} to {quantities.times(high)}"
            )
            kind = f"{series.mark} hollow" if crosses(low, high) else series.mark
            mark = (kind, Mark(axis.at(ratio), 50.0, tooltip))
            bars = [(series.mark, axis.at(low), axis.at(high), 50.0)]
            shown = [quantities.times(ratio)]
            table.rows.append(Row(subject, shown, [mark], bars, tooltip, [ratio]))
        tables.append(table)
    return tables


def first_calls(collection: Collection) -> list[Table]:
    """First call and steady state on one axis of time, a table for each series."""
    wanted = [one for one in collection.newest.values() if one.number("first_call")]
    if not wanted:
        return []
    times = [t for one in wanted for t in (one.median, one.number("first_call") or one.median)]
    axis = Log(min(times) / 1.5, max(times) * 1.5, 2, 98)
    ticks = [(axis.at(v), _whole(quantities.seconds(v))) for v in axis.decades()]
    tables = []
    for series in collection.series:
        table = Table(
            f"{series.name}: {series.place.label}", ["first call", "steady", "ratio"], ticks
        )
        for one in collection.of(series):
            first = one.number("first_call")
            if first is None:
                continue
            texts = [
                quantities.seconds(first),
                quantities.seconds(one.median),
                quantities.times(first / one.median),
            ]
            tooltip = (
                f"{one.subject.topic}: {one.subject.label}: first call {texts[0]}, then {texts[1]}"
            )
            x = axis.at(one.median), axis.at(first)
            marks = [
                (series.mark, Mark(x[0], 50.0, tooltip)),
                (f"{series.mark} hollow", Mark(x[1], 50.0, tooltip)),
            ]
            bars = [(series.mark, min(x), max(x), 50.0)]
            values = [first, one.median, first / one.median]
            table.rows.append(Row(one.subject, texts, marks, bars, tooltip, values))
        if table.rows:
            tables.append(table)
    return tables


def memory(collection: Collection) -> list[Table]:
    """Peak memory, a table for each place, with a bar for each framework."""
    figures = collection.newest.values()
    peaks = {(one.series, one.subject): one.number("peak_memory") or 0.0 for one in figures}
    least = {
        series: min((v for (one, _), v in peaks.items() if one == series and v), default=0.0)
        for series in collection.series
    }
    most = max((v - least[series] for (series, _), v in peaks.items()), default=0.0)
    most = most if most > 0 else 1.0
    calls = any(one.number("call_memory") for one in figures)
    ticks = [(0.0, "0"), (50.0, quantities.size(most / 2)), (100.0, quantities.size(most))]
    tables = []
    for place in collection.places:
        members = collection.within(place)
        columns = [text for one in members for text in (one.name, "one call")[: 1 + calls]]
        table = Table(place.label, columns, ticks)
        shown = [f"{one.name} {quantities.size(least[one])}" for one in members if least[one]]
        table.note = f"Smallest processes: {', '.join(shown)}."
        for subject in collection.subjects:
            texts: list[str] = []
            values: list[float] = []
            bars = []
            for rank, series in enumerate(members):
                figure = collection.newest.get((series, subject))
                known = [figure.number(f"{kind}_memory") if figure else None for kind in KINDS]
                texts += [quantities.size(v) if v else "\N{EN DASH}" for v in known[: 1 + calls]]
                values += [v or 0.0 for v in known[: 1 + calls]]
                if known[0]:
                    height = round(100 * (rank + 1) / (len(members) + 1), 2)
                    above = round(100 * (known[0] - least[series]) / most, 2)
                    bars.append((series.mark, 0.0, above, height))
            if bars:
                tooltip = f"{subject.topic}: {subject.label}: {', '.join(texts)}"
                table.rows.append(Row(subject, texts, [], bars, tooltip, values))
        if table.rows:
            tables.append(table)
    return tables


def interval(a: Figure, b: Figure) -> tuple[float, float]:
    """The ratio of throughputs where one is at its slower quartile and the other at its faster one."""
    fast_a, slow_a = a.quartiles
    fast_b, slow_b = b.quartiles
    return (fast_b / slow_a, slow_b / fast_a)


def crosses(low: float, high: float) -> bool:
    """Whether a line reaches over 1."""
    return low <= 1 <= high


def ratio_ticks(axis: Log) -> list[tuple[float, str]]:
    """The ticks of an axis of ratios, which goes as far below 1 as above it."""
    steps = [1, *([2, 5] if axis.high < 10 else axis.decades())]
    both = sorted({v for step in steps for v in (step, 1 / step) if axis.low <= v <= axis.high})
    return [
        (axis.at(v), f"{max(v, 1 / v):.0f}{quantities.THIN}\N{MULTIPLICATION SIGN}") for v in both
    ]


def _whole(text: str) -> str:
    """A power of ten without the zeros behind its point."""
    return re.sub(r"\.0+", "", text)
