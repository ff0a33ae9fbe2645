"""`kata quiz`: questions asked one by one, or judged from a file; answers are kept in the workspace."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from katagrad.errors import BadOption, one_of
from katagrad.files import write_json
from katagrad.grading.session import draw_seed
from katagrad.quiz.bank import questions
from katagrad.quiz.question import LETTERS, Judgement, Question, judge, shown
from katagrad.student.workspace import Workspace
from katagrad.topics import read_toml

SCHEMA = "katagrad/quiz/v1"
# Words at the prompt that are no answers.
SKIP, STOP = ("", "skip"), ("q", "quit")


@dataclass
class Sheet:
    """A student's answers. answered: by question, "right" or "wrong"."""

    path: Path
    seed: int
    answered: dict[str, str]

    def keep(self, name: str, right: bool) -> None:
        """Keep an answer; one that was right stays so."""
        if self.answered.get(name) != "right":
            self.answered[name] = "right" if right else "wrong"
        write_json(self.path, {"schema": SCHEMA, "seed": self.seed, "answered": self.answered})


def sheet(workspace: Workspace, seed: int | None) -> Sheet:
    """What is kept in a workspace. seed: begins anew where it is another. Raises BadOption for a broken file."""
    path = workspace.state / "quiz.json"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["schema"] != SCHEMA or not isinstance(record["seed"], int):
            raise ValueError("it is no sheet of answers")
        found = Sheet(path, record["seed"], {str(k): str(v) for k, v in record["answered"].items()})
    except FileNotFoundError:
        return Sheet(path, draw_seed() if seed is None else seed, {})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadOption(
            f"{workspace.shown(path)} cannot be read ({error}); move it away to begin a new one"
        ) from None
    return found if seed in (None, found.seed) else Sheet(path, int(seed or 0), {})


def drawn(seed: int, area: str | None = None) -> list[Question]:
    """All questions of a student, or those of one area. Raises BadOption for an area that there is not."""
    every = questions().values()
    if area is not None:
        area = one_of("area", area, dict.fromkeys(template.area for template in every))
    return [t.question(seed) for t in every if area in (None, t.area)]


def lines(question: Question) -> Iterator[str]:
    """A question as it is asked."""
    yield question.text
    for letter, choice in zip(LETTERS, question.choices, strict=False):
        yield f"  {letter}) {choice}"


def words(question: Question, judgement: Judgement) -> str:
    """What is said of an answer; the right one is not shown."""
    if judgement.right:
        return f"Right. {question.why}"
    if judgement.mistake:
        return f"Wrong. It looks as if you {judgement.mistake}."
    return "Wrong."


def ask(
    asked: list[Question], kept: Sheet, read: Callable[[str], str], say: Callable[[str], None]
) -> None:
    """Ask questions until the answers end; a second wrong answer to one shows how it is done."""
    for number, question in enumerate(asked, 1):
        say(f"\n{number} of {len(asked)}, {question.area}")
        for line in lines(question):
            say(line)
        tries = 0
        while tries < 2:
            answer = read("> ").strip()
            if answer.lower() in STOP:
                return
            if answer.lower() in SKIP:
                break
            try:
                judgement = judge(question, answer)
            except BadOption as error:
                say(f"{error}")
                continue
            kept.keep(question.name, judgement.right)
            say(words(question, judgement))
            if judgement.right:
                break
            tries += 1
        if tries == 2:
            say(f"The answer is {shown(question.answer)}. {question.why}")


@dataclass(frozen=True)
class Marked:
    """A file of answers, judged. results: by question; None where it has no answer."""

    results: Mapping[str, Judgement | None]

    @property
    def right(self) -> int:
        """How many are right."""
        return sum(one is not None and one.right for one in self.results.values())


def mark(path: Path, asked: list[Question]) -> Marked:
    """Judge a file of answers, TOML or JSON, by name of question. Raises BadOption for one that cannot be read."""
    try:
        given = read_toml(path) if path.suffix == ".toml" else json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadOption(f"{path} cannot be read: {error}") from None
    if not isinstance(given, dict):
        raise BadOption(f"{path} holds no answers by name, such as conv_output_size = 28")
    known = {question.name for question in asked}
    for name in given:
        one_of("question", name, known)
    return Marked({q.name: _judged(q, given.get(q.name)) for q in asked})


def _judged(question: Question, answer: Any) -> Judgement | None:
    if answer is None:
        return None
    try:
        return judge(question, str(answer))
    except BadOption as error:
        return Judgement(False, f"wrote what cannot be read: {error}")
