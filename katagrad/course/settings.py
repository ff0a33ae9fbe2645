"""`course.toml`: what a course teaches, what it is worth, when it is due, who takes it, and what they see."""

from __future__ import annotations

import contextlib
import datetime
import json
import math
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from katagrad.course.checked import Table
from katagrad.course.release import LEVELS
from katagrad.course.roster import Roster, read_roster
from katagrad.errors import BadOption, one_of
from katagrad.topics import FRAMEWORKS, read_toml, topics

FILE = "course.toml"
KEYS = ("name", "timezone", "roster", "framework", "show", "hints", "topics", "late", "letters")
TOPIC_KEYS = ("points", "weight", "due", "framework")
LATE_KEYS = ("penalty", "days", "grace", "last_day", "attempts")
# "last": the last attempt counts, with its penalty; "in time": the last one in time, where there is one.
ATTEMPTS = ("last", "in time")
DAY = 86400.0


@dataclass(frozen=True)
class TopicRule:
    """What a course says of a topic. points: what it is worth; None: the sum of its checks. weight: its share.

    framework: None: as the course says.
    """

    name: str
    points: float | None = None
    weight: float = 1.0
    due: datetime.datetime | None = None
    framework: str | None = None


@dataclass(frozen=True)
class Lateness:
    """penalty: share of the points lost by each day begun. days: late days to spend in the term, without penalty.

    grace: minutes after the due time that do not count. last_day: days after which a topic is worth nothing; None:
    never. attempts: one of ATTEMPTS.
    """

    penalty: float = 0.0
    days: int = 0
    grace: float = 0.0
    last_day: int | None = None
    attempts: str = "last"

    def late_days(self, due: datetime.datetime | None, handed_in: float | None) -> int:
        """Days begun after the due time and the grace; 0 where either time is not known.

        A day ends at the due time of the next one, so where the clocks are changed it has 23 or 25 hours.
        """
        if due is None or handed_in is None:
            return 0
        counted = handed_in - self.grace * 60
        days = self.days_of(counted - due.timestamp())
        if days == 0:
            # Not by the clock: where it is put back, it shows one hour twice, and a sum is in the first of them.
            return 0
        with contextlib.suppress(OverflowError):  # beyond the year 9999
            for near in range(max(1, days - 1), days + 1):
                if counted <= (due + datetime.timedelta(days=near)).timestamp():
                    return near
            return days + 1
        return days

    @staticmethod
    def days_of(seconds: float) -> int:
        """Days begun in so many seconds."""
        return max(0, math.ceil(seconds / DAY))

    def share(self, days: int, free: int = 0) -> float:
        """The share of the points that is left after so many late days, of which `free` cost nothing."""
        if self.last_day is not None and days > self.last_day:
            return 0.0
        return self.kept(days - free)

    def kept(self, days: int) -> float:
        """The share of the points that is left after `days` late days that no free day covers."""
        return max(0.0, 1.0 - self.penalty * days)


@dataclass(frozen=True)
class Course:
    """A course. path: its file. framework: "any", or the one that everything is to be written in.

    show: what students see of a result, one of `release.LEVELS`. hints: the highest level of a topic's hints that
    is handed out, 0 to 3. letters: the least percentage for each letter, highest first; empty: no letters. zone: of
    times that have no offset from UTC. files: all that it was read from.
    """

    path: Path
    name: str
    topics: Mapping[str, TopicRule]
    roster: Roster | None = None
    framework: str = "any"
    show: str = "claims"
    hints: int = 0
    late: Lateness = field(default_factory=Lateness)
    letters: Mapping[str, float] = field(default_factory=dict)
    zone: datetime.tzinfo | None = None
    files: tuple[Path, ...] = ()

    def framework_of(self, topic: str) -> str | None:
        """The framework that a topic must be written in; None: either."""
        rule = self.topics.get(topic)
        policy = (rule.framework if rule else None) or self.framework
        return None if policy == "any" else policy


