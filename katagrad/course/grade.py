"""`kata course grade`: grade a folder of submissions into a ledger and result files; resumable at any moment."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from katagrad import __version__
from katagrad.course.arrivals import kept, note_deliveries, reported
from katagrad.course.intake import Intake, take_in
from katagrad.course.ledger import Ledger, key
from katagrad.course.release import LEVELS
from katagrad.course.results import write
from katagrad.course.scores import unsure
from katagrad.course.settings import Course
from katagrad.course.worker_pool import GraderPool, Job, Plan
from katagrad.errors import BadOption, NotGraded, one_of
from katagrad.files import write_json
from katagrad.grading.checks import Rules, grader_hash
from katagrad.grading.session import check_patience, draw_seed, launcher_for
from katagrad.grading.table import number
from katagrad.topics import Topic, topics
from katagrad.worker.limits import Limits

if TYPE_CHECKING:
    from katagrad.course.cluster import ClusterPool

# Packages whose versions a result depends on.
NUMBERS = {"torch": ("torch",), "tensorflow": ("tensorflow", "keras")}


@dataclass(frozen=True)
class GradingRequest:
    """What to grade, and how. seed: None takes that of the ledger, or draws one for a new ledger.

    speed: grade throughput, too. show: how much of a result its student may read, one of `release.LEVELS`. times:
    when an entry of `submissions` came, by its name, in seconds since 1970. cluster: the address of a scheduler of
    dask.distributed, whose machines grade in place of this one.
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
    show: str = "claims"
    course: Course | None = None
    times: Mapping[str, float] | None = None
    cluster: str | None = None


@dataclass(frozen=True)
class Change:
    """A score that differs from that of the last grading, in points of the checks.

    after: None if the harness failed, so that the score is not known.
    """

    student: str
    topic: str
    before: float
    after: float | None

    @property
    def shown(self) -> str:
        """One line."""
        now = "not known" if self.after is None else number(self.after)
        return f"{self.student} {self.topic}: {number(self.before)} before, {now} now"


@dataclass
class Summary:
    """The outcome of a grading. graded, kept: submissions' topics graded now, and those whose record still held.

    changes: scores of an earlier grading that are others now, since the submission or the grader changed. absent: those
    kept whose work is not in the folder any more.
    """

    graded: int = 0
    kept: int = 0
    absent: int = 0
    problems: dict[str, str] | None = None
    totals: dict[str, tuple[float, float] | None] | None = None
    changes: list[Change] = field(default_factory=list)


Progress = Callable[[int, int, str], None]


