"""The part of a result that a student may read: the course chooses how much, and no choice reveals inputs."""

from __future__ import annotations

import builtins
import re
from typing import Any

from katagrad.errors import FAILED
from katagrad.grading.records import CheckResult, Result

# Each level also shows what the one before it shows.
LEVELS = ("score", "claims", "messages", "hints")
SCHEMA = "katagrad/student/v1"
# Numbers with a point or an exponent, whole numbers and strings that were found or expected: of drawn inputs, or made
# from them. Shapes, positions and dtypes stay.
DRAWN = re.compile(
    r"(?<![\w.])[-+]?(?:\d+\.\d*|\.\d+|\d+(?=e[-+]?\d))(?:e[-+]?\d+)?"
    r"|(?<= is )(?:[-+]?\d+|'[^']*'|\"[^\"]*\")|(?<= be )(?:[-+]?\d+|'[^']*'|\"[^\"]*\")"
)
RAISED = re.compile(r"(?P<of>[^\n]*?) raised (?P<kind>\w+)(?![\w.])")


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


def without_detail(message: str) -> str:
    """A message without values, and without what a submission's exception says but Python's own names of classes."""
    raised = RAISED.match(message)
    if raised is None:
        return DRAWN.sub("...", message.split("\n", 1)[0])
    known = isinstance(getattr(builtins, raised["kind"], None), type)
    said = f"{raised['of']} raised {raised['kind'] if known else 'an exception of its own'}"
    return DRAWN.sub("...", said)
