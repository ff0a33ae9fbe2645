"""How a computed question is written down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from katagrad.quiz.question import Draw, Question, Template

# (text, answer, wrong answers by mistake, why, the numbers that were drawn)
Made = tuple[str, "float | int", Mapping[str, "float | int"], str, Mapping[str, Any]]
Maker = Callable[[Draw], Made]


class Area:
    """The computed questions of one area, collected by decorating the functions that make them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.templates: list[Template] = []

    def __call__(self, maker: Maker) -> Maker:
        """Add a function: its name is that of the question."""
        name = getattr(maker, "__name__", "")

        def make(draw: Draw) -> Question:
            text, answer, wrong, why, given = maker(draw)
            return Question(name, self.name, text, answer, wrong, why, given)

        self.templates.append(Template(name, self.name, make, True))
        return maker
