"""The part of a result that a student may read: the course chooses how much, and no choice reveals inputs."""

from __future__ import annotations

from typing import Any

from katagrad.course.redaction import without_detail
from katagrad.errors import FAILED
from katagrad.grading.records import CheckResult, Result

# Each level also shows what the one before it shows.
LEVELS = ("score", "claims", "messages", "hints")
SCHEMA = "katagrad/student/v1"


def released(result: Result, show: str) -> dict[str, Any]:
    """A result as its student may read it. show: one of LEVELS.

    The seed and the prints stay behind on every level: a submission can print what it was given. So does what an
    exception says, and each value, for the same reason: it can raise or return what it was given.
    """
    level = LEVELS.index(show)
    topics: dict[str, Any] = {}
    for name, topic in result.topics.items():
        topics[name] = {
            "chapter": topic.chapter,
            "framework": topic.framework,
            "status": topic.status,
            "points": topic.points,
            "maximum": topic.maximum,
        }
        if level >= LEVELS.index("claims"):
            topics[name]["checks"] = [_check(check, level) for check in topic.checks]
    return {
        "schema": SCHEMA,
        "student": result.student,
        "shown": show,
        "points": result.points,
        "maximum": result.maximum,
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
