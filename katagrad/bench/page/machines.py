"""One machine against another: the same framework, on the same kind of device, with the same settings."""

from __future__ import annotations

from katagrad.bench import quantities
from katagrad.bench.page.plots import Log, Mark
from katagrad.bench.page.series import Collection, Figure, Place, Series, Subject, geometric_mean
from katagrad.bench.page.tables import Row, Table, crosses, interval, ratio_ticks


def machines(collection: Collection) -> list[Table]:
    """Ratios of throughputs, a table for each framework and machine, against the machine with the most figures."""
    tables = []
    for framework in dict.fromkeys(one.framework for one in collection.series):
        own = [one for one in collection.series if one.framework == framework]
        for kind in dict.fromkeys(_kind(one.place) for one in own):
            alike = [one for one in own if _kind(one.place) == kind]
            first = max(alike, key=lambda one: len(collection.of(one)))
            for other in alike:
                if other.place.machine != first.place.machine:
                    found = _shared(collection, other, first)
                    tables += [_table(found, other, first)] if found else []
    return tables


def _kind(place: Place) -> tuple[str, str, str]:
    """What must agree for two machines to be compared; the number of threads is theirs."""
    return place.mode, place.precision, place.device


def _shared(
    collection: Collection, one: Series, other: Series
) -> list[tuple[Subject, Figure, Figure]]:
    """The figures of what both series timed: the same work by the same protocol."""
    found = []
    for subject in collection.subjects:
        a, b = (collection.newest.get((series, subject)) for series in (one, other))
        if a and b and a.number("items") == b.number("items") and a.protocol == b.protocol:
            found.append((subject, a, b))
    return found


def _table(found: list[tuple[Subject, Figure, Figure]], one: Series, other: Series) -> Table:
    ratios = [a.throughput / b.throughput for _, a, b in found]
    ends = [end for _, a, b in found for end in interval(a, b)]
    reach = max(2.0, *ratios, *ends, *(1 / value for value in (*ratios, *ends))) * 1.2
    axis = Log(1 / reach, reach, 3, 97)
    here, there = one.place, other.place
    title = f"{one.name}: {here.label}, against {there.label}"
    table = Table(title, ["throughput / other's"], ratio_ticks(axis), line=axis.at(1.0))
    left, right = (f"{place.machine} faster" for place in (there, here))
    table.legend = f"\u2190 {left} \u00b7 {right} \u2192"
    mean = geometric_mean(ratios)
    table.note = (
        f"{here.machine} has the higher throughput in {sum(r > 1 for r in ratios)} of {len(ratios)}; the geometric "
        f"mean of its throughput by that of {there.machine} is {quantities.times(mean)}."
    )
    for (subject, a, b), ratio in zip(found, ratios, strict=True):
        low, high = interval(a, b)
        faster = here.machine if ratio >= 1 else there.machine
        text = f"{faster} {quantities.times(max(ratio, 1 / ratio))}"
        tooltip = (
            f"{subject.topic}: {subject.label}: {text}; {here.machine} {quantities.rate(a.throughput, a.unit)}, "
            f"{there.machine} {quantities.rate(b.throughput, b.unit)}"
        )
        mark = f"{one.mark} hollow" if crosses(low, high) else one.mark
        bars = [(one.mark, axis.at(low), axis.at(high), 50.0)]
        shown = quantities.times(ratio)
        marks = [(mark, Mark(axis.at(ratio), 50.0, tooltip))]
        table.rows.append(Row(subject, [shown], marks, bars, tooltip, [ratio]))
    return table
