"""The positions of marks in a plot, in percent of its width and height, so that a page can draw it at any size.

A plot has no viewBox: lengths along an axis are percentages, while letters and marks keep their size in pixels, on a
phone as on paper.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from katagrad.bench import quantities
from katagrad.bench.page.series import Collection, Figure, Series


@dataclass(frozen=True)
class Log:
    """A logarithmic axis from `low` to `high`, drawn from `start` to `end` percent."""

    low: float
    high: float
    start: float = 0.0
    end: float = 100.0

    def at(self, value: float) -> float:
        """The position of a value, in percent."""
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return round(self.start + share * (self.end - self.start), 2)

    def decades(self) -> list[float]:
        """The powers of ten on the axis; every second or third of them where there are many."""
        first = math.ceil(math.log10(self.low) - 1e-9)
        last = math.floor(math.log10(self.high) + 1e-9)
        step = max(1, math.ceil((last - first + 1) / 5))
        return [10.0**power for power in range(first, last + 1, step)]


@dataclass(frozen=True)
class Mark:
    """A point with its tooltip. tier: 1 if its label fits on a phone, 2 on a desktop, 0 nowhere."""

    x: float
    y: float
    text: str
    label: str = ""
    tier: int = 0
    left: bool = False


@dataclass
class Roofline:
    """One series' panel.

    copies: the rates of a copy in memory and, where it is another, in a cache. roof: (x1, y1, x2, y2) of the lines of
    memory's slope and of the level; cached: those of the cache's slope. rows: the points as a table.
    """

    series: Series
    matmul: str
    copies: str
    roof: list[tuple[float, float, float, float]]
    cached: list[tuple[float, float, float, float]]
    marks: list[Mark] = field(default_factory=list)
    rows: list[tuple[str, str, str, str, str]] = field(default_factory=list)
    absent: int = 0


@dataclass
class Rooflines:
    """All panels, on common axes. x_ticks, y_ticks: (percent, label)."""

    panels: list[Roofline]
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    left: float
    right: float
    top: float
    bottom: float


# Copies whose rates differ by less are drawn as one slope, since the difference is noise.
ONE_SLOPE = 1.1
# The plot's frame in percent; right of it stand the points whose bytes are not stated.
LEFT, RIGHT, GUTTER, EDGE, TOP, BOTTOM = 15.0, 64.0, 68.0, 98.0, 6.0, 88.0
# The frame in pixels on the narrowest phone and on a desktop, for the room that labels take.
NARROW, WIDE, HEIGHT, LETTER, LINE = 300, 410, 320, 7.4, 16


def rooflines(collection: Collection) -> Rooflines | None:
    """Arithmetic intensity against FLOP/s, a panel for each series; None where no operations are known."""
    known = {series: collection.of(series) for series in collection.series}
    drawn = {
        series: [one for one in figures if one.number("flops")]
        for series, figures in known.items()
        if any(one.number("flops") and one.number("ceiling_flops") for one in figures)
    }
    if not drawn:
        return None
    ceilings = {series: _ceilings(known[series]) for series in drawn}
    rates = [_Point(one).rate for figures in drawn.values() for one in figures]
    intensities = [
        value
        for figures in drawn.values()
        for value in (one.quotient("flops", "bytes") for one in figures)
        if value
    ]
    ridges = [one.flops / copy for one in ceilings.values() for copy in one.copies]
    x = Log(
        min([*intensities, *ridges, 1.0]) / 2, max([*intensities, *ridges, 1.0]) * 3, LEFT, RIGHT
    )
    high = max(one.flops for one in ceilings.values())
    y = Log(min([*rates, high / 100]) / 2, max([*rates, high]) * 2, BOTTOM, TOP)
    panels = [
        _panel(series, figures, ceilings[series], len(known[series]), x, y)
        for series, figures in drawn.items()
    ]
    return Rooflines(
        panels,
        [(x.at(value), f"{value:g}") for value in x.decades()],
        [(y.at(value), _prefixed(value)) for value in y.decades()],
        *(LEFT, RIGHT, TOP, BOTTOM),
    )


class _Point:
    """A figure with its rate of operations."""

    def __init__(self, figure: Figure) -> None:
        self.figure = figure
        self.rate = (figure.number("flops") or 0.0) / figure.median
        self.intensity = figure.quotient("flops", "bytes")


@dataclass(frozen=True)
class _Ceilings:
    """The ceilings of a series. copies: bytes/s in memory, then in a cache if that is faster; may be empty."""

    flops: float
    copies: tuple[float, ...]


def _ceilings(figures: Sequence[Figure]) -> _Ceilings:
    # A session keeps the best so far, so that the largest is the one measured with the most tries.
    flops = max(one.number("ceiling_flops") or 0.0 for one in figures)
    # Each figure has the best copy that moves as much as its call: the largest calls were compared with memory.
    copies = [one.number("ceiling_copy") or 0.0 for one in figures]
    slow, fast = min(filter(None, copies), default=0.0), max(copies)
    return _Ceilings(flops, ((slow, fast) if fast > ONE_SLOPE * slow else (slow,)) if slow else ())


def _panel(
    series: Series,
    figures: Sequence[Figure],
    ceilings: _Ceilings,
    total: int,
    x: Log,
    y: Log,
) -> Roofline:
    flops, copies = ceilings.flops, ceilings.copies
    ceilings_shown = [
        f"copy in {place} {quantities.rate(rate, 'B')}"
        for place, rate in zip(("memory", "a cache"), copies, strict=False)
    ]
    panel = Roofline(
        series,
        quantities.rate(flops, "FLOP"),
        ", ".join(ceilings_shown) or "copy not measured",
        _roof(flops, copies[0] if copies else 0.0, x, y),
        _roof(flops, copies[1], x, y)[:1] if len(copies) > 1 else [],
    )
    panel.absent = total - len(figures)
    named: set[str] = set()
    for one in sorted(map(_Point, figures), key=lambda one: -one.rate):
        subject = one.figure.subject
        rate = quantities.rate(one.rate, "FLOP")
        label = "" if subject.topic in named else subject.topic
        named.add(subject.topic)
        if one.intensity is None:
            share, intensity = quantities.percent(one.rate / flops), "not stated"
            text = f"{share} of matmul; bytes not stated"
            place = _aside(y.at(one.rate), panel.marks)
        else:
            # Its own slope: a call that fits in a cache is compared with a copy that does, too.
            copy = one.figure.number("ceiling_copy")
            roof = min(flops, one.intensity * copy) if copy else flops
            share = quantities.percent(one.rate / roof)
            intensity = f"{quantities.digits(one.intensity)}{quantities.THIN}FLOP/B"
            text = f"{share} of its roof at {intensity}"
            place = x.at(one.intensity)
        text = f"{subject.topic}: {subject.label}: {rate}, {text}"
        panel.marks.append(Mark(place, y.at(one.rate), text, label))
        panel.rows.append((subject.topic, subject.label, intensity, rate, share))
    panel.marks = labelled(panel.marks)
    return panel


def _aside(y: float, marks: Sequence[Mark]) -> float:
    """Where right of the frame a point at height `y` covers no other."""
    for place in range(int(GUTTER), int(EDGE), 4):
        if not any(m.x == place and abs(m.y - y) * HEIGHT / 100 < 10 for m in marks):
            return float(place)
    return EDGE


def _roof(flops: float, copy: float, x: Log, y: Log) -> list[tuple[float, float, float, float]]:
    if not copy:
        return [(x.start, y.at(flops), x.end, y.at(flops))]
    ridge = flops / copy
    # The slope begins where it enters the frame, at its left edge or at its floor.
    begin = max(x.low, y.low / copy)
    return [
        (x.at(begin), y.at(begin * copy), x.at(ridge), y.at(flops)),
        (x.at(ridge), y.at(flops), x.end, y.at(flops)),
    ]


def labelled(marks: Iterable[Mark]) -> list[Mark]:
    """The marks, with labels where they have room: first on a phone, then what else fits on a desktop."""
    marks = list(marks)
    taken: list[tuple[float, float, float, float]] = []
    placed: dict[int, Mark] = {}
    for tier, width in ((1, NARROW), (2, WIDE)):
        points = [_box(mark, width, None) for mark in marks]
        # Labels of the phone stay where they are; on a desktop they stand farther apart, never closer.
        taken = [_box(mark, width, mark.left) for mark in placed.values()]
        for index, mark in enumerate(marks):
            if not mark.label or index in placed:
                continue
            for left in (False, True):
                box = _box(mark, width, left)
                others = [*taken, *(p for i, p in enumerate(points) if i != index)]
                low, high = (LEFT, RIGHT) if mark.x <= RIGHT else (RIGHT, 100.0)
                inside = low < box[0] / width * 100 and box[2] / width * 100 < high
                if inside and not any(_overlap(box, other) for other in others):
                    placed[index] = replace(mark, tier=tier, left=left)
                    taken.append(box)
                    break
    return [placed.get(index, mark) for index, mark in enumerate(marks)]


def _box(mark: Mark, width: int, left: bool | None) -> tuple[float, float, float, float]:
    """Of a mark's label, in pixels, or of the mark itself where `left` is None."""
    x, y = mark.x / 100 * width, mark.y / 100 * HEIGHT
    if left is None:
        return (x - 5, y - 5, x + 5, y + 5)
    length = len(mark.label) * LETTER + 8
    begin = x - length - 8 if left else x + 8
    return (begin, y - LINE / 2, begin + length, y + LINE / 2)


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _prefixed(value: float) -> str:
    for scale, prefix in quantities.PREFIXES:
        if value >= 0.9995 * scale:
            return f"{value / scale:g}{quantities.THIN}{prefix}"
    return f"{value:g}"
