"""`kata course grade`: a folder of submissions in, a ledger and readable results out; resumable at any moment."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path

from katagrad import __version__
from katagrad.course.intake import take_in
from katagrad.course.ledger import Ledger, key
from katagrad.course.worker_pool import Crew, Job, Plan
from katagrad.errors import NotGraded
from katagrad.grading.checks import Rules, grader_hash
from katagrad.grading.records import Result, TopicResult, write_json, write_whole
from katagrad.grading.session import draw_seed, launcher_for
from katagrad.grading.table import number
from katagrad.topics import Topic
from katagrad.worker.limits import Limits

# Packages whose versions a result depends on.
NUMBERS = {"torch": ("torch",), "tensorflow": ("tensorflow", "keras")}


@dataclass(frozen=True)
class Order:
    """What a course asks for. seed: None takes that of the ledger, or draws one for a new ledger.

    speed: grade throughput, too.
    """

    submissions: Path
    out: Path
    topics: Sequence[Topic]
    isolation: str = "namespace"
    workers: int = 2
    seed: int | None = None
    framework: str | None = None
    limits: Limits = field(default_factory=Limits)
    full_size: bool = False
    patience: float = 1.0
    speed: bool = False


@dataclass
class Summary:
    """What a grading came to. graded, kept: submissions' topics graded now, and those whose record still held."""

    graded: int = 0
    kept: int = 0
    problems: dict[str, str] | None = None
    totals: dict[str, tuple[float, float]] | None = None


Progress = Callable[[int, int, str], None]


def run(order: Order, progress: Progress | None = None) -> Summary:
    """Grade what is missing or changed, write the ledger, then grades.csv, problems.json and a JSON file per student.

    Raises NotGraded where the isolation asked for cannot be had.
    """
    launcher = launcher_for(order.isolation)
    intake = take_in(order.submissions, order.framework)
    ledger = Ledger(order.out / "ledger.sqlite")
    seed = int(ledger.about("seed", str(draw_seed() if order.seed is None else order.seed)))
    if order.seed is not None and order.seed != seed:
        ledger.close()
        raise NotGraded(
            f"{ledger.path} was begun with the seed {seed}, not {order.seed}; leave --seed out, or choose another --out"
        )
    plan = Plan(
        Rules(seed, order.patience, order.full_size, order.speed), order.limits, order.isolation
    )
    summary = Summary(problems=intake.problems)
    told = json.dumps(
        [__version__, launcher.name, order.limits.plain(), order.full_size, order.patience]
    )
    told += " with speed" if order.speed else ""  # a ledger of before there was a choice holds
    jobs: list[tuple[Job, str]] = []
    for student, submission in intake.submissions.items():
        digest = submission.sha256
        for topic in order.topics:
            framework = submission.source(topic).known_framework
            name = key(digest, grader_hash(topic), seed, versions(framework), told)
            if ledger.key_of(student, topic.name) == name:
                summary.kept += 1
            else:
                jobs.append((Job(student, topic, submission), name))
    keys = {(job.student, job.topic.name): name for job, name in jobs}
    with Crew(plan, min(order.workers, len(jobs))) as crew:
        for job, record in crew.work(job for job, _ in jobs):
            ledger.write(job.student, job.topic.name, keys[job.student, job.topic.name], record)
            summary.graded += 1
            if progress is not None:
                progress(summary.graded, len(jobs), job.student)
    ledger.keep_only(
        {(student, topic.name) for student in intake.submissions for topic in order.topics}
    )
    summary.totals = _write_results(order, ledger, intake.problems, seed)
    ledger.close()
    return summary


@cache
def versions(framework: str | None) -> dict[str, str]:
    """Installed versions of what a framework's numbers depend on, read without importing any of it."""
    found = {}
    for name in (*NUMBERS.get(framework or "", ()), "numpy"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _write_results(
    order: Order, ledger: Ledger, problems: dict[str, str], seed: int
) -> dict[str, tuple[float, float]]:
    by_student: dict[str, dict[str, TopicResult]] = {}
    for student, topic, found in ledger.records():
        by_student.setdefault(student, {})[topic] = found
    totals = {}
    rows = [["student", *(t.name for t in order.topics), "points", "maximum"]]
    for student, graded in by_student.items():
        ordered = {t.name: graded[t.name] for t in order.topics if t.name in graded}
        result = Result(ordered, order.isolation, seed, order.speed, student)
        write_json(order.out / "students" / f"{student}.json", result.to_json())
        totals[student] = (result.points, result.maximum)
        points = [number(ordered[t.name].points) if t.name in ordered else "" for t in order.topics]
        rows.append([_cell(student), *points, number(result.points), number(result.maximum)])
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_whole(order.out / "grades.csv", text.getvalue())
    write_json(order.out / "problems.json", problems)
    return totals


def _cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
