"""Grades in the files that other systems read. Nothing of a submission is passed on as it came."""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from katagrad.course.grades import Grades
from katagrad.course.junit import junit
from katagrad.course.release import LEVELS
from katagrad.course.scores import Standing, TopicScore
from katagrad.course.wording import changes, message_for, ungraded
from katagrad.errors import PASSED, BadOption
from katagrad.grading.table import DIGITS, number
from katagrad.text import cell


def plain(grades: Grades) -> dict[str, str]:
    """grades.csv: a row for each student, with the total in points, in percent, and as a letter."""
    header = [
        "id",
        "name",
        "email",
        "section",
        *grades.topics,
        "points",
        "maximum",
        "percent",
        "letter",
    ]
    rows = [header]
    for one in grades.everybody:
        person, total = one.person, one.points
        percent = "" if total is None or not one.maximum else f"{100 * total / one.maximum:.2f}"
        rows.append(
            [
                *map(cell, (person.id, person.name, person.email, person.section)),
                *(_points(one.scores.get(name)) for name in grades.topics),
                "" if total is None else number(total),
                number(one.maximum),
                percent,
                one.letter(grades.letters),
            ]
        )
    return {"grades.csv": _csv(rows)}


def canvas(grades: Grades) -> dict[str, str]:
    """canvas.csv for the import of Canvas's gradebook. An empty cell leaves what Canvas has."""
    names = grades.topics
    most = {
        n: max((s.scores[n].maximum for s in grades.everybody if n in s.scores), default=0)
        for n in names
    }
    rows = [["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *names]]
    rows.append(["    Points Possible", "", "", "", "", *(number(most[name]) for name in names)])
    for one in grades.everybody:
        person = one.person
        last, first = person.parts
        shown = f"{last}, {first}" if last and first else person.name or person.id
        about = (shown, person.canvas, person.id, person.email, person.section)
        rows.append([*map(cell, about), *(_points(one.scores.get(name)) for name in names)])
    return {"canvas.csv": _csv(rows)}


def moodle(grades: Grades) -> dict[str, str]:
    """moodle.csv for the import of Moodle's gradebook: a grade and its feedback side by side.

    Moodle loses grades whose feedback comes in another import. A student's row is left out where nothing was graded.
    """
    names = grades.topics
    rows = [
        [
            "ID number",
            "Full name",
            "Email address",
            *(x for n in names for x in (n, f"{n} (feedback)")),
        ]
    ]
    for one in grades.everybody:
        known = [one.scores.get(name) for name in names]
        if all(score is None for score in known):
            continue
        person = one.person
        cells = [
            x for score in known for x in (_points(score), cell_text(_feedback(score, grades.show)))
        ]
        rows.append([*map(cell, (person.id, person.name, person.email)), *cells])
    return {"moodle.csv": _csv(rows)}


def gradescope(grades: Grades) -> dict[str, str]:
    """STUDENT.json for each student, as Gradescope reads /autograder/results/results.json."""
    return {
        f"{one.student}.json": _json(results_of(one, grades.show))
        for one in grades.everybody
        if one.points is not None
    }


def results_of(one: Standing, show: str) -> dict[str, Any]:
    """A student's results as Gradescope reads them. show: one of `release.LEVELS`."""
    level = LEVELS.index(show)
    tests = []
    for place, (name, score) in enumerate(one.scores.items(), 1):
        worth = score.maximum / score.result.maximum if score.result and score.result.maximum else 0
        for at, check in enumerate(score.result.checks if score.result else (), 1):
            test: dict[str, Any] = {
                "number": f"{place}.{at}",
                "name": f"{name}: {check.claim}",
                "score": _rounded(check.points * worth * score.weight),
                "max_score": _rounded(check.maximum * worth * score.weight),
                "status": "passed" if check.status == PASSED else "failed",
                "visibility": "visible",
            }
            if output := message_for(check, level):
                test["output"] = output
                test["output_format"] = "text"
            tests.append(test)
    found: dict[str, Any] = {
        "score": _rounded(one.points or 0.0),
        "output": "\n".join(changes(name, score) for name, score in one.scores.items()).strip(),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
    }
    if level >= LEVELS.index("claims") and tests:
        found["tests"] = tests
    return found


def lti(grades: Grades) -> dict[str, str]:
    """TOPIC.json for each topic: the messages that LTI's Assignment and Grade Services take, one for each student.

    Each goes to the line item's `scores` as application/vnd.ims.lis.v1.score+json. Who has no `lti` in the roster, and
    what is not known, is left out. So is a topic that is worth nothing: the maximum must be above 0.
    """
    found = {}
    for name in [name for name in grades.topics if name not in worthless(grades)]:
        messages = []
        for one in grades.everybody:
            score = one.scores.get(name)
            if score is None or score.points is None or not one.person.lti:
                continue
            message: dict[str, Any] = {
                "userId": one.person.lti,
                "scoreGiven": _rounded(score.points),
                "scoreMaximum": _rounded(score.maximum),
                "timestamp": grades.now.isoformat(timespec="milliseconds"),
                "activityProgress": "Completed" if score.result else "Initialized",
                "gradingProgress": "FullyGraded",
            }
            if comment := _feedback(score, grades.show):
                message["comment"] = comment
            if score.handed_in is not None:
                when = datetime.datetime.fromtimestamp(score.handed_in, datetime.timezone.utc)
                message["submission"] = {"submittedAt": when.isoformat(timespec="milliseconds")}
            messages.append(message)
        found[f"{name}.json"] = _json(messages)
    return found


def worthless(grades: Grades) -> list[str]:
    """Topics whose maximum is 0 for everybody."""
    return [
        name
        for name in grades.topics
        if not any(one.scores[name].maximum for one in grades.everybody if name in one.scores)
    ]


FORMATS: Mapping[str, Callable[[Grades], dict[str, str]]] = {
    "csv": plain,
    "canvas": canvas,
    "moodle": moodle,
    "gradescope": gradescope,
    "lti": lti,
    "junit": junit,
}


def _feedback(score: TopicScore | None, show: str) -> str:
    """Lines on what did not pass, as far as the course shows them."""
    if score is None:
        return ""
    level, lines = LEVELS.index(show), [ungraded(score), changes("", score)]
    if level >= LEVELS.index("claims"):
        for check in score.result.checks if score.result else ():
            if check.status != PASSED:
                lines.append(f"{check.claim}: {message_for(check, level)}")
    return "\n".join(filter(None, lines))


def cell_text(text: str) -> str:
    """Several lines in one cell, none of which a spreadsheet takes for a formula."""
    return " | ".join(cell(line) for line in text.splitlines())


def _points(score: TopicScore | None) -> str:
    return "" if score is None or score.points is None else number(score.points)


def _rounded(value: float) -> float:
    return round(value, DIGITS)


def _csv(rows: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _json(record: object) -> str:
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def check_place(to: Path, out: Path) -> None:
    """Raise BadOption for a file, and for a folder of results, which an export would replace."""
    if to.exists() and not to.is_dir():
        raise BadOption(f"--to {to} is a file; name a folder, which is made if it is not there")
    place, results = to.resolve(), out.resolve()
    if place == results or place in [
        results / name for name in ("students", "records", "feedback")
    ]:
        raise BadOption(
            f"--to {to} holds the results of --out {out}, which an export would replace; name another folder"
        )
