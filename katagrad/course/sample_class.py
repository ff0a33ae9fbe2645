"""Generate a class of any number of submissions, right and wrong in known ways, to try the grading itself."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from katagrad.mutation.entries import named_mutants
from katagrad.topics import FRAMEWORKS, Topic


def generate(
    folder: Path,
    students: int,
    topics: Sequence[Topic],
    seed: int,
    frameworks: Sequence[str] = FRAMEWORKS,
) -> None:
    """Write `students` folders of one file per topic: solutions, kept mutants, untouched stubs, and a few crashes.

    The same arguments always write the same files. Mutants are read from the checkout's tests; an installed wheel
    has none, and writes solutions in their place.
    """
    draw = random.Random(seed)
    for number in range(students):
        home = folder / f"student{number:04d}"
        home.mkdir(parents=True)
        framework = draw.choice(list(frameworks))
        for topic in topics:
            solution = topic.solution(framework).read_text(encoding="utf-8")
            kind = draw.random()
            mutants = named_mutants(topic, framework)
            if kind < 0.10:
                text = topic.contract.read_text(encoding="utf-8")
            elif kind < 0.45 and mutants:
                text = draw.choice(mutants).apply(solution)
            elif kind < 0.48:
                text = solution.replace("    return", "    import os; os._exit(3)\n    return", 1)
            else:
                text = solution
            (home / f"{topic.name}.py").write_text(
                f"{text}\n# handed in by {home.name}\n", encoding="utf-8"
            )
