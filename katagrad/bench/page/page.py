"""`kata bench page`: one self-contained HTML page from any number of result files."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from katagrad import __version__
from katagrad.bench import quantities
from katagrad.bench.files import Results, load
from katagrad.bench.page import judged, searched
from katagrad.bench.page.machines import machines
from katagrad.bench.page.plots import rooflines
from katagrad.bench.page.runs import history, missing, runs, version
from katagrad.bench.page.searched import Search
from katagrad.bench.page.series import Collection, Figure, collect
from katagrad.bench.page.tables import STEPS, Table, against, cell, first_calls, memory, pairs
from katagrad.files import write_whole
from katagrad.topics import topics

# Entries of the page's JSON besides the figures that every file has.
FACTS = (
    *("flops", "bytes", "share_of_flops", "share_of_bytes", "ceiling_flops", "ceiling_copy"),
    *("first_call", "peak_memory", "call_memory"),
)


class NoPage(Exception):
    """There is nothing to show; the message is for the user. problems: a line for each file."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("no page written: none of the files holds a benchmark that can be shown")
        self.problems = list(problems)


def write(files: Sequence[Path], out: Path) -> tuple[int, list[str]]:
    """Write the page of `files` to `out`, whole or not at all.

    Returns (figures shown, problems): what could not be read is a line of `problems`, which the page shows, too.
    Raises NoPage where nothing could be read, and OSError where `out` cannot be written.
    """
    loaded: list[Results] = []
    problems: list[str] = []
    searches: list[Search] = []
    reports: list[Table] = []
    for path in files:
        search = searched.load(path)
        if search is not None:
            searches.append(search)
            continue
        report = judged.load(path)
        if report is not None:
            reports.append(report)
            continue
        found, faults = load(path)
        problems += faults
        if found is not None:
            loaded.append(found)
    collection = collect(loaded)
    if not collection.figures and not searches and not reports:
        absent = {f"{run.name}: not run: {one.reason}" for run in loaded for one in run.not_run}
        raise NoPage([*problems, *sorted(absent)])
    write_whole(out, render(collection, problems, searches, out.parent, reports))
    shown = sum(len(table.rows) for table in (*(one.table for one in searches), *reports))
    return len(collection.newest) + len(collection.pairs) + shown, problems


def render(
    collection: Collection,
    problems: Sequence[str] = (),
    searches: Sequence[Search] = (),
    folder: Path | None = None,
    reports: Sequence[Table] = (),
) -> str:
    """The page's HTML, which will lie in `folder`. It loads nothing, and is the same for the same files.

    Its content policy allows one script, by its hash. Without it, nothing is missing.
    """
    steps, lines = history(collection)
    script = _script()
    known = topics()
    page = (
        _environment()
        .get_template("page.html.j2")
        .render(
            release=__version__,
            collection=collection,
            rows=_throughput(collection),
            titles={name: topic.title for name, topic in known.items()},
            kind="topic" if any(one.topic in known for one in collection.subjects) else "file",
            cell=cell,
            profile=lambda figure: _profile(figure, folder),
            limits=[f"{100 * end:g}{quantities.THIN}%" for end in STEPS],
            roofline=rooflines(collection),
            against=against(collection),
            machines=machines(collection),
            reports=reports,
            script=Markup(script),
            script_hash="sha256-"
            + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            pairs=pairs(collection),
            first_calls=first_calls(collection),
            memory=memory(collection),
            steps=steps,
            history=lines,
            searches=searches,
            runs=runs(collection),
            missing=missing(collection),
            problems=problems,
            data=_data(collection),
        )
    )
    # Lines before the first tag are those of the macros. JSON may hold half of a surrogate pair, which
    # UTF-8 cannot encode.
    return page.lstrip().encode("utf-8", "replace").decode("utf-8")


def _profile(figure: Figure, folder: Path | None) -> str:
    """Where the profile of a figure is, as seen from the page; "" if there is none, or it is not there any more."""
    path = figure.info.get("profile")
    if folder is None or not isinstance(path, str) or not path.endswith(".html"):
        return ""
    return quote(Path(os.path.relpath(path, folder)).as_posix()) if Path(path).is_file() else ""


@cache
def _script() -> str:
    """What sorts and filters the tables."""
    path = Path(__file__).parent / "template" / "page.js"
    # A browser hashes line breaks as it reads them: a carriage return counts as a line feed.
    return path.read_text(encoding="utf-8").strip().replace("\r\n", "\n")


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("katagrad.bench.page", "template"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["breakable"] = _breakable
    return made


def _breakable(name: str) -> Markup:
    """A name that a narrow column may break behind its underscores."""
    return Markup("_<wbr>").join(name.split("_"))


def _throughput(collection: Collection) -> list[tuple[str, list[Any]]]:
    """(topic, its subjects with the newest figure or None of each series)."""
    found: dict[str, list[Any]] = {}
    for subject in collection.subjects:
        figures = [collection.newest.get((series, subject)) for series in collection.series]
        found.setdefault(subject.topic, []).append((subject, figures))
    return list(found.items())


def _data(collection: Collection) -> list[dict[str, Any]]:
    """All figures, for further computation: seconds, items and bytes, never rounded."""
    return [
        {
            "topic": one.subject.topic,
            "benchmark": one.subject.name,
            "framework": one.series.framework,
            **one.series.place._asdict(),
            "commit": version(one.run),
            "when": one.run.when,
            "median_seconds": one.median,
            "iqr_seconds": one.stats["iqr"],
            "items_per_second": one.throughput,
            "unit": one.unit,
            **{name: one.number(name) for name in FACTS if one.number(name)},
            **({"pair": one.pair} if one.pair else {}),
        }
        for one in collection.figures
    ]