def run(request: GradingRequest, progress: Progress | None = None) -> Summary:
    """Grade what is missing or changed, write the ledger, then grades.csv, problems.json and a JSON file per student.

    Raises BadOption for a request that is invalid or whose isolation is not available, and NotGraded.
    """
    isolation = isolation_of(request)
    one_of("choice to show", request.show, LEVELS)
    check_patience(request.patience)
    if request.workers < 1:
        raise BadOption(f"--workers {request.workers} grades nothing; write 1 or more")
    check_places(request)
    intake = take_in(
        request.submissions,
        request.framework,
        request.topics,
        request.patience,
        request.course,
        request.times,
    )
    check_class(request, intake)
    ledger = Ledger(request.out / "ledger.sqlite")
    seed = int(ledger.about("seed", str(draw_seed() if request.seed is None else request.seed)))
    if request.seed is not None and request.seed != seed:
        ledger.close()
        raise NotGraded(
            f"{ledger.path} was begun with the seed {seed}, not {request.seed}; "
            "leave --seed out, or choose another --out"
        )
    plan = Plan(
        Rules(seed, request.patience, request.full_size, request.speed),
        request.limits,
        request.isolation,
    )
    summary = Summary(problems=intake.problems)
    rules = json.dumps(
        [__version__, isolation, request.limits.plain(), request.full_size, request.patience]
    )
    rules += " with speed" if request.speed else ""  # a ledger of before there was a choice holds
    jobs: list[tuple[Job, str]] = []
    keep = kept(ledger, intake, request.topics)
    graders = {topic.name: grader_hash(topic) for topic in request.topics}
    for student, work in intake.work.items():
        for topic in request.topics:
            if topic.name not in work:
                continue
            if (student, topic.name) in keep:
                summary.kept += 1
                summary.absent += 1
                continue
            submission = work[topic.name].submission
            framework = submission.source(topic).known_framework
            # What is asked of the framework decides a verdict, too.
            bound = f"{rules} in {submission.framework}" if submission.framework else rules
            name = key(submission.sha256, graders[topic.name], seed, versions(framework), bound)
            if ledger.key_of(student, topic.name) == name:
                summary.kept += 1
            else:
                jobs.append((Job(student, topic, submission), name))
    keys = {(job.student, job.topic.name): name for job, name in jobs}
    came = note_deliveries(ledger, intake, request.topics, keys, keep)
    names = [topic.name for topic in request.topics]
    in_force = {
        "isolation": isolation,
        "limits": request.limits.plain(),
        "patience": request.patience,
        "full_size": request.full_size,
        "speed": request.speed,
        "framework": request.framework,
        "show": request.show,
        "course_show": request.course.show if request.course else None,
        "seed": seed,
        "topics": names,
        "course": None if request.course is None else str(request.course.path.resolve()),
    }
    with pool_for(request, plan, len(jobs)) as pool:
        # Before grading, so that an export of an interrupted run also shows and scales scores as the course says.
        write_json(request.out / "run.json", in_force)
        for job, record in pool.work(job for job, _ in jobs):
            at = job.student, job.topic.name
            before, sure = ledger.points_of(*at), not unsure(job.topic.name, record)
            after = record.points if sure else None
            change = None if before in (None, after) else Change(*at, before, after)
            # What the harness failed at has no key, so the next run tries it again.
            entry = f"regraded {change.shown}" if change else ""
            ledger.write(*at, keys[at] if sure else "", record, came[at], entry)
            summary.graded += 1
            if change is not None:
                summary.changes.append(change)
            if progress is not None:
                progress(summary.graded, len(jobs), job.student)
    written = write(
        request.out,
        ledger,
        intake.problems,
        reported(intake, request.topics),
        names,
        seed,
        request.speed,
        request.show,
        request.course,
    )
    summary.problems, summary.totals = written.problems, written.totals
    ledger.close()
    return summary


def isolation_of(request: GradingRequest) -> str:
    """The isolation level in force. Raises BadOption where it is not available on this machine, unless others grade."""
    if request.cluster is None:
        return launcher_for(request.isolation).name
    return one_of("isolation of a cluster", request.isolation, ("namespace", "process"))


def pool_for(request: GradingRequest, plan: Plan, jobs: int) -> GraderPool | ClusterPool:
    """What grades: processes of this machine, or a cluster. jobs: how many there are; none need no cluster."""
    if request.cluster is None or not jobs:
        return GraderPool(plan, min(request.workers, jobs))
    from katagrad.course.cluster import ClusterPool

    return ClusterPool(plan, request.cluster)


def check_places(request: GradingRequest) -> None:
    """Raise BadOption for folders that cannot be submissions or results."""
    submissions, out = request.submissions.resolve(), request.out.resolve()
    if not submissions.is_dir():
        raise BadOption(no_folder(request.submissions))
    if out.exists() and not out.is_dir():
        raise BadOption(
            f"--out {request.out} is a file; name a folder, which is made if it is not there"
        )
    if out.is_relative_to(submissions):
        raise BadOption(
            f"--out {request.out} is inside {request.submissions}, so results would be mistaken for "
            "submissions; name a folder beside it"
        )
    if submissions in (out / "students", out / "records"):
        raise BadOption(
            f"{request.submissions} holds results of --out {request.out}, not submissions"
        )


def no_folder(submissions: Path) -> str:
    """What to do where submissions are no folder."""
    if submissions.is_file():
        return f"{submissions} is a file; unpack it, and name the folder that holds the submissions"
    return f"there is no folder {submissions}"


def check_class(request: GradingRequest, intake: Intake) -> None:
    """Raise BadOption where a folder holds no class: nothing at all, or the files of one student."""
    if any(intake.work.values()):
        return
    own = [name for name in topics() if (request.submissions / f"{name}.py").is_file()]
    if own:
        raise BadOption(
            f"{request.submissions} holds {own[0]}.py itself, so it looks like one student's folder; "
            "name the folder that holds a folder or an archive for each student"
        )
    if not intake.problems:
        raise BadOption(f"{request.submissions} is empty: there is nothing to grade")


@cache
def versions(framework: str | None) -> dict[str, str]:
    """Installed versions of the packages that a framework's results depend on, read without an import."""
    found = {}
    for name in (*NUMBERS.get(framework or "", ()), "numpy"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found
