"""The files of a grading: grades.csv, problems.json, students/ for distribution, and records/ for the course."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from katagrad.course.ledger import Ledger
from katagrad.course.release import released
from katagrad.course.scores import Standing, in_order, standings
from katagrad.course.settings import Course
from katagrad.files import write_json, write_whole
from katagrad.grading.records import Result, TopicResult
from katagrad.grading.table import number
from katagrad.text import cell


@dataclass
class Written:
    """What was written. problems: a line for each name. totals: points and maximum by student; None: not known."""

    problems: dict[str, str] = field(default_factory=dict)
    totals: dict[str, tuple[float, float] | None] = field(default_factory=dict)


def write(
    out: Path,
    ledger: Ledger,
    problems: Mapping[str, str],
    named: Collection[tuple[str, str]],
    wanted: Sequence[str],
    seed: int,
    speed: bool,
    show: str,
    course: Course | None = None,
) -> Written:
    """Write the results of all that the ledger holds. problems: of the intake. wanted: topics of this grading.

    named: (student, topic) of what `problems` names. What else is not known is added to the problems that are written.
    A cell stays empty where something was handed in that could not be graded, and so does its total.
    """
    everybody = standings(ledger, course, wanted)
    written = Written(dict(problems))
    for standing in everybody:
        graded = {n: s.result for n, s in standing.scores.items() if s.result is not None}
        earlier = {n: s.earlier for n, s in standing.scores.items() if s.earlier is not None}
        doubted = [
            s.problem for s in standing.scores.values() if s.problem and (s.result or s.earlier)
        ]
        old = {
            n: s.problem
            for n, s in standing.scores.items()
            if s.problem not in ("", *doubted) and (standing.student, n) not in named
        }
        before = written.problems.get(standing.student, "")
        more = [text for text in [*doubted, *_still(old)] if text not in before]
        if more:
            written.problems[standing.student] = "; ".join(filter(None, (before, *more)))
        points = standing.points
        written.totals[standing.student] = None if points is None else (points, standing.maximum)
        lost = {n: s.reason for n, s in standing.scores.items() if s.problem}
        result = Result(graded, _isolation(graded), seed, speed, standing.student)
        if graded or earlier:
            full = replace(result, topics=graded | earlier, isolation=_isolation(graded | earlier))
            write_json(out / "records" / f"{standing.student}.json", full.to_json())
        if graded or lost:
            shown = released(result, show, lost)
            write_json(out / "students" / f"{standing.student}.json", shown)
    write_whole(out / "grades.csv", table(everybody, course))
    write_json(out / "problems.json", written.problems)
    return written


def _still(problems: Mapping[str, str]) -> list[str]:
    """A sentence for each problem of an earlier grading, by topic; it names the topics that share it."""
    shared: dict[str, list[str]] = {}
    for name, text in problems.items():
        shared.setdefault(text, []).append(name)
    return [f"still not known: {', '.join(names)} ({text})" for text, names in shared.items()]


def table(everybody: Sequence[Standing], course: Course | None) -> str:
    """grades.csv: points by student and topic."""
    columns = in_order({name for standing in everybody for name in standing.scores})
    letters = course.letters if course else {}
    rows = [["student", *columns, "points", "maximum", *(["letter"] if letters else [])]]
    for standing in everybody:
        points = [standing.scores[n].points if n in standing.scores else None for n in columns]
        cells = ["" if p is None else number(p) for p in points]
        total = "" if standing.points is None else number(standing.points)
        maximum = number(standing.maximum) if standing.maximum else ""
        letter = [standing.letter(letters)] if letters else []
        rows.append([cell(standing.student), *cells, total, maximum, *letter])
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _isolation(graded: Mapping[str, TopicResult]) -> str:
    """The options that were used, which may differ between the topics of a ledger."""
    return ", ".join(sorted({topic.isolation for topic in graded.values() if topic.isolation}))
