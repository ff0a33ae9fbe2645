"""Mutation scores: kept as `--generic` and `--careless` find them, and shown in docs/mutation.md."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from katagrad.files import write_whole
from katagrad.topics import FRAMEWORKS, root, topics

FAMILIES = ("generic", "careless")
BEGIN, END = "<!-- scores: written by kata validate -->\n", "<!-- end of scores -->\n"
TITLES = {"torch": "PyTorch", "tensorflow": "TensorFlow"}


@dataclass(frozen=True)
class Score:
    """One family of mutants of one solution. total: without those listed as equivalent."""

    caught: int
    total: int
    equivalent: int

    def __str__(self) -> str:
        return f"{self.caught}/{self.total} ({self.equivalent})"


Scores = dict[str, dict[str, dict[str, Score]]]


def path(home: Path) -> Path:
    """Where scores are kept: by topic, framework and family."""
    return home / "tests" / "mutants" / "scores.json"


def load(home: Path) -> Scores:
    """All scores that are kept."""
    place = path(home)
    plain = json.loads(place.read_text(encoding="utf-8")) if place.is_file() else {}
    return {
        topic: {
            framework: {family: Score(*score) for family, score in by.items()}
            for framework, by in frameworks.items()
        }
        for topic, frameworks in plain.items()
    }


def keep(topic: str, framework: str, family: str, score: Score, home: Path | None = None) -> None:
    """Keep a score, and bring docs/mutation.md up to date. Does nothing outside of a clone."""
    home = home or root()
    page = home / "docs" / "mutation.md"
    if not page.is_file():
        return
    scores = load(home)
    scores.setdefault(topic, {}).setdefault(framework, {})[family] = score
    order = [name for name in topics(home) if name in scores]
    lines = []
    for name in order:
        plain = {
            one: {kind: [s.caught, s.total, s.equivalent] for kind, s in by.items()}
            for one, by in scores[name].items()
        }
        lines.append(f" {json.dumps(name)}: {json.dumps(plain)}")
    write_whole(path(home), "{\n" + ",\n".join(lines) + "\n}\n")
    write_whole(page, shown(page.read_text(encoding="utf-8"), scores, order))


def shown(page: str, scores: Scores, order: list[str]) -> str:
    """The page with the table and the totals of `scores` between its two marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table(scores, order)}{END}{after}"


def table(scores: Scores, order: list[str]) -> str:
    """A row for each topic, and a line of totals for each family."""
    columns = [(family, framework) for family in FAMILIES for framework in FRAMEWORKS]
    heads = [f"{family}, {TITLES[framework]}" for family, framework in columns]
    lines = ["", f"| topic | {' | '.join(heads)} |", f"| --- |{' --- |' * len(heads)}"]
    for name in order:
        cells = [str(scores[name].get(one, {}).get(family, "")) for family, one in columns]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    for family in FAMILIES:
        parts, caught, total, equivalent = [], 0, 0, 0
        scored = sum(any(family in one for one in scores[n].values()) for n in order)
        for one in FRAMEWORKS:
            found = [scores[n][one][family] for n in order if family in scores[n].get(one, {})]
            sums = [sum(getattr(s, k) for s in found) for k in ("caught", "total", "equivalent")]
            caught, total, equivalent = caught + sums[0], total + sums[1], equivalent + sums[2]
            parts.append(f"{sums[0]:,} of {sums[1]:,} in {TITLES[one]}")
        if total:
            whole = f"{caught:,} of {total:,} that are not listed as equivalent"
            lines += [
                "",
                f"{family.capitalize()} mutants, the {scored} topics with a score: {whole}",
                f"are caught ({', '.join(parts)}); {equivalent:,} are listed as equivalent.",
            ]
    return "\n".join(lines) + "\n\n"
