"""The table of progress at the end of a run."""

from __future__ import annotations

from collections.abc import Mapping

from katagrad.errors import FAILED, PASSED
from katagrad.grading.records import TopicResult

# In a total of points, what is less is rounding.
DIGITS = 4


def number(points: float) -> str:
    """Points with as many decimals as they have, up to DIGITS."""
    return f"{round(points, DIGITS) + 0.0:.{DIGITS}f}".rstrip("0").rstrip(".")


def signed(points: float) -> str:
    """Points that are added or taken off, with their sign."""
    return ("+" if points > 0 else "") + number(points)


def table(topics: Mapping[str, TopicResult], width: int = 80) -> list[str]:
    """Progress by chapter, with one line per topic: a bar, the points, and the state. width: of the terminal."""
    lines: list[str] = []
    longest = max((len(name) for name in topics), default=0)
    bar = max(10, min(24, width - longest - 34))
    for chapter in dict.fromkeys(topic.chapter for topic in topics.values()):
        rows = {name: topic for name, topic in topics.items() if topic.chapter == chapter}
        reached = sum(topic.points for topic in rows.values())
        most = sum(topic.maximum for topic in rows.values())
        lines.append(f"{chapter}  {number(reached)} of {number(most)} points")
        for name, topic in rows.items():
            share = topic.points / topic.maximum if topic.maximum else 0.0
            filled = int(share * bar)
            statuses = [check.status for check in topic.checks]
            passed = f"{statuses.count(PASSED)}/{len(statuses)} checks"
            word = passed if topic.status == FAILED else topic.status
            word = "done" if topic.status == PASSED else word
            points = f"{number(topic.points)}/{number(topic.maximum)}"
            lines.append(
                f"  {name:<{longest}}  {'#' * filled}{'.' * (bar - filled)}  {points:>7}  {word}"
            )
    return lines
