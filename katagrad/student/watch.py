"""`kata watch`: every save is checked, by a server that keeps the framework."""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import Console, RenderableType
from rich.text import Text

from katagrad.errors import FAILED, NOT_STARTED, PASSED, BadOption, refusal
from katagrad.grading.submission import Submission
from katagrad.student import compare, hints, keys, screen, standing
from katagrad.student.check import Checker, Judged, Verdict, file_hash, judge
from katagrad.student.interrupt import Interrupter
from katagrad.student.saves import saves
from katagrad.student.workspace import Workspace
from katagrad.text import one_line
from katagrad.topics import Topic

# Seconds after which a check that goes on shows what it has found so far, and how far it is.
PATIENT = 0.3
# Seconds after which a wait for an event is begun again: a Ctrl-C that comes just before one does not end it.
WAKE = 0.5
KEYS = {
    "h": "hint",
    "n": "next",
    "b": "back",
    "l": "list",
    "f": "full",
    "r": "run again",
    "q": "quit",
}
# Keys for which a check at work is left; the others wait until it is over.
LEAVING = "nbrq"


class Watch:
    """The loop. keyboard: whether keys are read and the screen is redrawn; otherwise verdicts follow each other."""

    def __init__(
        self, workspace: Workspace, checker: Checker, out: Console, keyboard: bool
    ) -> None:
        self.workspace, self.checker, self.out = workspace, checker, out
        self.keyboard = keyboard
        self.events: queue.SimpleQueue[set[Path] | str] = queue.SimpleQueue()
        self.interrupter = Interrupter(lambda: checker.waiting)
        self.found: Verdict | None = None
        # The checks of the topic at hand that failed when they were made last, which come first the next time.
        self.failing: set[str] = set()
        self.digest = ""
        self.full = False

    def run(self, topic: Topic) -> None:
        """Check `topic`, and from then on what is saved, until the student quits."""
        reading = keys.pressed(self._press) if self.keyboard else contextlib.nullcontext()
        with (
            reading,
            saves(self.workspace.exercises, self._save),
            contextlib.suppress(KeyboardInterrupt),
        ):
            self.turn_to(topic)
            while self.obey(self.next()):
                pass
        # Not by the console: Ctrl-C in the middle of a print makes it keep what is printed later.
        print("Stopped. `kata watch` goes on from here.", file=self.out.file, flush=True)

    def next(self) -> set[Path] | str:
        """The next save or key. Raises KeyboardInterrupt soon after Ctrl-C, whichever thread the signal reached."""
        while True:
            with contextlib.suppress(queue.Empty):
                return self.events.get(timeout=WAKE)

    def _press(self, key: str) -> None:
        self.events.put(key.lower())
        if key.lower() in LEAVING:
            self.interrupter.interrupt()

    def _save(self, paths: set[Path]) -> None:
        self.events.put(paths)
        self.interrupter.interrupt()

    def obey(self, event: set[Path] | str) -> bool:
        """Do what a save or a key asks for; False to quit. What keeps it from being done is said, and no more."""
        try:
            return self._obey(event)
        except BadOption as error:
            self.tell(str(error))
        except OSError as error:
            self.tell(refusal(error) or str(error))
        return True

    def _obey(self, event: set[Path] | str) -> bool:
        if isinstance(event, set):
            self.saved(event)
        elif event in ("q", "\x04"):
            return False
        elif event == "n":
            self.move(standing.following(self.workspace, standing.load(self.workspace), self.topic))
        elif event == "b":
            order = list(self.workspace.topics.values())
            self.move(order[max(order.index(self.topic) - 1, 0)])
        elif event == "r":
            self.check()
        elif event == "f":
            self.full = not self.full
            self.draw()
        elif event == "h":
            self.draw(self._hints())
        elif event == "l":
            kept = standing.load(self.workspace)
            self.show(screen.listing(self.workspace, kept, self.out.width))
        elif event == "s" and self.found is not None and self.found.status == PASSED:
            self.compare()
        return True

    def saved(self, paths: set[Path]) -> None:
        """Check the topic whose file was saved; for any other file, the topic at hand."""
        # A file in another folder may have the name of a topic.
        files = {self.workspace.file(t).resolve(): t for t in self.workspace.topics.values()}
        named = [files.get(path.resolve()) for path in sorted(paths)]
        # Nobody goes on with a topic whose file they delete.
        named = [t for t in named if t in (None, self.topic) or self.workspace.file(t).is_file()]
        if not named:
            return
        own = [topic for topic in named if topic is not None]
        if own and self.topic not in own:
            self.turn_to(own[0])
        elif own == named and self.found is not None and self.found.whole and not self.changed():
            return  # some editors write a file twice
        else:
            self.check()

    def changed(self) -> bool:
        """Whether the file is another than the one that was checked last."""
        return file_hash(self.workspace, self.topic) != self.digest

    def move(self, topic: Topic | None) -> None:
        """Go to another topic, if there is one."""
        if topic is not None and topic != self.topic:
            self.turn_to(topic)
        else:
            self.draw()

    def turn_to(self, topic: Topic) -> None:
        """Make a topic the one at hand, and check it."""
        self.topic, self.full, self.failing = topic, False, set()
        with contextlib.suppress(BadOption, OSError):  # the verdict says what cannot be kept
            standing.turn_to(self.workspace, topic)
        self.show([screen.heading(self.workspace, topic), Text("starting ...")])
        self.checker.prepare(topic)
        self.check()

    def check(self) -> None:
        """Check the topic at hand, and show what came of it; leave it for a new save or a key."""
        began, drawn, judged = time.monotonic(), 0.0, []
        self.found, self.digest = None, file_hash(self.workspace, self.topic)

        def advance(one: Judged, checks: int) -> None:
            nonlocal drawn
            self.interrupter.leave()
            judged.append(one)
            failed = one.outcome.status == FAILED
            self.failing = self.failing | {one.name} if failed else self.failing - {one.name}
            now = time.monotonic()
            # The first failure is shown at once.
            due = failed and sum(made.outcome.status == FAILED for made in judged) == 1
            due = due or now - max(began, drawn) > PATIENT
            if self.keyboard and due and len(judged) < checks:
                drawn = now
                self.found = Verdict(self.topic, list(judged), checks, now - began)
                self.draw()

        with self.interrupter.block():
            self.found = judge(self.checker, self.topic, advance, frozenset(self.failing))
            self.full = self.full and self.found.status != PASSED
        if self.found is not None and self.found.whole:
            self.draw()

    def _hints(self) -> Iterator[Text]:
        shown = hints.more(self.workspace, self.topic)
        yield from screen.hints(self.topic, shown)

    def compare(self) -> None:
        """The reference beside the student's own."""
        own = self.workspace.file(self.topic).read_text(encoding="utf-8", errors="replace")
        _, reference = hints.solution(self.workspace, self.topic)
        self.show(compare.beside(own, reference, self.out.width))

    def tell(self, why: str) -> None:
        """Say why something was not done."""
        self.show([screen.heading(self.workspace, self.topic), Text(one_line(why))])

    def draw(self, more: Iterable[Text] = ()) -> None:
        """The verdict, with anything else below it."""
        found, lines = self.found, [screen.heading(self.workspace, self.topic)]
        file = self.workspace.shown(self.workspace.file(self.topic))
        lines.append(Text(f"{file}  at {time.strftime('%H:%M:%S')}", style="dim"))
        if found is not None:
            lines += screen.verdict(self.workspace, found, self.full)
            if found.status == PASSED and not found.unkept:
                lines += self._after()
            elif found.status == NOT_STARTED and found.whole:
                lines.append(Text(f"Open {file}, and save it when there is something to check."))
        self.show([*lines, *more])

    def _after(self) -> Iterator[Text]:
        """What to do when a topic is done."""
        if self.topic.solution(self._framework()).is_file():
            how = "Press s" if self.keyboard else f"Run kata solution {self.topic.name}"
            yield Text(f"Is each line of yours needed? {how} to see the reference beside it.")
        kept = standing.load(self.workspace)
        yield from screen.onward(self.workspace, kept, self.topic)

    def _framework(self) -> str:
        source = Submission(self.workspace.exercises).source(self.topic)
        return source.known_framework or self.workspace.framework or "torch"

    def show(self, lines: Iterable[RenderableType]) -> None:
        """A new screen, with the keys at its end."""
        if self.keyboard and not self.out.is_dumb_terminal:
            self.out.clear()
        screen.show(self.out, lines)
        if self.keyboard:
            self.out.print(Text("\n" + "  ".join(f"{k} {w}" for k, w in KEYS.items()), style="dim"))
