"""Submissions as they arrive: a folder or an archive per student, read into memory and never unpacked to disk."""

from __future__ import annotations

import re
import tarfile
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from katagrad.errors import SubmissionProblem
from katagrad.grading.submission import MAX_FILE, MAX_FILES, MAX_FOLDER, SKIPPED, Submission

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
PLAIN_NAME = re.compile(r"[\w][\w .@+,'-]{0,99}")


@dataclass
class Intake:
    """What a folder of submissions holds. problems: a sentence for each entry that cannot be graded, by its name."""

    submissions: dict[str, Submission] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def take_in(folder: Path, framework: str | None = None) -> Intake:
    """Read every submission below `folder`, in order of names. Raises NotADirectoryError if there is no such folder."""
    found = Intake()
    claimed: dict[str, str] = {}
    for entry in sorted(folder.iterdir(), key=lambda path: path.name):
        if entry.name.startswith("."):
            continue
        shown = entry.name.encode("utf-8", "backslashreplace").decode()
        student = _student(entry)
        if student is None:
            found.problems[shown] = "not graded: neither a folder nor a .zip or .tar archive"
            continue
        if PLAIN_NAME.fullmatch(student) is None:
            found.problems[shown] = (
                "not graded: the name cannot be a student's; use letters, digits, space and . _ - @ + , '"
            )
            continue
        # NFC and case folding: file systems and archives write one name in several ways.
        key = unicodedata.normalize("NFC", student).casefold()
        if key in claimed:
            found.problems[shown] = (
                f"not graded: {claimed[key]} is the same student; remove one of the two"
            )
            continue
        claimed[key] = shown
        try:
            submission = _read(entry, framework)
        except (
            SubmissionProblem,
            OSError,
            zipfile.BadZipFile,
            tarfile.TarError,
            EOFError,
            ValueError,
            RuntimeError,
        ) as error:
            found.problems[shown] = (
                f"not graded: cannot be read: {str(error)[:300] or type(error).__name__}"
            )
            continue
        if not any(name.endswith(".py") for name in submission.files):
            found.problems[shown] = "not graded: holds no Python file"
            continue
        found.submissions[student] = submission
    return found


def _student(entry: Path) -> str | None:
    if entry.is_symlink():
        return None
    if entry.is_dir():
        return entry.name
    ending = next(
        (e for e in sorted(ARCHIVES, key=len, reverse=True) if entry.name.lower().endswith(e)), None
    )
    return entry.name[: -len(ending)] if ending and entry.is_file() else None


def _read(entry: Path, framework: str | None) -> Submission:
    if entry.is_dir():
        submission = Submission(entry, framework)
        submission.files  # noqa: B018  reads now, so that a folder that changes while others are graded does no harm
        return submission
    members = _zip(entry) if entry.name.lower().endswith(".zip") else _tar(entry)
    files: dict[str, bytes] = {}
    total = 0
    for name, size, content in members:
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name):
            raise SubmissionProblem(f"{name!r} would be written outside the submission")
        if any(
            part.startswith(".") or part in SKIPPED or part == "__MACOSX" for part in path.parts
        ):
            continue
        total += size
        if size > MAX_FILE or total > MAX_FOLDER or len(files) >= MAX_FILES:
            raise SubmissionProblem(
                f"{name!r} is too large: at most {MAX_FILE >> 20} MiB a file, "
                f"{MAX_FOLDER >> 20} MiB and {MAX_FILES} files in all"
            )
        data = content(size)
        if len(data) > size:
            raise SubmissionProblem(f"{name!r} is larger than the archive says")
        files[path.as_posix()] = data
    return Submission(Path("/nonexistent"), framework, _without_wrapper(files))


def _without_wrapper(files: dict[str, bytes]) -> dict[str, bytes]:
    """Drop a folder that wraps everything, as archives made by a file manager have it."""
    tops = {name.split("/", 1)[0] for name in files}
    if len(tops) == 1 and all("/" in name for name in files):
        return {name.split("/", 1)[1]: data for name, data in files.items()}
    return files


Member = tuple[str, int, "Reader"]


class Reader:
    """Reads at most `size` + 1 bytes of an archive member."""

    def __init__(
        self, archive: zipfile.ZipFile | tarfile.TarFile, member: zipfile.ZipInfo | tarfile.TarInfo
    ) -> None:
        self.archive, self.member = archive, member

    def __call__(self, size: int) -> bytes:
        if isinstance(self.archive, zipfile.ZipFile):
            assert isinstance(self.member, zipfile.ZipInfo)
            with self.archive.open(self.member) as file:
                return file.read(size + 1)
        assert isinstance(self.member, tarfile.TarInfo)
        extracted = self.archive.extractfile(self.member)
        return extracted.read(size + 1) if extracted else b""


def _zip(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            link = (info.external_attr >> 16) & 0o170000 == 0o120000
            if not info.is_dir() and not link:
                yield info.filename, info.file_size, Reader(archive, info)


def _tar(path: Path) -> Iterator[Member]:
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isfile():
                yield member.name, member.size, Reader(archive, member)
