"""The part of a result that a student may read: the course chooses how much, and no choice reveals inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from katagrad.course.redaction import without_detail
from katagrad.errors import FAILED, NOT_GRADED
from katagrad.grading.checks import manifest
from katagrad.grading.records import CheckResult, Result
from katagrad.topics import topics as all_topics

# Each level also shows what the one before it shows.
LEVELS = ("score", "claims", "messages", "hints")
SCHEMA = "katagrad/student/v1"


def released(
    result: Result, show: str, problems: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A result as its student may read it. show: one of LEVELS. problems: why a topic's points are not known.

    The seed and the prints stay behind on every level: a submission can print what it was given. So does what an
    exception says, and each value, for the same reason: it can raise or return what it was given.
    """
    level = LEVELS.index(show)
    topics: dict[str, Any] = {}
    problems = problems or {}
    for name, topic in result.topics.items():
        topics[name] = {
            "chapter": topic.chapter,
            "framework": topic.framework,
            "status": topic.status,
            "points": None if name in problems else topic.points,
            "maximum": topic.maximum,
        }
        if level >= LEVELS.index("claims"):
            topics[name]["checks"] = [_check(check, level) for check in topic.checks]
    for name, reason in problems.items():
        if name not in topics:
            known = all_topics().get(name)
            topics[name] = {
                "chapter": known.chapter if known else "",
                "framework": None,
                "status": NOT_GRADED,
                "points": None,
                "maximum": sum(check.points for check in manifest(known)) if known else 0.0,
            }
        topics[name]["problem"] = reason
    return {
        "schema": SCHEMA,
        "student": result.student,
        "shown": show,
        "points": None if problems else result.points,
        "maximum": sum(topic["maximum"] for topic in topics.values()),
        "topics": topics,
    }


def _check(check: CheckResult, level: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": check.name,
        "claim": check.claim,
        "status": check.status,
        "points": check.points,
        "maximum": check.maximum,
    }
    if level >= LEVELS.index("messages"):
        found["message"] = without_detail(check.message)
    if level >= LEVELS.index("hints") and check.status == FAILED:
        found["hint"] = check.hint
    return found
