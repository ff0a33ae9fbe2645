"""All questions, in order of their areas."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from katagrad.quiz.question import LETTERS, Draw, Question, Template
from katagrad.topics import read_toml

THEORY = Path(__file__).with_name("theory.toml")


@cache
def questions() -> dict[str, Template]:
    """Every question by name: theory first in each area."""
    from katagrad.quiz import errors_and_scores, gradients, shapes, training

    computed = [
        t for m in (shapes, gradients, training, errors_and_scores) for t in m.AREA.templates
    ]
    every = [*theory(), *computed]
    areas = dict.fromkeys(template.area for template in [*computed, *every])
    return {t.name: t for area in areas for t in every if t.area == area}


def theory() -> list[Template]:
    """The questions with choices."""
    return [_choice(name, entry) for name, entry in read_toml(THEORY).items()]


def _choice(name: str, entry: Mapping[str, Any]) -> Template:
    def make(draw: Draw) -> Question:
        every = [(entry["answer"], ""), *entry["wrong"].items()]
        order = draw.order(len(every))
        choices = tuple(every[i][0] for i in order)
        wrong = {every[i][1]: LETTERS[at] for at, i in enumerate(order) if i}
        right = LETTERS[order.index(0)]
        why = entry["why"]
        return Question(name, entry["area"], entry["text"], right, wrong, why, {}, choices)

    return Template(name, entry["area"], make, False)
