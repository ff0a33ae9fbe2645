"""What a student reads in a terminal: 80 columns, with or without colours, in any encoding."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from shlex import quote

from rich.console import Console, RenderableType
from rich.text import Text

from katagrad.errors import FAILED, NOT_GRADED, NOT_STARTED, PASSED
from katagrad.grading.table import number
from katagrad.student.check import Judged, Verdict, file_hash
from katagrad.student.doctor import NOTE, OK, WRONG, Finding
from katagrad.student.standing import Progress, Standing, following, present
from katagrad.student.workspace import Workspace
from katagrad.text import one_line, plural, quoted
from katagrad.topics import Topic

STYLES = {PASSED: "green", FAILED: "red", NOT_STARTED: "yellow", NOT_GRADED: "magenta"}
BAR = 16
# Lines of what a submission printed that leave room for the rest of a verdict on a screen.
SHOWN_LINES = 10


def console() -> Console:
    """The terminal, or whatever stands in its place. Nothing is taken for markup or coloured by guesses."""
    return Console(markup=False, highlight=False, emoji=False, soft_wrap=not sys.stdout.isatty())


def show(out: Console, lines: Iterable[RenderableType]) -> None:
    """Print one below the other."""
    for line in lines:
        out.print(line)


def bar(passed: int, checks: int) -> str:
    """Progress as it is also drawn where there are no colours."""
    filled = int(BAR * passed / checks) if checks else 0
    return "#" * filled + "." * (BAR - filled)


def word_of(topic: Topic, standing: Standing, changed: bool) -> str:
    """How far a topic is, in a word or two."""
    if standing.status == PASSED:
        said = "done" if topic.grader.is_file() else "examples hold"
        said += " (solution shown)" if standing.gave_up else ""
    elif standing.status == NOT_STARTED and not standing.passed and not standing.done:
        return "not started"
    else:
        said = f"{standing.passed}/{standing.checks} checks"
        said = f"was done, {said}" if standing.done else said
    return f"{said}, changed" if changed else said


def is_changed(workspace: Workspace, topic: Topic, standing: Standing) -> bool:
    """Whether the student's file is another than the one that was checked."""
    return bool(standing.file) and standing.file != file_hash(workspace, topic)


def overview(workspace: Workspace, progress: Progress) -> Iterator[Text]:
    """Where one stands, and what to do next."""
    every = workspace.topics
    done = sum(progress.of(topic).done for topic in every.values())
    yield Text(f"{done} of {plural(len(every), 'topic')} done  {bar(done, len(every))}")
    topic = present(workspace, progress)
    if topic is None:
        yield Text("Every topic is done. `kata list` shows them all.")
        return
    standing = progress.of(topic)
    yield Text()
    yield heading(workspace, topic)
    state = word_of(topic, standing, is_changed(workspace, topic, standing))
    yield Text(f"  {workspace.shown(workspace.file(topic))}: {state}")
    yield Text()
    yield Text("Next:")
    if standing.status == NOT_STARTED:
        yield Text("  open that file, which says what to write, and run")
    yield Text("  kata watch   check it at every save")
    yield Text("  kata hint    the next of its hints")
    yield Text("  kata next    go on with the topic after it")
    yield Text("  kata list    all topics        kata --help    all commands")


def heading(workspace: Workspace, topic: Topic) -> Text:
    """A topic's name and title, with its place in teaching order."""
    place = list(workspace.topics).index(topic.name) + 1
    text = Text().append(topic.name, style="bold")
    return text.append(f" ({place} of {len(workspace.topics)})  {topic.title}")


def listing(workspace: Workspace, progress: Progress, width: int) -> Iterator[Text]:
    """All topics in teaching order, by chapter."""
    every = workspace.topics
    here = present(workspace, progress)
    longest = max(map(len, every), default=0)
    for chapter in dict.fromkeys(topic.chapter for topic in every.values()):
        yield Text(chapter, style="bold")
        for topic in every.values():
            if topic.chapter != chapter:
                continue
            standing = progress.of(topic)
            mark = ">" if here is topic else " "
            state = word_of(topic, standing, is_changed(workspace, topic, standing))
            line = Text(f"{mark} {topic.name:<{longest}}  ")
            line.append(bar(standing.passed, standing.checks), style=STYLES[standing.status])
            line.append(f"  {state}")
            if not (standing.file or standing.done):
                line = Text(f"{mark} {topic.name:<{longest}}  {topic.title}")
            if (
                len(line) > width
            ):  # not by rich, whose one character for dots is not in every encoding
                line.right_crop(len(line) - width + 4)
                line.append(" ...")
            yield line


