"""The results of a grading, with one way to and from JSON. docs/results.schema.json describes the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from katagrad.errors import DESELECTED, FAILED, NOT_GRADED, NOT_REACHED, NOT_STARTED, PASSED
from katagrad.grading.checks import Outcome, grader_hash, manifest
from katagrad.topics import Topic

SCHEMA = "katagrad/results/v1"
UNRUN = "not run: deselected, or the run ended before it"


@dataclass(frozen=True)
class CheckResult:
    """One check. seconds: of wall time. data: the full-size sets that it used."""

    name: str
    claim: str
    status: str
    points: float
    maximum: float
    message: str = ""
    hint: str = ""
    printed: str = ""
    seconds: float = 0.0
    data: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As in the result file."""
        return {**_values(self), "data": list(self.data)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> CheckResult:
        """From the result file."""
        return cls(**{**record, "data": tuple(record["data"])})


@dataclass(frozen=True)
class ExampleResult:
    """The docstring examples of one function, which earn no points. name: "example softmax"."""

    name: str
    status: str
    message: str = ""
    printed: str = ""
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As in the result file."""
        return _values(self)

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> ExampleResult:
        """From the result file."""
        return cls(**record)


@dataclass(frozen=True)
class TopicResult:
    """One topic of one submission. graders: a hash of what decides the score.

    examples: None where the student's own file was not asked for. isolation and memory_bound: of this topic, where
    a course is graded.
    """

    chapter: str
    framework: str | None
    graders: str
    checks: tuple[CheckResult, ...]
    examples: tuple[ExampleResult, ...] | None = None
    isolation: str | None = None
    memory_bound: str | None = None

    @property
    def status(self) -> str:
        """One word: see `topic_status`."""
        return topic_status(check.status for check in self.checks)

    @property
    def points(self) -> float:
        """The sum over its checks."""
        return sum(check.points for check in self.checks)

    @property
    def maximum(self) -> float:
        """The sum over its checks."""
        return sum(check.maximum for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """As in the result file."""
        record: dict[str, Any] = {
            "chapter": self.chapter,
            "framework": self.framework,
            "status": self.status,
            "points": self.points,
            "maximum": self.maximum,
            "graders": self.graders,
            "checks": [check.to_json() for check in self.checks],
        }
        if self.examples is not None:
            record["examples"] = [example.to_json() for example in self.examples]
        if self.isolation is not None:
            record["isolation"] = self.isolation
        if self.memory_bound is not None:
            record["memory_bound"] = self.memory_bound
        return record

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> TopicResult:
        """From the result file, or the ledger of a course."""
        examples = record.get("examples")
        return cls(
            record["chapter"],
            record["framework"],
            record["graders"],
            tuple(map(CheckResult.from_json, record["checks"])),
            None if examples is None else tuple(map(ExampleResult.from_json, examples)),
            record.get("isolation"),
            record.get("memory_bound"),
        )


@dataclass(frozen=True)
class Submitted:
    """The folder that was graded. sha256: of names and contents. None if the folder is too large."""

    name: str
    sha256: str | None


@dataclass(frozen=True)
class Result:
    """The result of grading one submission.

    A run of pytest sets `versions`, `grade` (False if nothing was isolated), `device` and `submission`; the
    grading of a course sets `student`.
    """

    topics: Mapping[str, TopicResult]
    isolation: str
    seed: int
    speed: bool
    student: str | None = None
    versions: Mapping[str, str] | None = None
    grade: bool | None = None
    device: str | None = None
    submission: Submitted | None = None
    memory_bound: str | None = None

    @property
    def framework(self) -> str | None:
        """The framework of all topics, "mixed" if there are two, None if no file imports one."""
        found = sorted({t.framework for t in self.topics.values() if t.framework})
        return found[0] if len(found) == 1 else ("mixed" if found else None)

    @property
    def data(self) -> list[str]:
        """The full-size data sets that were used, or "embedded" if there were none."""
        checks = [check for topic in self.topics.values() for check in topic.checks]
        return sorted({name for check in checks for name in check.data}) or ["embedded"]

    @property
    def points(self) -> float:
        """The sum over its topics."""
        return sum(topic.points for topic in self.topics.values())

    @property
    def maximum(self) -> float:
        """The sum over its topics."""
        return sum(topic.maximum for topic in self.topics.values())

    def to_json(self) -> dict[str, Any]:
        """As in the result file, without entries that this kind of run does not set."""
        run = {
            "student": self.student,
            "versions": None if self.versions is None else dict(self.versions),
            "isolation": self.isolation,
            "memory_bound": self.memory_bound,
            "grade": self.grade,
            "device": self.device,
            "speed": self.speed,
            "seed": self.seed,
            "submission": None if self.submission is None else _values(self.submission),
        }
        return {
            "schema": SCHEMA,
            "framework": self.framework,
            **{key: value for key, value in run.items() if value is not None},
            "data": self.data,
            "points": self.points,
            "maximum": self.maximum,
            "topics": {name: topic.to_json() for name, topic in self.topics.items()},
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Result:
        """From the result file."""
        run = (
            "isolation",
            "memory_bound",
            "seed",
            "speed",
            "student",
            "versions",
            "grade",
            "device",
        )
        submission = record.get("submission")
        return cls(
            topics={name: TopicResult.from_json(t) for name, t in record["topics"].items()},
            submission=None if submission is None else Submitted(**submission),
            **{key: record[key] for key in run if key in record},
        )


def _values(record: Any) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in fields(record)}


def topic_result(
    topic: Topic,
    outcomes: Mapping[str, Outcome],
    framework: str | None,
    speed: bool = False,
    isolation: str | None = None,
    examples: Iterable[ExampleResult] | None = None,
    memory_bound: str | None = None,
) -> TopicResult:
    """The result of one topic. A check of the manifest without an outcome counts as not graded.

    speed: whether throughput was graded; otherwise its checks are left out of the result and of its maximum.
    """
    checks = []
    for check in manifest(topic, speed):
        outcome = outcomes.get(check.name, Outcome(NOT_GRADED, UNRUN))
        checks.append(
            CheckResult(
                check.name,
                check.claim,
                outcome.status,
                check.points if outcome.status == PASSED else 0,
                check.points,
                outcome.message,
                check.hint if outcome.hinted else "",
                outcome.printed,
                round(outcome.seconds, 3),
                outcome.data,
            )
        )
    shown = None if examples is None else tuple(examples)
    return TopicResult(
        topic.chapter,
        framework,
        grader_hash(topic),
        tuple(checks),
        shown,
        isolation,
        memory_bound,
    )


def topic_status(statuses: Iterable[str]) -> str:
    """One word for a topic: passed only if every check passed."""
    found = set(statuses)
    if found <= {PASSED}:
        return PASSED
    if found <= {DESELECTED, NOT_REACHED}:
        return NOT_REACHED if NOT_REACHED in found else DESELECTED
    if found <= {NOT_STARTED, DESELECTED, NOT_REACHED}:
        return NOT_STARTED
    return FAILED if FAILED in found or PASSED in found or NOT_STARTED in found else NOT_GRADED
