"""Submissions as they arrive: a folder or an archive per student, read into memory and never unpacked to disk."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from katagrad.course.archives import Reader
from katagrad.course.traces import CLOSED, fold, unfound
from katagrad.errors import SubmissionProblem
from katagrad.grading.submission import Submission
from katagrad.text import one_line
from katagrad.topics import Topic, topics
from katagrad.worker.unpack import Unfit, check_name

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
PUNCTUATION = " .@+,'-_"
# Bytes of a student's name, which becomes the name of a file.
MAX_NAME = 200


@dataclass
class Intake:
    """The content of a folder of submissions.

    problems: a sentence for each entry of which something cannot be graded, by its name. unread: students of whom
    nothing could be read. unfound: topics by student that were handed in, but not where they are looked for.
    """

    submissions: dict[str, Submission] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    unfound: dict[str, set[str]] = field(default_factory=dict)


def take_in(
    folder: Path,
    framework: str | None = None,
    wanted: Sequence[Topic] | None = None,
    patience: float = 1.0,
) -> Intake:
    """Read every submission below `folder`, in order of names. Raises NotADirectoryError if there is no such folder.

    wanted: the topics to be graded; all where None. patience: multiplies the time that an archive may take.
    """
    found = Intake()
    claimed: dict[str, str] = {}
    with Reader() as reader:
        reader.seconds *= patience
        for entry in sorted(folder.iterdir(), key=lambda path: path.name):
            if entry.name.startswith("."):
                continue
            shown = one_line(entry.name, 120)
            student = _student(entry)
            if student is None:
                found.problems[shown] = "not graded: neither a folder nor a .zip or .tar archive"
                if entry.name.lower().endswith((".py", *CLOSED)):
                    found.unread.append(one_line(entry.stem, 120))
                continue
            if not _is_name(student):
                found.problems[shown] = (
                    "not graded: the name cannot be a student's; use at most "
                    f"{MAX_NAME} letters, digits, space and . _ - @ + , '"
                )
                found.unread.append(one_line(student, 120))
                continue
            # NFC and case folding: file systems and archives write one name in several ways.
            key = fold(student)
            if key in claimed:
                found.problems[shown] = (
                    f"not graded: {claimed[key]} is the same student; remove one of the two"
                )
                continue
            claimed[key] = shown
            try:
                submission = _read(entry, framework, reader)
            except (SubmissionProblem, OSError, ValueError) as error:
                found.problems[shown] = f"not graded: cannot be read: {one_line(str(error))}"
                found.unread.append(student)
                continue
            names = [topic.name for topic in wanted] if wanted is not None else list(topics())
            missing, said = unfound(submission.files, names, topics())
            if said:
                found.problems[shown] = said
            if missing >= set(names):
                found.unread.append(student)
            else:
                found.submissions[student] = submission
                found.unfound[student] = missing
    return found


def _student(entry: Path) -> str | None:
    if entry.is_symlink():
        return None
    name = unicodedata.normalize("NFC", entry.name)
    if entry.is_dir():
        return name
    ending = next(
        (e for e in sorted(ARCHIVES, key=len, reverse=True) if name.lower().endswith(e)), None
    )
    return name[: -len(ending)] if ending and entry.is_file() else None


def _is_name(student: str) -> bool:
    """Whether a name can be a student's: it begins with a letter or a digit, and steers nothing."""
    letters = all(
        c.isalnum() or c in PUNCTUATION or unicodedata.category(c) in ("Mn", "Mc") for c in student
    )
    plain = student[:1].isalnum() or student[:1] == "_"
    return letters and plain and len(student.encode("utf-8", "replace")) <= MAX_NAME


def _read(entry: Path, framework: str | None, reader: Reader) -> Submission:
    if entry.is_dir():
        submission = Submission(entry, framework)
        # Read now, so that a folder that changes while others are graded does no harm.
        check_paths(submission.files)
        return submission
    files = reader.read(entry)
    check_paths(files)
    return Submission(Path("/nonexistent"), framework, _without_wrapper(files))


def _without_wrapper(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Drop a folder that wraps everything, as archives made by a file manager have it."""
    tops = {name.split("/", 1)[0] for name in files}
    if len(tops) == 1 and all("/" in name for name in files):
        return {name.split("/", 1)[1]: data for name, data in files.items()}
    return dict(files)


def check_paths(files: Mapping[str, bytes]) -> None:
    """Raise SubmissionProblem for paths that cannot stand side by side, or not on every system."""
    seen: dict[str, tuple[str, bool]] = {}
    for name in files:
        path = PurePosixPath(name)
        try:
            check_name(path)
        except Unfit as problem:
            raise SubmissionProblem(str(problem)) from None
        for place in (*path.parents, path):
            spelling, is_file = place.as_posix(), place == path
            before, was_file = seen.setdefault(fold(spelling), (spelling, is_file))
            if before != spelling:
                raise SubmissionProblem(
                    f"holds {before!r} and {spelling!r}, which differ only in capitals or in Unicode form"
                )
            if is_file != was_file:
                raise SubmissionProblem(f"holds {spelling!r} as a file and as a folder")
