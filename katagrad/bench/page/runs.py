"""What a page reports about runs: the list of them, changes between commits, and what was not timed."""

from __future__ import annotations

from typing import NamedTuple

from katagrad.bench import quantities
from katagrad.bench.files import Results
from katagrad.bench.page.plots import Log, Mark
from katagrad.bench.page.series import DEVICES, Collection, Figure, Series, Subject
from katagrad.bench.page.tables import Row, Table
from katagrad.topics import topics


class Run(NamedTuple):
    """A result file in words."""

    series: str
    commit: str
    when: str
    versions: str
    ceilings: str
    blocks: str
    load: str
    benchmarks: int
    file: str


class Missing(NamedTuple):
    """What was not run. names: the benchmarks or topics."""

    what: str
    names: list[str]
    reason: str


def runs(collection: Collection) -> list[Run]:
    """The runs, newest first."""
    found = []
    for run in reversed(collection.runs):
        figures = [one for one in collection.figures if one.run is run]
        for series in dict.fromkeys(one.series for one in figures):
            found.append(_run(run, series, [one for one in figures if one.series == series]))
    return found


def _run(run: Results, series: Series, figures: list[Figure]) -> Run:
    info = figures[-1].info
    versions = info.get("versions")
    shown = versions if isinstance(versions, dict) else {}
    flops = max(one.number("ceiling_flops") or 0.0 for one in figures)
    copies = [rate for one in figures if (rate := one.number("ceiling_copy"))]
    ceilings = [f"matmul {quantities.rate(flops, 'FLOP')}"] if flops else []
    if copies:  # one for each size of a call: the slowest is memory's
        ends = dict.fromkeys(quantities.rate(end(copies), "B") for end in (min, max))
        ceilings.append(f"copy {' to '.join(ends)}")
    blocks = sorted({int(one.number("blocks") or 0) for one in figures} - {0})
    states = [one.info.get("state") for one in figures]
    loads = [s["load"] for s in states if isinstance(s, dict) and _number(s.get("load"))]
    return Run(
        f"{series.name}, {series.place.label}",
        version(run),
        run.when[:16].replace("T", " "),
        ", ".join(f"{name} {value}" for name, value in shown.items()),
        ", ".join(ceilings) or "not measured",
        "\N{EN DASH}".join(str(b) for b in dict.fromkeys((blocks[0], blocks[-1])))
        if blocks
        else "",
        f"{max(loads):g}" if loads else "",
        len(figures),
        run.name,
    )


def history(collection: Collection) -> tuple[list[tuple[str, str]], list[Table]]:
    """((version, time) of the columns in order, a table of lines of throughput for each series).

    Only benchmarks with figures of two commits or more have a line. Runs without a commit count by their time.
    """
    lines: dict[tuple[Series, Subject], list[Figure]] = {}
    for figure in collection.figures:
        newest = collection.newest.get((figure.series, figure.subject))
        if newest and newest.protocol == figure.protocol and newest.unit == figure.unit:
            lines.setdefault((figure.series, figure.subject), []).append(figure)
    lines = {key: line for key, line in lines.items() if len({version(f.run) for f in line}) > 1}
    drawn = {id(figure.run) for line in lines.values() for figure in line}
    steps = {version(run): _time(run) for run in collection.runs if id(run) in drawn}
    tables = []
    for series in collection.series:
        table = Table(f"{series.name}: {series.place.label}", ["oldest", "newest", "change"], [])
        for subject in collection.subjects:
            if line := lines.get((series, subject)):
                table.rows.append(_line(series, subject, line, list(steps)))
        if table.rows:
            tables.append(table)
    return list(steps.items()), tables


def _line(series: Series, subject: Subject, line: list[Figure], steps: list[str]) -> Row:
    rates = [one.throughput for one in line]
    # So that noise does not look like a change, half to twice the oldest value always fits on the axis.
    reach = max(2.0, *(max(rate / rates[0], rates[0] / rate) for rate in rates))
    axis = Log(rates[0] / reach, rates[0] * reach, 85, 15)
    marks = []
    for figure, rate in zip(line, rates, strict=True):
        x = 4 + 92 * steps.index(version(figure.run)) / max(len(steps) - 1, 1)
        tooltip = f"{version(figure.run)}: {quantities.rate(rate, figure.unit)}"
        marks.append((series.mark, Mark(round(x, 2), axis.at(rate), tooltip)))
    texts = [
        quantities.rate(rates[0], ""),
        quantities.rate(rates[-1], line[-1].unit),
        f"{(rates[-1] / rates[0] - 1) * 100:+.1f}{quantities.THIN}%".replace("-", "\N{MINUS SIGN}"),
    ]
    tooltip = f"{subject.topic}: {subject.label}: {texts[0]}, then {texts[1]}, {texts[2]}"
    return Row(subject, texts, marks, [], tooltip)


def version(run: Results) -> str:
    """A run's commit, or its time where it has none: "a451c0a+", + for changes that no commit holds."""
    if run.commit is None:
        return run.when[:16].replace("T", " ") or run.name
    return run.commit.id[:7] + ("+" if run.commit.dirty else "")


def _time(run: Results) -> str:
    return ((run.commit.time if run.commit else "") or run.when)[:10]


def missing(collection: Collection) -> list[Missing]:
    """What was not run, and what one series has and another lacks."""
    found = []
    for run in collection.runs:
        reasons: dict[str, list[str]] = {}
        for one in run.not_run:
            reasons.setdefault(one.reason, []).append(one.name)
        found += [Missing(run.name, names, reason) for reason, names in reasons.items()]
    for series in collection.series:
        held = {one.subject for one in collection.of(series)}
        lacking = [subject for subject in collection.subjects if subject not in held]
        if lacking:
            what = f"{series.name}, {series.place.label}"
            names = [f"{one.topic}: {one.label}" for one in lacking]
            found.append(
                Missing(what, names, "not in its files, though in those of another column")
            )
    timed = {subject.topic for subject in collection.subjects}
    untimed = [name for name in topics() if name not in timed]
    if untimed and len(untimed) < len(
        topics()
    ):  # none of them: these are benchmarks of somebody's own
        found.append(Missing("topics of this version", untimed, "in none of the files"))
    devices = {series.place.device for series in collection.series}
    if devices == {"cpu"}:
        reason = "no GPU: none of the files was made with --device cuda"
        found.append(Missing(f"everything on {DEVICES['cuda']}", [], reason))
    return found


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