def read_course(path: Path) -> Course:
    """Read and check `course.toml`, and the roster that it names. Raises BadOption, in one line."""
    try:
        content = read_toml(path)
    except OSError as error:
        raise BadOption(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise BadOption(f"{path} is not valid TOML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise BadOption(
            f"{path} has tables or lists that are nested too deeply to be read"
        ) from None
    top = Table(path, "", content)
    top.only(KEYS)
    zone = _zone(top)
    roster = top.word("roster")
    return Course(
        path=path,
        name=top.word("name") or path.resolve().parent.name,
        topics=_topics(top, zone),
        roster=None if roster is None else read_roster(path.parent / roster),
        framework=top.choice("framework", ("any", *FRAMEWORKS), "any"),
        show=top.choice("show", LEVELS, "claims"),
        hints=top.count("hints", 0, 3) or 0,
        late=_late(top.table("late")),
        letters=_letters(top.table("letters")),
        zone=zone,
        files=(path,) if roster is None else (path, path.parent / roster),
    )


def find_course(given: Path | None) -> Course | None:
    """The course of a command: the file that --course names, else course.toml of the working directory, if any."""
    if given is not None:
        return read_course(given / FILE if given.is_dir() else given)
    here = Path(FILE)
    return read_course(here) if here.is_file() else None


def course_of(given: Path | None, out: Path) -> Course | None:
    """The course of the results in `out`: as `find_course`, else the one by which they were graded.

    Without it, points would lose their scale and their lateness. Raises BadOption where it is not there any more, or
    where the working directory has another one.
    """
    if given is not None:
        return find_course(given)
    graded = _graded_by(out)
    if graded is None:
        return find_course(None)
    here = Path(FILE)
    if here.is_file() and graded.is_file() and not here.samefile(graded):
        raise BadOption(
            f"{out} was graded by {graded}, but there is another {FILE} here; name one of them with --course"
        )
    if not here.is_file() and not graded.is_file():
        raise BadOption(
            f"{out} was graded by {graded}, which is not there any more; name the course's file with --course"
        )
    return read_course(here if here.is_file() else graded)


def options_of(out: Path) -> dict[str, Any]:
    """The options by which results were graded, as run.json says; none if it is not there.

    Raises BadOption for a file that was not written so: whoever ignored it would lose the points of the course.
    """
    path = out / "run.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(found, dict) and isinstance(found.get("course"), (str, type(None))):
            return found
        why = "it has another form"
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        why = str(error.strerror or error)
    except (ValueError, RecursionError):
        why = "it is no JSON"
    raise BadOption(
        f"{path}, which says how {out} was graded, cannot be read ({why}); delete it, and run kata course grade "
        "again with --course, if there was a course file"
    )


def _graded_by(out: Path) -> Path | None:
    """The file of the course by which results were graded; None where there was none."""
    found = options_of(out).get("course")
    return None if found is None else Path(found)


def need_course(given: Path | None) -> Course:
    """As `find_course`. Raises BadOption where there is none."""
    course = find_course(given)
    if course is None:
        raise BadOption(
            f"there is no {FILE} here; write one (docs/courses.md), or name it with --course"
        )
    return course


def _zone(top: Table) -> datetime.tzinfo | None:
    name = top.word("timezone")
    if name is None:
        return None
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        try:
            one_of("timezone", name, sorted(zoneinfo.available_timezones()))
        except BadOption as error:
            said = str(error).split("; there are")[0]
            raise BadOption(f"{top.path}: {said}; names are like Europe/Berlin") from None
        raise


def _topics(top: Table, zone: datetime.tzinfo | None) -> dict[str, TopicRule]:
    table, known = top.table("topics"), topics()
    if not table.content:
        raise BadOption(
            f"{top.path} names no topic; write [topics.softmax] and the like, one table each"
        )
    found = {}
    for name in table.content:
        try:
            one_of("topic", name, known)
        except BadOption as error:
            raise BadOption(f"{top.path}: [topics] {error}") from None
        one = table.table(name)
        one.only(TOPIC_KEYS)
        own = one.word("framework") and one.choice("framework", ("any", *FRAMEWORKS), "any")
        found[name] = TopicRule(
            name,
            one.number("points", None),
            one.number("weight", 1.0) or 0.0,
            one.time("due", zone),
            own,
        )
    return {name: found[name] for name in known if name in found}


def _late(table: Table) -> Lateness:
    table.only(LATE_KEYS)
    return Lateness(
        table.number("penalty", 0.0, 1.0) or 0.0,
        table.count("days", 0) or 0,
        table.number("grace", 0.0) or 0.0,
        table.count("last_day", None),
        table.choice("attempts", ATTEMPTS, "last"),
    )


def _letters(table: Table) -> dict[str, float]:
    least = {str(letter): table.number(letter, 0.0, 100.0) or 0.0 for letter in table.content}
    return dict(sorted(least.items(), key=lambda item: -item[1]))
