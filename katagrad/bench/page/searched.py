"""What `kata bench history` found, on the page: a line of times for each benchmark, and its steps."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from katagrad.bench import quantities
from katagrad.bench.page.plots import Log, Mark
from katagrad.bench.page.series import FRAMEWORKS, Subject
from katagrad.bench.page.tables import Row, Table
from katagrad.bench.regress.history import SCHEMA


@dataclass(frozen=True)
class Search:
    """One file of `kata bench history`, as a table."""

    table: Table


def load(path: Path) -> Search | None:
    """The search that a file holds; None for a file of another kind, or one that is torn."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if SCHEMA not in raw:
            return None
        revisions = [(str(one["id"])[:7], str(one["subject"])) for one in raw["revisions"]]
        ends = f"{revisions[0][0]} to {revisions[-1][0]}"
        cpu = str(raw["machine"]["cpu"])
        title = f"{len(revisions)} revisions, {ends}, {cpu}"
        rows = [_row(one, revisions) for one in raw["series"]]
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError, AttributeError):
        return None
    return Search(Table(title, ["newest", "steps"], [], rows))


def _row(one: dict[str, Any], revisions: list[tuple[str, str]]) -> Row:
    topic, _, name = str(one["benchmark"]).partition("::")
    subject = Subject(topic, name)
    points = [(int(p["revision"]), float(p["ratio"])) for p in one["points"]]
    reach = max(2.0, *(max(r, 1 / r) for _, r in points)) if points else 2.0
    axis = Log(1 / reach, reach, 85, 15)
    mark = one["framework"] if one["framework"] in ("torch", "tensorflow") else "other"
    marks = []
    for place, ratio in points:
        commit, words = revisions[place]
        x = round(4 + 92 * place / max(len(revisions) - 1, 1), 2)
        text = f"{commit} {words}: {quantities.times(ratio)}"
        marks.append((mark, Mark(x, round(axis.at(ratio), 2), text)))
    steps = [_step(step, revisions) for step in one["steps"]]
    none = "cannot judge" if one.get("unsure") else "none"
    shown = "; ".join(steps) or str(one["reason"]).split("\n")[0] or none
    # Files of earlier versions do not say.
    if points and (left := len(one.get("missing", ()))):
        shown += f"; {left} revision{'s' if left > 1 else ''} not timed"
    there = bool(points) and points[-1][0] == len(revisions) - 1
    newest = quantities.times(points[-1][1]) if there else "\N{EN DASH}"
    framework = FRAMEWORKS.get(str(one["framework"]), str(one["framework"]))
    return Row(subject, [newest, shown], marks, [], f"{subject.label}, {framework}: {shown}")


def _step(step: dict[str, Any], revisions: list[tuple[str, str]]) -> str:
    before, after = int(step["before"]), int(step["after"])
    amount = f"{step['verdict']} by {quantities.percent(abs(float(step['ratio']) - 1))}"
    if after - before == 1:
        return f"{amount} at {revisions[after][0]} {revisions[after][1]}"
    return f"{amount} between {revisions[before][0]} and {revisions[after][0]}"
