"""`kata demo`: a small sample class, graded as a course would grade it."""

from __future__ import annotations

import shutil
import tempfile
import textwrap
import time
from pathlib import Path

from katagrad.course.grade import GradingRequest, run
from katagrad.course.ledger import Ledger
from katagrad.errors import FAILED, NOT_GRADED, NOT_STARTED, BadOption
from katagrad.grading.records import TopicResult
from katagrad.grading.table import number
from katagrad.progress import progress
from katagrad.text import visible
from katagrad.topics import FRAMEWORKS, topics

TOPICS = (
    "derivative", "back_propagation", "softmax", "cross_entropy", "linear_regression", "neural_network",
    "classification_problem", "optimizers", "batch_norm", "datasets", "conv2d", "attention",
)  # fmt: skip
NAMES = {"torch": "reference-torch", "tensorflow": "reference-tensorflow"}


def demo(isolation: str, workers: int) -> list[str]:
    """Grade both reference solutions and three students on embedded data; returns the lines to show."""
    if not (Path(__file__).parent / "sample_class").is_dir():
        raise BadOption("this is the library of a course's hand-out, which has no sample class")
    chosen = [t for name, t in topics().items() if name in TOPICS and t.grader.is_file()]
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="katagrad-demo-") as name:
        folder = Path(name)
        shutil.copytree(Path(__file__).parent / "sample_class", folder / "class")
        for framework in FRAMEWORKS:
            target = folder / "class" / NAMES[framework]
            target.mkdir()
            for topic in chosen:
                shutil.copy(topic.solution(framework), target)
        untouched = topics()["linear_regression"]
        shutil.copy(untouched.contract, folder / "class" / "bea" / untouched.stub.name)

        with progress("grading", "graded") as advance:
            run(
                GradingRequest(
                    folder / "class", folder / "out", chosen, isolation, workers, seed=1
                ),
                advance,
            )
        ledger = Ledger(folder / "out" / "ledger.sqlite")
        records: dict[str, dict[str, TopicResult]] = {}
        for student, topic_name, record in ledger.records():
            records.setdefault(student, {})[topic_name] = record
        ledger.close()
    order = [*NAMES.values(), *(s for s in records if s not in NAMES.values())]
    found = table({s: records[s] for s in order if s in records}, [t.name for t in chosen])
    for student in order:
        found += messages(student, records.get(student, {}))
    level = next(iter(records[order[0]].values())).isolation
    found += [
        "",
        f"graded in {time.monotonic() - started:.0f} s, isolation {level}, data embedded, seed 1",
    ]
    return found


def table(records: dict[str, dict[str, TopicResult]], names: list[str]) -> list[str]:
    """Points by topic and student."""
    left = max(map(len, [*names, "topic"]))
    widths = {student: max(len(student), 7) for student in records}
    rule = "-" * (left + sum(w + 2 for w in widths.values()))
    lines = [f"{'topic':<{left}}" + "".join(f"  {s:>{w}}" for s, w in widths.items()), rule]
    for name in names:
        cells = []
        for student, width in widths.items():
            result = records[student][name]
            absent = all("is missing;" in check.message for check in result.checks)
            text = "-" if absent else f"{number(result.points)}/{number(result.maximum)}"
            cells.append(f"  {text:>{width}}")
        lines.append(f"{name:<{left}}" + "".join(cells))
    sums = ""
    for student, width in widths.items():
        points = sum(result.points for result in records[student].values())
        maximum = sum(result.maximum for result in records[student].values())
        sums += f"  {number(points) + '/' + number(maximum):>{width}}"
    return [*lines, rule, f"{'all':<{left}}{sums}"]


def messages(student: str, record: dict[str, TopicResult]) -> list[str]:
    """The messages on each topic that a student submitted; each message once, however many checks failed with it."""
    lines: list[str] = []
    for topic in topics():
        if topic not in record:
            continue
        result = record[topic]
        # Hints of the checks that failed with a message, by message.
        hints_of: dict[str, list[str]] = {}
        for check in result.checks:
            failed = check.status in (FAILED, NOT_GRADED, NOT_STARTED)
            if failed and "is missing;" not in check.message:
                hints_of.setdefault(check.message, []).append(check.hint)
        if not hints_of:
            continue
        lines.append(f"  {topic}: {number(result.points)} of {number(result.maximum)} points")
        for message, hints in hints_of.items():
            times = f"  [{len(hints)} checks]" if len(hints) > 1 else ""
            first, *rest = visible(message).splitlines()
            lines += textwrap.wrap(
                first + times, 110, initial_indent="    - ", subsequent_indent="      "
            )
            lines += [f"      {line.strip()}"[:116] for line in rest]
            hint = f"Look at: {hints[0]}" if hints[0] and len(hints) == 1 else ""
            lines += textwrap.wrap(hint, 110, initial_indent="      ", subsequent_indent="      ")
    return ["", student, *lines] if lines else []
