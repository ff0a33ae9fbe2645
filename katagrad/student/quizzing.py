"""`kata quiz`: questions asked one by one, or judged from a file; answers are kept in the workspace."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from katagrad.data.lock import held
from katagrad.errors import BadOption, one_of, refusal
from katagrad.files import write_json
from katagrad.grading.session import draw_seed
from katagrad.quiz.bank import questions
from katagrad.quiz.question import LETTERS, Judgement, Question, judge, shown
from katagrad.topics import read_toml

SCHEMA = "katagrad/quiz/v1"
# Words at the prompt that are no answers.
SKIP, STOP = ("", "skip"), ("q", "quit")


@dataclass
class Sheet:
    """A student's answers. answered: by question, "right" or "wrong". others: the same of other seeds."""

    path: Path
    seed: int
    answered: dict[str, str]
    others: dict[str, dict[str, str]] = field(default_factory=dict)

    def keep(self, name: str, right: bool) -> None:
        """Keep an answer; one that was right stays so. Two programs that do so at once lose nothing."""
        self.path.parent.mkdir(exist_ok=True)
        with held(self.path.parent / "lock", lambda: None):
            kept = _read(self.path)
            if kept is not None:
                before = kept.turned_to(self.seed)
                self.others = before.others
                self.answered = {**self.answered, **before.answered}
            if self.answered.get(name) != "right":
                self.answered[name] = "right" if right else "wrong"
            self._write()

    def _write(self) -> None:
        record = {"schema": SCHEMA, "seed": self.seed, "answered": self.answered}
        write_json(self.path, {**record, "others": self.others})

    def turned_to(self, seed: int) -> Sheet:
        """The sheet of another seed, which keeps the answers to this one."""
        if seed == self.seed:
            return self
        others = {**self.others, str(self.seed): self.answered}
        return Sheet(self.path, seed, others.pop(str(seed), {}), others)


def _read(path: Path) -> Sheet | None:
    """What is kept; None where nothing is. Raises BadOption for a broken file."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["schema"] != SCHEMA or type(record["seed"]) is not int:
            raise ValueError("it is no sheet of answers")
        others = {str(seed): _answers(found) for seed, found in record.get("others", {}).items()}
        return Sheet(path, record["seed"], _answers(record["answered"]), others)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadOption(
            f"{os.path.relpath(path)} cannot be read ({error}); move it away to begin a new one"
        ) from None


def _answers(found: dict[str, Any]) -> dict[str, str]:
    return {str(name): str(word) for name, word in found.items()}


def sheet(path: Path, seed: int | None) -> Sheet:
    """What is kept at `path`, of this seed or of the one used last. Raises BadOption for a broken file.

    Where nothing is kept and no seed is given, one is drawn and kept at once: whoever only reads the questions, or
    leaves before the first answer, is asked the same ones next time.
    """
    kept = _read(path)
    if kept is not None:
        return kept if seed is None else kept.turned_to(seed)
    return Sheet(path, seed, {}) if seed is not None else _begun(path)


def _begun(path: Path) -> Sheet:
    path.parent.mkdir(exist_ok=True)
    with held(path.parent / "lock", lambda: None):
        kept = _read(path)  # another program may have been first
        if kept is None:
            kept = Sheet(path, draw_seed(), {})
            kept._write()
    return kept


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


def show(asked: list[Question], seed: int, say: Callable[[str], None]) -> None:
    """Say questions with their names, for a course that hands them out."""
    for question in asked:
        say(f"{question.name}  ({question.area})")
        say("\n".join(f"  {line}" for line in lines(question)) + "\n")
    say(f"seed {seed}")


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
        toml = path.suffix.lower() == ".toml"
        given = read_toml(path) if toml else json.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise BadOption(refusal(error) or str(error)) from None
    except (ValueError, RecursionError) as error:
        said = f"{path} cannot be read as {'TOML' if toml else 'JSON'}: {error}"
        raise BadOption(f"{said}; name it .toml or .json by what it holds") from None
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
