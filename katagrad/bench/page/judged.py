"""What `kata bench regress` found, on the page: the view of a pull request."""

from __future__ import annotations

import json
import math
import statistics
from pathlib import Path
from typing import Any

from katagrad.bench import quantities
from katagrad.bench.page.plots import Log, Mark
from katagrad.bench.page.series import Subject
from katagrad.bench.page.tables import Row, Table, ratio_ticks
from katagrad.bench.regress.rule import CANNOT, FASTER, SAME, SLOWER

# What to act on comes first. "new" is the verdict on what the base does not have.
ORDER = (SLOWER, CANNOT, FASTER, "new", SAME)


def load(path: Path) -> Table | None:
    """The table of a report; None for a file of another kind, or one that is torn."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if not {"against", "benchmarks", "status", "unchanged"} <= set(raw):
            return None
        listed = [_one(one) for one in raw["benchmarks"]]
        listed.sort(key=lambda one: ORDER.index(one["verdict"]))
        seen = [r for one in listed for r in one["ratios"]]
        reach = max(1.2, *seen, *(1 / r for r in seen)) * 1.1 if seen else 2.0
        axis = Log(1 / reach, reach, 3, 97)
        title = f"against {str(raw['against'])[:12]}, {raw['machine']['cpu']}"
        table = Table(title, ["then", "now", "verdict"], _ticks(axis), line=axis.at(1.0))
        notes = [str(note) for note in raw["notes"]]
        if raw["unchanged"]:
            notes.append(f"Not timed, the same in both: {len(raw['unchanged'])}.")
        table.note = " ".join(notes)
        table.rows = [_row(one, axis) for one in listed]
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError, AttributeError):
        return None
    return table


def _ticks(axis: Log) -> list[tuple[float, str]]:
    """Finer ones than for other ratios, where all are close to 1."""
    for steps in ((1.1, 1.2, 1.3), (1.25, 1.5, 2.0)):
        if axis.high < 1.2 * steps[-1]:
            both = sorted({v for step in (1.0, *steps) for v in (step, 1 / step)})
            fit = [v for v in both if axis.low <= v <= axis.high]
            return [(axis.at(v), f"{v:.2g}{quantities.THIN}\N{MULTIPLICATION SIGN}") for v in fit]
    return ratio_ticks(axis)


def _one(raw: dict[str, Any]) -> dict[str, Any]:
    """A benchmark of a report, checked. Raises ValueError for what `regress` would not write."""
    ratios = [float(ratio) for ratio in raw["ratios"]]
    times = [float(second) for second in raw["seconds"]]
    sound = all(1e-9 < one < 1e9 for one in ratios) and all(0 <= one < math.inf for one in times)
    if not sound or len(times) != 2 or raw["verdict"] not in ORDER:
        raise ValueError("no report of regress")
    name, verdict, reason = (str(raw[key]) for key in ("benchmark", "verdict", "reason"))
    return {"name": name, "verdict": verdict, "ratios": ratios, "times": times, "reason": reason}


def _row(one: dict[str, Any], axis: Log) -> Row:
    topic, _, name = one["name"].partition("::")
    subject, ratios = Subject(topic, name), sorted(one["ratios"])
    rank = float(ORDER.index(one["verdict"]))
    if not ratios:
        said = one["reason"].split("\n")[0][:200]
        dash = "\N{EN DASH}"
        return Row(subject, [dash, dash, one["verdict"]], [], [], said, [0.0, 0.0, rank])
    middle = statistics.median(ratios)
    texts = [*map(quantities.seconds, one["times"]), one["verdict"]]
    if one["verdict"] in (SLOWER, FASTER):
        texts[2] += f" {quantities.percent(abs(middle - 1))}"
    tooltip = (
        f"{subject.topic}: {subject.label}: {quantities.times(middle)} as long, "
        f"{quantities.times(ratios[0])} to {quantities.times(ratios[-1])} in {len(ratios)} launches"
    )
    kind = "other" if one["verdict"] in (SLOWER, FASTER) else "other hollow"
    bars = [("other", axis.at(ratios[0]), axis.at(ratios[-1]), 50.0)]
    marks = [(kind, Mark(axis.at(middle), 50.0, tooltip))]
    return Row(subject, texts, marks, bars, tooltip, [*one["times"], rank])
