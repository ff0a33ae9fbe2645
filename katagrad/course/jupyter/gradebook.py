"""Scores, comments and late penalties of a grading in nbgrader's gradebook, through its own API."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from katagrad.course.jupyter.folder import add_students, opened, require_gradebook, utc
from katagrad.course.jupyter.source import check_id
from katagrad.course.ledger import Ledger
from katagrad.course.locate import asked
from katagrad.course.redaction import without_detail
from katagrad.course.release import LEVELS
from katagrad.course.scores import Standing, standings
from katagrad.course.settings import Course
from katagrad.course.wording import changes
from katagrad.errors import NOT_GRADED, PASSED, BadOption
from katagrad.grading.checks import manifest
from katagrad.grading.records import TopicResult
from katagrad.grading.table import signed
from katagrad.text import one_line
from katagrad.topics import topics

if TYPE_CHECKING:
    from katagrad.course.grade import GradingRequest


def write_gradebook(
    path: Path, everybody: Sequence[Standing], course: Course | None, show: str
) -> list[str]:
    """Write the known results of each student; returns a line for each topic left out, and for each change by hand.

    A topic is the assignment of its name. Grades that somebody gave by hand stay, and so do comments. Points are those
    of the checks, as nbgrader's cells have them. Raises BadOption.
    """
    left: list[str] = []
    with opened(gradebook_at(path)) as book:
        add_students(book, course)
        every = ((n, one) for s in everybody for n, one in s.scores.items())
        names = dict.fromkeys(n for n, one in every if one.result or one.earlier)
        for name in [n for n in names if n in topics()]:
            _add_assignment(book, name, course)
        for standing in everybody:
            for name, score in standing.scores.items():
                if name not in topics():
                    continue
                if score.fixed:
                    left.append(f"{standing.student}: {changes(name, score)}")
                if score.result is None and not score.problem:
                    continue
                if score.result is None or score.earned is None:
                    left.append(f"{standing.student}: {score.problem or f'{name} is not known'}")
                    continue
                if score.adjusted and not score.fixed:
                    left.append(f"{standing.student}: {name}: {signed(score.adjusted)} by hand")
                share = course.late.share(score.days, score.free) if course else 1.0
                _write(book, standing, name, score.result, show, score.handed_in, 1 - share)
        book.db.commit()
    return left


def write_results(path: Path, out: Path, request: GradingRequest) -> list[str]:
    """Write the results of a grading to a gradebook; returns lines that say so. Raises BadOption."""
    ledger = Ledger(out / "ledger.sqlite")
    everybody = standings(ledger, request.course, [topic.name for topic in request.topics])
    ledger.close()
    left = write_gradebook(path, everybody, request.course, request.show)
    said = [f"not in the gradebook: {one_line(line)}" for line in left]
    return [*said, f"scores written to {path}"]


def gradebook_at(path: Path) -> Path:
    """The file of a gradebook. path: the file, or a course folder of nbgrader, whose gradebook may not exist yet.

    Raises BadOption if nbgrader is not installed, or if there is no gradebook: otherwise, a wrong name would become a
    new gradebook, and the right one would stay as it was.
    """
    require_gradebook()
    if (path / "nbgrader_config.py").is_file() or (path / "gradebook.db").is_file():
        return path / "gradebook.db"
    if path.is_file():
        return path
    there = sorted(one.name for one in path.parent.glob("*.db")) if path.parent.is_dir() else []
    near = difflib.get_close_matches(path.name, there, n=1, cutoff=0.5)
    guess = (
        f"did you mean {path.parent / near[0]}?" if near else "name the gradebook.db of a course"
    )
    raise BadOption(
        f"--gradebook {path}: there is no gradebook; {guess} (kata course nbgrader makes one)"
    )


def _add_assignment(book: Any, name: str, course: Course | None) -> None:
    """Make sure that an assignment has a cell for each check, as the notebook of the topic has."""
    from nbgrader.api import MissingEntry

    rule = course.topics.get(name) if course else None
    due = {"duedate": utc(rule.due.timestamp())} if rule and rule.due else {}
    book.update_or_create_assignment(name, **due)
    wanted = {check_id(name, check.name): float(check.points) for check in manifest(topics()[name])}
    try:
        there = {cell.name for cell in book.find_notebook(name, name).grade_cells}
    except MissingEntry:
        book.update_or_create_notebook(name, name)
        for cell, points in wanted.items():
            book.update_or_create_grade_cell(cell, name, name, max_score=points, cell_type="code")
        for function in sorted(asked(name)):
            book.update_or_create_solution_cell(f"{name}-answer-{function}", name, name)
        return
    missing = sorted(set(wanted) - there)
    if missing:
        raise BadOption(
            f"the notebook {name} of the gradebook has no cell {missing[0]}; make it with kata course nbgrader, "
            f"and run nbgrader generate_assignment {name}"
        )


def _write(
    book: Any,
    standing: Standing,
    name: str,
    result: TopicResult,
    show: str,
    handed_in: float | None,
    lost: float,
) -> None:
    """Write a result. lost: the share of all points, also of those given by hand there, that lateness costs."""
    student = standing.student
    last, first = standing.person.parts
    given = {"first_name": first, "last_name": last, "email": standing.person.email}
    book.update_or_create_student(student, **{key: value for key, value in given.items() if value})
    when = {} if handed_in is None else {"timestamp": utc(handed_in)}
    book.update_or_create_submission(name, student, **when)
    for check in result.checks:
        grade = book.find_grade(check_id(name, check.name), name, name, student)
        changed = grade.auto_score != check.points
        grade.auto_score = check.points
        # As nbgrader has it: somebody should look again at a grade given by hand whose points changed.
        if grade.manual_score is None:
            grade.needs_manual_grade = False
        elif changed:
            grade.needs_manual_grade = True
    for function, text in _comments(name, result, show).items():
        comment = book.find_comment(f"{name}-answer-{function}", name, name, student)
        comment.auto_comment = text or None
    book.db.commit()  # the sum below is the database's
    handed = book.find_submission_notebook(name, name, student)
    handed.late_submission_penalty = round(lost * handed.score, 6) or None


def _comments(name: str, result: TopicResult, show: str) -> dict[str, str]:
    """What a student may read, by the function that it speaks of: a line for each check that did not pass."""
    level, functions = LEVELS.index(show), sorted(asked(name))
    found: dict[str, list[str]] = {function: [] for function in functions}
    for check in result.checks:
        if level < LEVELS.index("claims") or check.status in (PASSED, NOT_GRADED):
            continue
        said = check.name.removeprefix("test_") + "_"
        named = [f for f in functions if said.startswith(f.lower() + "_")]
        line = f"{check.claim}: {check.status}"
        if level >= LEVELS.index("messages") and check.message:
            line += f"\n    {without_detail(check.message)}"
        if level >= LEVELS.index("hints") and check.hint:
            line += f"\n    Look at: {check.hint}"
        found[max(named, key=len) if named else functions[0]].append(line)
    return {function: "\n".join(lines) for function, lines in found.items()}
