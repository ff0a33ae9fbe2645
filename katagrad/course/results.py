"""The files of a grading: grades.csv, problems.json, students/ for distribution, and records/ for the course."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from katagrad.course.intake import Intake
from katagrad.course.ledger import Ledger
from katagrad.course.release import released
from katagrad.errors import NOT_GRADED
from katagrad.grading.records import Result, TopicResult, write_json, write_whole
from katagrad.grading.table import number
from katagrad.text import cell, one_line
from katagrad.topics import topics


@dataclass
class Written:
    """What was written. problems: a line for each name. totals: points and maximum by student; None: not known."""

    problems: dict[str, str] = field(default_factory=dict)
    totals: dict[str, tuple[float, float] | None] = field(default_factory=dict)


def write(
    out: Path, ledger: Ledger, intake: Intake, wanted: Sequence[str], seed: int, speed: bool, show: str
) -> Written:  # fmt: skip
    """Write the results of all that the ledger holds. wanted: names of the topics of this grading.

    A cell stays empty where something was handed in that could not be graded, and so does its total.
    """
    by_student: dict[str, dict[str, TopicResult]] = {}
    for student, topic, found in ledger.records():
        by_student.setdefault(student, {})[topic] = found
    columns = _in_order({*wanted, *(name for graded in by_student.values() for name in graded)})
    written = Written(dict(intake.problems))
    rows = [["student", *columns, "points", "maximum"]]
    unread = dict.fromkeys(intake.unread)
    for student in sorted({*by_student, *unread}):
        graded = {n: by_student[student][n] for n in columns if n in by_student.get(student, {})}
        result = Result(graded, _isolation(graded), seed, speed, student)
        unsure = _unsure(graded)
        if unsure:
            before = written.problems.get(student)
            written.problems[student] = "; ".join(filter(None, (before, *unsure.values())))
        empty = {*unsure, *intake.unfound.get(student, ())}
        known = student not in unread and not empty
        cells = [
            number(graded[n].points) if n in graded and student not in unread and n not in empty else ""
            for n in columns
        ]  # fmt: skip
        maximum = number(result.maximum) if graded else ""
        rows.append([cell(student), *cells, number(result.points) if known else "", maximum])
        written.totals[student] = (result.points, result.maximum) if known else None
        if graded:
            write_json(out / "records" / f"{student}.json", result.to_json())
            write_json(out / "students" / f"{student}.json", released(result, show))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_whole(out / "grades.csv", text.getvalue())
    write_json(out / "problems.json", written.problems)
    return written


def _in_order(names: set[str]) -> list[str]:
    """Names in teaching order; those of topics that are there no more come last."""
    known = list(topics())
    return sorted(names, key=lambda n: (known.index(n) if n in known else len(known), n))


def _isolation(graded: Mapping[str, TopicResult]) -> str:
    """What was in force, which may differ from topic to topic of a ledger."""
    return ", ".join(sorted({topic.isolation for topic in graded.values() if topic.isolation}))


def _unsure(graded: Mapping[str, TopicResult]) -> dict[str, str]:
    """Topics of which a check could not be graded, by the harness's fault, each with a sentence."""
    found = {}
    for name, topic in graded.items():
        left = [check for check in topic.checks if check.status == NOT_GRADED]
        if left:
            why = one_line(left[0].message)
            found[name] = f"{name}: {len(left)} of {len(topic.checks)} checks not graded: {why}"
    return found
