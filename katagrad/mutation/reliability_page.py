"""Write the table of docs/reliability.md from the measurements in tests/reliability/."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from katagrad.authoring.threshold import error
from katagrad.files import write_whole
from katagrad.mutation.reliability import Measured, Record, load
from katagrad.topics import FRAMEWORKS, root
from katagrad.topics import topics as all_topics

BEGIN, END = "<!-- measured: begin (kata reliability) -->", "<!-- measured: end -->"
COLUMNS = (
    "topic",
    "checks",
    "gradings of a check: PyTorch",
    "failed",
    "TensorFlow",
    "failed",
    "training runs: PyTorch",
    "missed",
    "TensorFlow",
    "missed",
    "a training check fails, at most",
)
HEAD = (
    f"| {' | '.join(COLUMNS)} |",
    f"| --- {'| ---: ' * (len(COLUMNS) - 1)}|",
)


def upper(missed: int, runs: int, confidence: float = 0.95) -> float:
    """The largest share of misses that `runs` runs with `missed` misses leave credible (Clopper and Pearson, 1934)."""
    from scipy import stats

    if runs == 0 or missed == runs:
        return 1.0
    return float(stats.beta.ppf(confidence, missed + 1, runs - missed))


def table(records: dict[str, Record]) -> Iterator[str]:
    """The lines of the table, one row for each topic, and the totals below it."""
    yield from HEAD
    everything: list[Measured] = []
    for topic, record in records.items():
        checks = {name for one in record.values() for name in one}
        cells = [f"`{topic}`", str(len(checks))]
        for framework in FRAMEWORKS:
            found = list(record[framework].values())
            everything += found
            cells += [_range(found), _falls(found)]
        for framework in FRAMEWORKS:
            cells += _training(record[framework].values())
        both = [one for framework in FRAMEWORKS for one in record[framework].values()]
        cells.append(_bound(both))
        yield f"| {' | '.join(cells)} |"
    whole = sum(
        min((one.gradings for one in record[framework].values() if not one.trained), default=0)
        for record in records.values()
        for framework in FRAMEWORKS
    )
    gradings = f"{sum(one.gradings for one in everything):,} gradings of single checks"
    fallen = sum(fall.repeats for one in everything for fall in one.falls)
    runs = sum(len(values) for one in everything for values in one.trained.values())
    missed = sum(sum(one.missed.values()) for one in everything)
    yield ""
    yield (
        f"Of {gradings}, {fallen} failed. Of {runs:,} training runs, {missed} missed their bound."
    )
    if not fallen:
        yield f"Training aside, at least {whole:,} whole topics were graded, and none lost a point."
        yield (
            "With 95 % confidence, chance takes a point from fewer than "
            f"{1000 * upper(0, whole):.2g} of 1,000 topics."
        )


def _range(found: Iterable[Measured]) -> str:
    counts = sorted(one.gradings for one in found if not one.trained)
    if not counts:
        return "0"
    return f"{counts[0]:,}" if counts[0] == counts[-1] else f"{counts[0]:,} to {counts[-1]:,}"


def _falls(found: Iterable[Measured]) -> str:
    return str(sum(fall.repeats for one in found for fall in one.falls))


def _training(found: Iterable[Measured]) -> list[str]:
    trained = [(len(v), one.missed[of]) for one in found for of, v in one.trained.items()]
    if not trained:
        return ["", ""]
    return [f"{sum(runs for runs, _ in trained):,}", str(sum(missed for _, missed in trained))]


def _bound(found: Iterable[Measured]) -> str:
    """The probability that the worst threshold of a topic fails, from the upper limit of its share of misses."""
    worst = [
        error(upper(one.missed[of], len(values)))
        for one in found
        for of, values in one.trained.items()
    ]
    return f"{max(worst):.1g}" if worst else ""


def written(page: str) -> str:
    """`page` with the table between its two marks. Raises ValueError if a mark is missing."""
    before, _, rest = page.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"the page lacks {BEGIN} or {END}")
    lines = "\n".join(table({name: load(topic) for name, topic in all_topics().items()}))
    return f"{before}{BEGIN}\n\n{lines}\n\n{END}{after}"


def path() -> Path:
    """The page."""
    return root() / "docs" / "reliability.md"


def write() -> Path:
    """Update the page, and return its path."""
    write_whole(path(), written(path().read_text(encoding="utf-8")))
    return path()
