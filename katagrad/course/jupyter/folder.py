"""`kata course nbgrader`: a course folder that nbgrader's own commands run, from the assignment to the export."""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from katagrad.course.jupyter.source import notebook
from katagrad.course.settings import Course
from katagrad.errors import BadOption
from katagrad.files import write_whole
from katagrad.topics import Topic

CONFIG = "nbgrader_config.py"
TEXT = '''\
"""Settings of nbgrader for this course. katagrad wrote this file; your own settings may follow at its end."""

from nbgrader.apps import NbGraderApp  # noqa: F401
from nbgrader.converters import Autograde
from nbgrader.preprocessors import Execute

from katagrad.course.jupyter.autograde import GradeByWorker, LatePolicy

c = get_config()  # noqa: F821
c.CourseDirectory.course_id = {course_id!r}
# A worker of katagrad earns the points. No kernel runs what students hand in.
steps = Autograde.class_traits()["autograde_preprocessors"].default()
c.Autograde.autograde_preprocessors = [GradeByWorker if step is Execute else step for step in steps]
# A check that a student deleted still counts.
c.OverwriteCells.add_missing_cells = True
c.GradeByWorker.isolation = {isolation!r}
c.GradeByWorker.framework = {framework!r}
c.GradeByWorker.show = {show!r}
c.AssignLatePenalties.plugin_class = LatePolicy
c.LatePolicy.penalty = {penalty!r}
c.LatePolicy.grace = {grace!r}
c.LatePolicy.last_day = {last_day!r}
c.LatePolicy.timezone = {timezone!r}
'''


@dataclass(frozen=True)
class Made:
    """What was written. kept: files that were there and differ, and were left alone."""

    written: list[str]
    kept: list[str]


def write_course(
    chosen: Sequence[Topic], framework: str, out: Path, course: Course | None, isolation: str
) -> Made:
    """Write source/TOPIC/TOPIC.ipynb, nbgrader_config.py, and the students and due dates into gradebook.db.

    A file that is there and differs is left alone. Raises BadOption without nbgrader, and OSError.
    """
    require_gradebook()
    import nbformat

    files = {
        f"source/{t.name}/{t.name}.ipynb": nbformat.writes(notebook(t, framework)) + "\n"  # type: ignore[no-untyped-call]
        for t in chosen
    }
    late = course.late if course else None
    files[CONFIG] = TEXT.format(
        course_id=out.resolve().name,
        isolation=isolation,
        framework=framework,
        show=course.show if course else "claims",
        penalty=late.penalty if late else 0.0,
        grace=late.grace if late else 0.0,
        last_day=late.last_day if late and late.last_day is not None else -1,
        timezone=str(course.zone) if course and course.zone else "",
    )
    made = Made([], [])
    for name, text in files.items():
        path = out / name
        if path.is_file() and path.read_bytes() != text.encode():
            made.kept.append(name)
        elif not path.is_file():
            write_whole(path, text)
            made.written.append(name)
    with opened(out / "gradebook.db") as book:
        for topic in chosen:
            rule = course.topics.get(topic.name) if course else None
            due = {"duedate": utc(rule.due.timestamp())} if rule and rule.due else {}
            book.update_or_create_assignment(topic.name, **due)
        add_students(book, course)
    return made


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Any]:
    """A gradebook of nbgrader. Raises BadOption for a file that is none or cannot be used, and without nbgrader."""
    gradebook = require_gradebook()
    errors: Any = import_module("sqlalchemy.exc")
    try:
        with gradebook(f"sqlite:///{path.resolve()}") as book:
            yield book
    except errors.SQLAlchemyError as error:
        said = " ".join(str(getattr(error, "orig", None) or error).split())[:200]
        raise BadOption(
            f"{path} cannot be used as a gradebook ({said}); name the gradebook.db of nbgrader's course"
        ) from None


def add_students(book: Any, course: Course | None) -> None:
    """Put the people of the roster into a gradebook."""
    for person in course.roster.people.values() if course and course.roster else ():
        last, first = person.parts
        book.update_or_create_student(
            person.id, first_name=first or None, last_name=last or None, email=person.email or None
        )


def utc(seconds: float) -> datetime.datetime:
    """A moment as nbgrader keeps it: in UTC, without saying so."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.replace(tzinfo=None)


def require_gradebook() -> Any:
    """nbgrader's class Gradebook. Raises BadOption where nbgrader is not installed."""
    try:
        from nbgrader.api import Gradebook
    except ModuleNotFoundError:
        raise BadOption("this needs nbgrader; run: pip install 'katagrad[course]'") from None
    find_alembic()
    return Gradebook


def find_alembic() -> None:
    """Let nbgrader, which starts alembic by its name, find it where the environment was not activated."""
    if shutil.which("alembic") is None:
        beside = str(Path(sys.executable).parent)
        os.environ["PATH"] = os.pathsep.join([beside, os.environ.get("PATH", "")])
