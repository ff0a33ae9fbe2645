"""Results of a grading as plain data: what the JSON file holds, and the table that people read."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from katagrad.errors import FAILED, NOT_GRADED, NOT_STARTED, PASSED
from katagrad.grading.checks import Outcome, grader_hash, manifest
from katagrad.topics import Topic

SCHEMA = "katagrad/results/v1"
UNRUN = "not run: deselected, or the run ended before it"


def topic_record(
    topic: Topic, outcomes: Mapping[str, Outcome], framework: str | None, speed: bool = False
) -> dict[str, Any]:
    """One topic as data. A check of the manifest that has no outcome stands there as not graded.

    speed: whether throughput was graded; otherwise checks of it are no part of the record and of its maximum.
    """
    checks: list[dict[str, Any]] = []
    for check in manifest(topic, speed):
        outcome = outcomes.get(check.name, Outcome(NOT_GRADED, UNRUN))
        checks.append(
            {
                "name": check.name,
                "claim": check.claim,
                "status": outcome.status,
                "points": check.points if outcome.status == PASSED else 0,
                "maximum": check.points,
                "message": outcome.message,
                "hint": check.hint if outcome.status == FAILED and not outcome.whole else "",
                "printed": outcome.printed,
                "seconds": round(outcome.seconds, 3),
                "data": list(outcome.data),
            }
        )
    return {
        "chapter": topic.chapter,
        "framework": framework,
        "status": topic_status([c["status"] for c in checks]),
        "points": sum(c["points"] for c in checks),
        "maximum": sum(c["maximum"] for c in checks),
        "graders": grader_hash(topic),
        "checks": checks,
    }


def topic_status(statuses: Iterable[str]) -> str:
    """One word for a topic: passed only if every check passed."""
    found = set(statuses)
    if found <= {PASSED}:
        return PASSED
    if found == {NOT_STARTED}:
        return NOT_STARTED
    return FAILED if FAILED in found or PASSED in found or NOT_STARTED in found else NOT_GRADED


def report(topics: Mapping[str, dict[str, Any]], **once: Any) -> dict[str, Any]:
    """The whole record: `once` holds what is true of the run (seed, isolation, versions, submission)."""
    frameworks = sorted({t["framework"] for t in topics.values() if t["framework"]})
    data = sorted({name for t in topics.values() for c in t["checks"] for name in c["data"]})
    return {
        "schema": SCHEMA,
        "framework": frameworks[0] if len(frameworks) == 1 else ("mixed" if frameworks else None),
        **once,
        "data": data or ["embedded"],
        "points": sum(t["points"] for t in topics.values()),
        "maximum": sum(t["maximum"] for t in topics.values()),
        "topics": dict(topics),
    }


def write_whole(path: Path, text: str) -> None:
    """Write a file so that no reader ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record as JSON, whole or not at all."""
    write_whole(path, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def number(points: float) -> str:
    """Points as people write them: no decimals where there are none."""
    return f"{points:g}"


def table(topics: Mapping[str, dict[str, Any]], width: int = 80) -> list[str]:
    """Progress by chapter, a line per topic: a bar, points, and where it stands."""
    lines: list[str] = []
    longest = max((len(name) for name in topics), default=0)
    bar = max(10, min(24, width - longest - 34))
    chapters = dict.fromkeys(t["chapter"] for t in topics.values())
    for chapter in chapters:
        rows = {name: t for name, t in topics.items() if t["chapter"] == chapter}
        done = sum(t["points"] for t in rows.values())
        most = sum(t["maximum"] for t in rows.values())
        lines.append(f"{chapter}  {number(done)} of {number(most)} points")
        for name, t in rows.items():
            share = t["points"] / t["maximum"] if t["maximum"] else 0.0
            filled = int(share * bar)
            checks = [c["status"] for c in t["checks"]]
            passed = f"{checks.count(PASSED)}/{len(checks)} checks"
            told = {PASSED: "done", NOT_STARTED: "not started", NOT_GRADED: "not graded"}.get(
                t["status"], passed
            )
            points = f"{number(t['points'])}/{number(t['maximum'])}"
            lines.append(
                f"  {name:<{longest}}  {'#' * filled}{'.' * (bar - filled)}  {points:>7}  {told}"
            )
    return lines
