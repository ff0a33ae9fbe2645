"""`kata course intake`: who handed in what, and the same submissions in one plain layout."""

from __future__ import annotations

import datetime
import re
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from katagrad.course.deliveries import LOST, TIMES
from katagrad.course.intake import Intake, Taken
from katagrad.course.settings import Course
from katagrad.errors import BadOption, refused
from katagrad.files import write_json
from katagrad.text import one_line, plural
from katagrad.topics import Topic


def lines(found: Intake, wanted: Sequence[Topic], course: Course | None) -> list[str]:
    """A line for each student's topic with its source and time, then problems, then who handed in nothing."""
    rows = [
        row
        for student in sorted({*found.sources, *found.unfound})
        for row in _rows(found, student, wanted, course)
    ]
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(2)]
    # Strangers chose the names: indented, or after a word of ours, none of them begins a line.
    said = [f"  {a:<{widths[0]}}  {b:<{widths[1]}}  {c}" for a, b, c in rows]
    for name, problem in found.problems.items():
        said.append(f"problem: {one_line(name)}: {one_line(problem, 1000)}")
    if course is not None and course.roster is not None:
        absent = [p for p in course.roster.people if p not in {*found.sources, *found.unread}]
        if absent:
            said.append(f"handed in nothing: {', '.join(one_line(p) for p in sorted(absent))}")
    graded = sum(any(t.source for t in work.values()) for work in found.work.values())
    everybody, problems = len({*found.sources, *found.unfound}), len(found.problems)
    said.append(
        f"{graded} of {plural(everybody, 'student')} can be graded; {plural(problems, 'problem')}"
    )
    return said


def _rows(
    found: Intake, student: str, wanted: Sequence[Topic], course: Course | None
) -> Iterator[tuple[str, str, str]]:
    shown = one_line(student)
    work, lost = found.work.get(student, {}), found.unfound.get(student, {})
    for topic in wanted:
        if topic.name in lost:
            yield shown, topic.name, "not graded, see the problems"
        elif topic.name in work and work[topic.name].source:
            yield shown, topic.name, _told(work[topic.name], topic.name, course)


def _told(taken: Taken, topic: str, course: Course | None) -> str:
    parts = [one_line(taken.source)]
    if taken.when is not None:
        moment = datetime.datetime.fromtimestamp(taken.when, datetime.timezone.utc)
        parts.append(f"{moment:%Y-%m-%d %H:%M:%S} UTC")
    rule = course.topics.get(topic) if course else None
    if course and rule and rule.due is not None:
        days = course.late.late_days(rule.due, taken.when)
        late = plural(days, "late day") if days else "in time"
        parts.append(late if taken.when is not None else "time not known")
    if taken.note:
        parts.append(taken.note)
    return ", ".join(parts)


def write_plain(found: Intake, out: Path) -> int:
    """Write what counts as OUT/STUDENT/TOPIC.py with the files beside it; returns the number of students.

    Topics that came from different folders get a folder each. Two files beside the folders say when each topic came,
    and what was handed in but cannot be graded. Without the latter, such a topic would count as a zero. Raises
    BadOption if OUT exists and is not empty, or cannot be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadOption(f"--out {out} is there already; name a new folder")
    there = out.exists()
    try:
        return _write(found, out)
    except BaseException as error:
        # Half a class would be graded as a whole one.
        shutil.rmtree(out, ignore_errors=True)
        if there:
            out.mkdir(parents=True, exist_ok=True)
        if isinstance(error, OSError):
            raise BadOption(f"nothing was written: {refused(error, out)}") from None
        raise


def _counted(files: Mapping[str, bytes], elsewhere: Collection[str]) -> dict[str, bytes]:
    """The files without those of topics whose attempt here does not count, unless another file imports them."""
    kept = dict(files)
    for topic in elsewhere:
        own = [path for path in files if path.rpartition("/")[2] == f"{topic}.py"]
        imports = re.compile(rb"\b(?:import|from)\s[^\n#]*\b%b\b" % topic.encode())
        if not any(imports.search(content) for path, content in files.items() if path not in own):
            for path in own:
                del kept[path]
    return kept


def _write(found: Intake, out: Path) -> int:
    written, times = 0, dict[str, dict[str, float]]()
    for student, work in found.work.items():
        own = {name: taken for name, taken in work.items() if taken.source}
        kinds = {taken.submission.sha256 for taken in own.values()}
        elsewhere = {*own, *found.unfound.get(student, {})}
        for name, taken in own.items():
            home = out / student / name if len(kinds) > 1 else out / student
            here = {name} if len(kinds) > 1 else set(own)
            for path, content in _counted(taken.submission.files, elsewhere - here).items():
                (home / path).parent.mkdir(parents=True, exist_ok=True)
                (home / path).write_bytes(content)
            if taken.when is not None:
                times.setdefault(student, {})[name] = taken.when
        written += bool(own)
    write_json(out / TIMES, times)
    write_json(out / LOST, {student: lost for student, lost in found.unfound.items() if lost})
    return written
