"""What the exports are made of."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from katagrad.course.scores import Standing, in_order


@dataclass(frozen=True)
class Grades:
    """What is exported. show: how much a student may read. letters: the least percentage of each. now: the moment."""

    everybody: Sequence[Standing]
    show: str
    letters: Mapping[str, float]
    now: datetime.datetime

    @property
    def topics(self) -> list[str]:
        """All topics, in teaching order."""
        return in_order({name for standing in self.everybody for name in standing.scores})
