"""Submissions as they arrive: whose each is, which files are which topics, and which attempt counts.

Everything is read into memory, and nothing is unpacked to disk.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from katagrad.course.archives import Reader
from katagrad.course.attempts import Attempt, choose
from katagrad.course.contents import Contents, fault, read_contents
from katagrad.course.deliveries import STAMP, Delivery, deliveries, lost_before
from katagrad.course.layouts import Claim
from katagrad.course.locate import is_stub, locate
from katagrad.course.matching import match, whose
from katagrad.course.moments import read_moment
from katagrad.course.roster import Roster
from katagrad.course.settings import Course
from katagrad.course.traces import topic_of
from katagrad.errors import SubmissionProblem
from katagrad.grading.submission import Submission
from katagrad.text import one_line
from katagrad.topics import Topic, topics

NOT_READ = "not graded: of a kind that is not read"
# Systems that put a note or a comment beside what was handed in.
NOTED = ("Moodle", "Blackboard")


@dataclass(frozen=True)
class Taken:
    """The attempt at a topic that counts. source: the entry, and the file in it. note: why it is this one."""

    submission: Submission
    source: str
    when: float | None = None
    note: str = ""


@dataclass
class Intake:
    """The content of a folder of submissions.

    work: what counts, by student and topic. problems: a sentence for each entry of which something cannot be graded,
    by its name. unread: students of whom nothing could be read. ignored: entries that are of no kind that is read, or
    whose names do not say enough.
    unfound: topics by student that were handed in, but cannot be graded, each with the reason. sources: the entries of
    each student.
    """

    work: dict[str, dict[str, Taken]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    ignored: list[tuple[str, Claim]] = field(default_factory=list)
    unfound: dict[str, dict[str, str]] = field(default_factory=dict)
    sources: dict[str, list[str]] = field(default_factory=dict)

    def add_problem(self, name: str, sentence: str) -> None:
        """Add to the problems of a name."""
        before = self.problems.get(name)
        if sentence not in (before or ""):
            self.problems[name] = "; ".join(filter(None, (before, sentence)))


def take_in(
    folder: Path,
    framework: str | None = None,
    wanted: Sequence[Topic] | None = None,
    patience: float = 1.0,
    course: Course | None = None,
    times: Mapping[str, float] | None = None,
) -> Intake:
    """Read every submission below `folder`. Raises NotADirectoryError if there is no such folder, and BadOption.

    framework: overrides what the files import. wanted: the topics to be graded; all where None. patience: multiplies
    the time that an archive may take. times: when an entry came, by its name, in seconds since 1970.
    """
    found = Intake()
    names = [topic.name for topic in wanted] if wanted is not None else list(topics())
    everything = deliveries(folder, names, found, course.zone if course else None)
    _check_times(times or {}, everything, found)
    roster = course.roster if course else None
    matches = match(everything, roster, found)
    attempts: dict[str, dict[str, list[Attempt]]] = {}
    readable: set[str] = set()
    with Reader() as reader:
        reader.seconds *= patience
        for one, student in matches:
            found.sources.setdefault(student.id, []).append(one.shown)
            try:
                contents = read_contents(one.parts, reader)
            except (SubmissionProblem, OSError, ValueError) as error:
                what = fault(error)
                # A message about a whole folder begins with its name.
                subject = "" if what.startswith(f"{one.shown}/ ") else "it "
                problem = f"not graded: {subject}{one_line(what)}"
                found.add_problem(one.shown, problem)
                lost = found.unfound.setdefault(student.id, {})
                lost.update({name: problem for name in names if name not in lost})
                continue
            located = locate(contents, names, [*one.claim.clues, student.name])
            if located.problem:
                found.add_problem(one.shown, located.problem)
                said = dict.fromkeys(located.unfound, located.problem)
                found.unfound.setdefault(student.id, {}).update(said)
            if not located.unfound >= set(names):
                readable.add(student.id)
            for name in names:
                submission = located.submissions.get(name)
                if submission is not None:
                    path = located.paths[name]
                    when = _when(one, name, path, contents, times)
                    stamp = _stamp(one, path, contents)
                    if when is None and stamp is not None:
                        told = f"the time {one_line(stamp, 40)!r} in {STAMP} cannot be read"
                        found.add_problem(one.shown, f"{name}: {told}; name it with --times")
                    submission.framework = framework
                    attempts.setdefault(student.id, {}).setdefault(name, []).append(
                        Attempt(submission, _source(one, path), when, one.claim.late, name)
                    )
    _carry_over(lost_before(folder), attempts, names, roster, found)
    ignored = whose(found.ignored, roster, found.sources)
    _note_ignored(found, ignored, names)
    for student_id in found.sources:
        _choose(found, student_id, attempts.get(student_id, {}), names, course)
        if student_id not in readable and not found.work.get(student_id):
            found.unread.append(student_id)
    for student_id in ignored.keys() - found.sources.keys():
        # What cannot be read is no zero.
        found.unread.append(student_id)
        found.unfound[student_id] = dict.fromkeys(names, NOT_READ)
    return found


def _note_ignored(
    found: Intake, ignored: Mapping[str, Sequence[tuple[str, Claim]]], names: Sequence[str]
) -> None:
    """Note what may be in entries that are not read, which is no zero, beside others of the same student."""
    known, somebodys = list(topics()), {shown for own in ignored.values() for shown, _ in own}
    for shown, claim in found.ignored:
        if not claim.ignored and shown not in somebodys:
            found.unread.append(claim.clues[0])
    for student_id in ignored.keys() & found.sources.keys():
        for shown, claim in ignored[student_id]:
            if claim.system in NOTED:
                continue
            topic = topic_of(shown, known)
            lost = found.unfound.setdefault(student_id, {})
            for name in names if topic is None else {topic} & set(names):
                lost.setdefault(name, NOT_READ)


def _check_times(times: Mapping[str, float], everything: Sequence[Delivery], found: Intake) -> None:
    """A problem for each line of --times that no entry has the name of: a late one would count as in time."""
    known = {
        unicodedata.normalize("NFC", path.name) for one in everything for _, path, _ in one.parts
    }
    for name in times.keys() - known if times else ():
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
        guess = f"; the nearest is {one_line(near[0], 120)}" if near else ""
        found.add_problem(
            one_line(name, 120), f"--times names it, but nothing of that name is there{guess}"
        )


def _carry_over(
    lost: Mapping[str, Mapping[str, str]],
    attempts: Mapping[str, Mapping[str, Sequence[Attempt]]],
    names: Sequence[str],
    roster: Roster | None,
    found: Intake,
) -> None:
    """Note what an earlier intake could not write to the folder, unless it has been added to the folder since."""
    for student, topics_lost in lost.items():
        student_id = student if roster is None or student in roster.people else ""
        there = attempts.get(student_id, {})
        still = {n: topics_lost[n] for n in names if n in topics_lost and n not in there}
        if not student_id or not still:
            continue
        for reason in dict.fromkeys(still.values()):
            found.add_problem(student_id, reason)
        found.unfound.setdefault(student_id, {}).update(still)
        if student_id not in found.sources:
            found.unread.append(student_id)


def _choose(
    found: Intake,
    student: str,
    attempts: Mapping[str, list[Attempt]],
    names: Sequence[str],
    course: Course | None,
) -> None:
    """Settle which attempt at each topic counts. A topic without any is graded as not handed in."""
    lost = found.unfound.setdefault(student, {})
    work: dict[str, Taken] = {}
    for name, several in attempts.items():
        rule = course.topics.get(name) if course else None
        # A repository of a later assignment may hold the stubs of earlier ones.
        begun = [a for a in several if not is_stub(name, a.submission.files[f"{name}.py"])]
        chosen, note = choose(begun or several, rule, course.late if course else None)
        if chosen is None:
            found.add_problem(student, f"{name} not graded: {note}")
            lost[name] = f"not graded: {note}"
            continue
        lost.pop(name, None)
        policy = course.framework_of(name) if course else None
        submission = chosen.submission
        if policy is not None and submission.framework is None:
            submission = Submission(submission.folder, policy, submission.edits)
        work[name] = Taken(submission, chosen.source, chosen.when, note)
        if chosen.late and chosen.when is None and rule is not None and rule.due is not None:
            found.add_problem(
                student,
                f"{name} is late, but by how much is not known, and nothing is taken off; "
                "name the time with --times",
            )
    empty = Submission(Path("/nonexistent"))
    if work or len(lost) < len(names):
        for name in names:
            if name not in work and name not in lost:
                work[name] = Taken(next(iter(work.values())).submission if work else empty, "")
    found.work[student] = {name: work[name] for name in names if name in work}


def _source(one: Delivery, path: str) -> str:
    parts = one.parts
    return (
        f"{one.shown}: {path}"
        if len(parts) > 1 or parts[0][1].is_dir() or not parts[0][0]
        else one.shown
    )


def _when(
    one: Delivery, topic: str, path: str, contents: Contents, times: Mapping[str, float] | None
) -> float | None:
    """When an attempt came: as --times, the system, or nbgrader's timestamp.txt beside the assignment says."""
    # Of several files, the time is that of the one that holds the topic, and of its newest version.
    own = [part for part in one.parts if part[0] and f"{path}/".startswith(f"{part[0]}/")]
    for _, entry, _ in [*sorted(own, key=lambda part: -part[2]), *one.parts]:
        name = unicodedata.normalize("NFC", entry.name)
        if times and name in times:
            return times[name]
    if one.claim.when is not None or topic in one.times:
        return one.times.get(topic, one.claim.when)
    stamp = _stamp(one, path, contents)
    return None if stamp is None else read_moment(stamp)


def _stamp(one: Delivery, path: str, contents: Contents) -> str | None:
    """What nbgrader wrote beside an assignment. Any other file of that name is the student's own."""
    assignment, _, inside = path.partition("/")
    stamp = contents.files.get(f"{assignment}/{STAMP}") if one.stamped and inside else None
    return None if stamp is None else stamp.decode("utf-8", "replace").strip()
