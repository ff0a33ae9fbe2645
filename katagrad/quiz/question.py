"""What a question is, and how an answer to it is judged."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from katagrad.authoring.context import derive
from katagrad.errors import BadOption

# Relative and absolute tolerance of an answer that is not a whole number.
RELATIVE, ABSOLUTE = 0.01, 1e-12
# Two numbers that a reader could confuse within the tolerance are no two answers.
APART = 0.04
DRAWS = 200
NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?")


@dataclass(frozen=True)
class Question:
    """One question as one student gets it.

    answer: a number, or the letter of a choice. wrong: other answers by the mistake that leads to them, each as it
    completes "you". why: how the answer comes about. given: the numbers that were drawn.
    """

    name: str
    area: str
    text: str
    answer: float | int | str
    wrong: Mapping[str, float | int | str]
    why: str
    given: Mapping[str, Any]
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """What an answer came to. mistake: what it looks like, where it is wrong in a known way."""

    right: bool
    mistake: str = ""


class Draw:
    """Numbers of one question, from the seed."""

    def __init__(self, seed: int) -> None:
        self._generator = np.random.default_rng(seed)

    def integer(self, low: int, high: int, step: int = 1) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + step * int(self._generator.integers(0, (high - low) // step + 1))

    def decimal(self, low: float, high: float, digits: int) -> float:
        """A number with so many digits behind the point."""
        scale: int = 10**digits
        return round(self.integer(round(low * scale), round(high * scale)) / scale, digits)

    def one(self, *values: Any) -> Any:
        """One of the values."""
        return values[int(self._generator.integers(0, len(values)))]

    def order(self, count: int) -> list[int]:
        """The numbers from 0 to count - 1 in any order."""
        return [int(i) for i in self._generator.permutation(count)]


@dataclass(frozen=True)
class Template:
    """A question before its numbers are drawn. make: the question from a Draw; theory has nothing but its order."""

    name: str
    area: str
    make: Callable[[Draw], Question]
    computed: bool

    def question(self, seed: int) -> Question:
        """The question of a student with this seed: one whose wrong answers are all apart from the right one."""
        for attempt in range(DRAWS):
            found = self.make(Draw(derive(seed, "quiz", self.name, str(attempt))))
            if not self.computed or _apart(found):
                return found
        raise AssertionError(f"{self.name} has no numbers that tell its answers apart")


def _apart(found: Question) -> bool:
    values = [found.answer, *found.wrong.values()]
    if all(isinstance(value, int) for value in values):
        return len(set(values)) == len(values)
    numbers = [float(value) for value in values]
    pairs = ((a, b) for i, a in enumerate(numbers) for b in numbers[:i])
    return all(abs(a - b) > APART * max(abs(a), abs(b)) for a, b in pairs)


def judge(question: Question, answer: str) -> Judgement:
    """Whether an answer is right. Raises BadOption for one that cannot be read."""
    if question.choices:
        letter = answer.strip().lower().rstrip(".)")
        if letter not in LETTERS[: len(question.choices)] or len(letter) != 1:
            letters = ", ".join(LETTERS[: len(question.choices)])
            raise BadOption(f"{answer.strip()[:40]!r} is none of the letters {letters}")
        mistake = next((m for m, value in question.wrong.items() if value == letter), "")
        return Judgement(letter == question.answer, mistake)
    value = parse(answer)
    if _near(value, question.answer):
        return Judgement(True)
    return Judgement(False, next((m for m, v in question.wrong.items() if _near(value, v)), ""))


LETTERS = "abcdefgh"


def _near(value: float, expected: float | int | str) -> bool:
    if isinstance(expected, int):
        return value == expected
    return math.isclose(value, float(expected), rel_tol=RELATIVE, abs_tol=ABSOLUTE)


def parse(answer: str) -> float:
    """A number as people type it: 1,024 or 1_024 or 2.5e-3 or 3/4 or 12%. Raises BadOption.

    The comma of 0,125 parts no thousands. It is refused as that of 2,5 is.
    """
    text = answer.strip().replace("\u2212", "-")
    if not re.match(r"[-+]?0,", text):
        text = re.sub(r"(?<=\d)[,_](?=\d{3}(\D|$))", "", text)
    percent, text = text.endswith("%"), text.removesuffix("%").strip()
    parts = [part.strip() for part in text.split("/")]
    if len(parts) > 2 or not all(NUMBER.fullmatch(part.lower()) for part in parts):
        raise BadOption(
            f"{answer.strip()[:40]!r} is no number; write for example 1024, 0.25, 3/4 or 2.5e-3"
        )
    value = float(parts[0])
    if len(parts) == 2:
        if float(parts[1]) == 0:
            raise BadOption(f"{answer.strip()[:40]!r} divides by zero")
        value /= float(parts[1])
    return value / 100 if percent else value


def shown(value: float | int | str) -> str:
    """An answer as it is printed."""
    if isinstance(value, int):
        return f"{value:,}"
    return value if isinstance(value, str) else f"{value:.4g}"