def verdict(workspace: Workspace, found: Verdict, full: bool = False) -> Iterator[Text]:
    """What came of a check: the count, what to look at first, and how much else there is.

    full: everything that did not pass.
    """
    graded = found.topic.grader.is_file()
    if found.whole and not graded:
        said = f"the examples of {found.passed} of {plural(found.checks, 'function')} hold"
        said += "; the course grades the rest"
    elif found.whole:
        points = f"{number(found.points)} of {number(found.maximum)} points"
        said = f"{found.passed} of {plural(found.checks, 'check')} passed, {points}"
    else:
        said = f"{len(found.judged)} of {found.checks} checked so far, {found.passed} passed"
    drawn = bar(found.passed, found.checks)
    line = Text().append(drawn, style=STYLES[found.status])
    yield line.append(f"  {said}  ({found.seconds:.2f} s)")
    if found.unkept:
        yield Text(f"Not kept: {one_line(found.unkept)}", style="magenta")
    if found.status == PASSED:
        yield Text()
        yield from (note for one in found.judged for note in _note(one))
        done = f"{found.topic.name} is done." if graded else "All examples hold."
        yield Text(done, style="bold green")
        return
    left = [one for one in found.judged if one.outcome.status != PASSED]
    shown = left if full else [found.first] if found.first else []
    for one in shown:
        yield Text()
        yield from failure(workspace, found.topic, one)
    rest = "" if found.first and found.first.outcome.whole else _rest(left, shown)
    if not found.whole:
        rest = "Still checking ..."
    if rest:
        yield Text()
        yield Text(rest)


def _note(one: Judged) -> Iterator[Text]:
    if one.outcome.message:
        yield Text(f"{one.claim}: {one.outcome.message}", style="dim")


def _rest(left: Iterable[Judged], shown: list[Judged]) -> str:
    counts: dict[str, int] = {}
    for one in left:
        if one not in shown:
            counts[one.outcome.status] = counts.get(one.outcome.status, 0) + 1
    words: Mapping[str, tuple[str, str]] = {
        FAILED: ("more fails", "more fail"),
        NOT_STARTED: ("is not written yet", "are not written yet"),
        NOT_GRADED: ("could not be judged", "could not be judged"),
    }
    said = [f"{n} {words[status][n > 1]}" for status, n in counts.items() if status in words]
    return "; ".join(said) + ("." if said else "")


def failure(workspace: Workspace, topic: Topic, one: Judged) -> Iterator[Text]:
    """A check that did not pass: its claim, what was found, where, and where to look."""
    outcome = one.outcome
    word = {FAILED: "FAILED", NOT_STARTED: "NOT WRITTEN", NOT_GRADED: "NOT JUDGED"}
    said = word.get(outcome.status, outcome.status.upper())
    line = Text().append(said, style=STYLES[outcome.status])
    worth = f"  [{number(one.points)} point{'s' if one.points != 1 else ''}]" if one.points else ""
    if not outcome.whole:
        line.append(f" {one.claim}{worth}")
    yield line
    yield from indented(outcome.message)
    if one.hint:
        yield from indented(f"Look at: {one.hint}")
    if outcome.place:
        file, _, at = outcome.place.rpartition(":")
        yield from indented(f"{workspace.shown(workspace.exercises / file)}:{at}", "dim")
    if outcome.printed:
        yield from indented(f"{topic.name}.py printed:")
        lines = [line for part in quoted(outcome.printed) for line in indented(part)]
        yield from lines[:SHOWN_LINES]
        if len(lines) > SHOWN_LINES:
            file = workspace.shown(workspace.file(topic))
            rest = plural(len(lines) - SHOWN_LINES, "more line")
            yield from indented(f"... and {rest}; pytest {quote(file)} shows more")


def indented(text: str, style: str = "") -> Iterator[Text]:
    """The lines of `text` a little to the right, broken where a terminal ends."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    for line in text.split("\n"):
        broken = textwrap.wrap(line, max(width - 2, 20)) if width else [line]
        yield from (Text(f"  {part}", style=style) for part in broken or [""])


def onward(workspace: Workspace, progress: Progress, topic: Topic) -> Iterator[Text]:
    """What follows a topic that is done."""
    after = following(workspace, progress, topic)
    if after is None:
        yield Text("That was the last: every topic is done.")
    else:
        yield Text("Next: ").append_text(heading(workspace, after))


def hints(topic: Topic, shown: Sequence[str]) -> Iterator[Text]:
    """The hints that were asked for so far, and what there is after the last."""
    for number_, hint in enumerate(shown, 1):
        yield Text()
        yield Text(f"Hint {number_} of {len(topic.hints)}", style="bold")
        yield from indented(hint)
    if len(shown) == len(topic.hints):
        yield Text()
        said = "There are no more." if shown else f"There are no hints for {topic.name} here."
        if topic.solved:
            said += f" `kata solution {topic.name} --give-up` shows the solution."
        yield Text(said)


def finding(one: Finding) -> Iterator[Text]:
    """A line of `kata doctor`, and below it what mends it."""
    style = {OK: "green", NOTE: "yellow", WRONG: "red"}[one.level]
    line = Text().append(f"{one.level:<5}", style=style)
    yield line.append(f"  {one.subject}: {one_line(one.found)}")
    if one.remedy:
        yield Text(f"       {one.remedy}", style="bold")
