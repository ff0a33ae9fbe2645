"""`kata bench regress` for a project's own benchmarks: its working tree against another revision of it."""

from __future__ import annotations

import importlib.metadata
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from _pytest.skipping import evaluate_skip_marks

from katagrad.bench.messages import label
from katagrad.bench.own.fixture import Lacking, OwnBench, OwnLauncher
from katagrad.bench.own.plugin import takes_bench
from katagrad.bench.own.project import Code
from katagrad.bench.own.session import code_of
from katagrad.bench.regress import checkout
from katagrad.bench.regress.collection import run_collection
from katagrad.bench.regress.regress import BASE, HEAD, Report, judge
from katagrad.bench.regress.twins import (
    Capturing,
    Conditions,
    Lane,
    Setting,
    Unmeasurable,
)
from katagrad.bench.runner import warnings
from katagrad.boundary.process import Pool


class _OwnSide(Capturing, OwnBench):
    """The `bench` of a project's benchmark in one lane."""


@dataclass(frozen=True)
class OwnBenchmark:
    """A benchmark of a project.

    argued: fixtures of pytest that it asks for. prepared: what pytest alone would run before it. skipped: why its
    mark skips it.
    """

    code: Code
    name: str
    function: Any = field(repr=False, compare=False)
    parameters: dict[str, Any] = field(compare=False)
    argued: tuple[str, ...] = ()
    prepared: tuple[str, ...] = ()
    skipped: str | None = None

    @property
    def label(self) -> str:
        """How a report names it."""
        return f"{self.code.name}::{self.name}"

    def side(self, lane: Lane, pool: Pool, conditions: Conditions) -> Any:
        """The `bench` that stands for one lane."""
        project = replace(self.code.project, root=lane.folder)
        setting: Any = Setting(lane, pool, conditions)
        return _OwnSide(None, setting, replace(self.code, project=project), self.name)

    def call(self, side: Any) -> None:
        """Run the benchmark's function with a side. Raises Unmeasurable if it needs more of pytest than `bench`."""
        if self.argued:
            raise Unmeasurable(
                f"it takes the fixture{'s' if len(self.argued) > 1 else ''} {', '.join(self.argued)}, and outside of "
                "pytest there is only `bench`: use a function for bench.call instead"
            )
        if self.prepared:
            raise Unmeasurable(
                f"pytest runs {' and '.join(self.prepared)} before it, and outside of pytest nothing does: use a "
                "function for bench.call instead"
            )
        self.function(bench=side, **self.parameters)

    def is_new(self, lanes: Sequence[Lane], reason: Unmeasurable) -> bool:
        """Whether the base lacks a module, or a name in it, that the head has."""
        base, head = (replace(self.code.project, root=lane.folder) for lane in lanes)
        if reason.lane != lanes[0].name or not isinstance(reason.cause, Lacking):
            return False
        now, before = (one.module(reason.cause.module) for one in (head, base))
        if now is not None and before is None and checkout.ignored(head.root, now):
            reason.hint = (
                f"git ignores {now.relative_to(head.root)}, so a checkout has none: add the file to git, or let the "
                "benchmarks do without it"
            )
            return False
        return now is not None and (before is None or before.read_bytes() != now.read_bytes())

    def check(self, side: Any, lane: Lane) -> None:
        """Raise Unmeasurable unless the lane's code is its own checkout's."""
        own, now = lane.folder.resolve(), self.code.project.root
        if own == now:
            return
        # Some modules have a made-up file, which is relative.
        files = [Path(file).resolve() for file in side._ask("origins") if Path(file).is_absolute()]
        inside = [f for f in files if f.is_relative_to(own) and f != own / self.code.file]
        prefix = Path(sys.prefix).resolve()
        strays = [f for f in files if f.is_relative_to(now) and not f.is_relative_to(prefix)]
        strays = [f for f in strays if not f.is_relative_to(own)]
        if strays:
            raise Unmeasurable(
                f"it imported {strays[0].relative_to(now)} of the working tree, not of the revision: add the folder "
                "that imports start from to `pythonpath` in pytest's settings",
                lane.name,
            )
        if not inside:
            raise Unmeasurable(
                "it imports nothing of the project, so both revisions would run the same code: move what is timed "
                f"from {self.code.file.name} to a module of the project",
                lane.name,
            )


class _Collector:
    """Keeps the benchmarks that pytest collects."""

    def __init__(self) -> None:
        self.found: list[OwnBenchmark] = []
        self.fault = ""

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            if not takes_bench(item):
                continue
            about: Any = item
            given = _given(about)
            argued = [name for name in about._fixtureinfo.argnames if name not in given]
            argued += [name for mark in item.iter_markers("usefixtures") for name in mark.args]
            argued = [name for name in dict.fromkeys(argued) if name != "bench"]
            try:
                self.found.append(
                    OwnBenchmark(
                        code_of(item),
                        label(item),
                        about.obj,
                        given,
                        tuple(argued),
                        _prepared(about),
                        _skipped(item),
                    )
                )
            except (ValueError, pytest.fail.Exception) as error:
                self.fault = str(error)
                return


def _given(item: Any) -> dict[str, Any]:
    """The arguments that `parametrize` gives as they are; a fixture makes something else of its parameter."""
    params = dict(item.callspec.params) if hasattr(item, "callspec") else {}
    made = item._fixtureinfo.name2fixturedefs
    return {
        name: value
        for name, value in params.items()
        if name not in made or made[name][-1].func.__module__.startswith("_pytest.")
    }


def _prepared(item: Any) -> tuple[str, ...]:
    """What a benchmark's own file or class has pytest run before it: set-up functions, and autouse fixtures."""
    places: list[tuple[Any, tuple[str, ...]]] = [(item.module, ("setUpModule", "setup_module"))]
    if item.cls is None:
        places.append((item.module, ("setup_function",)))
    else:
        places.append((item.cls, ("setup_class", "setup_method")))
    found = [name for place, names in places for name in names if hasattr(place, name)]
    about = item._fixtureinfo
    for name in about.initialnames:
        definitions = about.name2fixturedefs.get(name)
        asked = name in about.argnames
        if definitions and not asked and definitions[-1].func.__module__ == item.module.__name__:
            found.append(name)
    return tuple(found)


def _skipped(item: pytest.Item) -> str | None:
    """Why a mark skips a benchmark; None if none does."""
    found = evaluate_skip_marks(item)
    return None if found is None else found.reason


def collect(
    paths: Sequence[str], select: str, framework: str | None
) -> tuple[list[OwnBenchmark], list[str]]:
    """The benchmarks in files and folders, and a line for each that its mark skips.

    Raises Unmeasurable if there are none, or pytest cannot collect.
    """
    for path in paths:
        if not Path(path.partition("::")[0]).exists():
            raise Unmeasurable(f"there is no file or folder {path}")
    points = importlib.metadata.entry_points(group="pytest11")
    known = any(point.value == "katagrad.bench.own.plugin" for point in points)
    arguments = [] if known else ["-p", "katagrad.bench.own.plugin"]
    arguments += ["--bench-framework", framework] if framework else []
    arguments += ["-k", select] if select else []
    here = Path.cwd()
    sys.path += [str(one) for one in (here, here / "src") if str(one) not in sys.path]
    collector = _Collector()
    run_collection([*arguments, *paths], collector)
    if collector.fault:
        raise Unmeasurable(collector.fault)
    if not collector.found:
        where = " and ".join(paths)
        raise Unmeasurable(
            f"{where} {'has' if len(paths) == 1 else 'have'} no benchmark"
            + (f" that matches {select!r}" if select else "")
            + ": a benchmark is a function bench_*(bench) in a file bench_*.py, or a test_*(bench) in a test file"
        )
    skipped = [one for one in collector.found if one.skipped is not None]
    notes = [f"not timed, skipped by its mark: {one.label}: {one.skipped}" for one in skipped]
    if len(skipped) == len(collector.found):
        raise Unmeasurable(
            f"every benchmark is skipped by its mark, such as {notes[0].partition(': ')[2]}"
        )
    return [one for one in collector.found if one.skipped is None], notes


@dataclass(frozen=True)
class OwnComparison:
    """What to compare. paths: files and folders of benchmarks. framework: None for what their files import."""

    against: str
    paths: Sequence[str]
    conditions: Conditions
    framework: str | None = None
    every: bool = False
    select: str = ""


def run(wanted: OwnComparison, advance: Callable[[int, int, str], None]) -> Report:
    """Time and judge. Raises checkout.Unavailable, Unmeasurable or NotGraded where nothing can be timed at all."""
    found, notes = collect(wanted.paths, wanted.select, wanted.framework)
    root = found[0].code.project.root
    tree = checkout.top(root)
    report = Report(checkout.commit(tree, wanted.against), kind="file", notes=notes)
    report.notes += warnings(wanted.conditions.threads)
    if not wanted.every and not checkout.differs(tree, report.commit, root):
        report.unchanged = list(dict.fromkeys(one.code.name for one in found))
        return report
    with tempfile.TemporaryDirectory(prefix="katagrad-base-") as room:
        other = Path(room) / "checkout"
        checkout.check_out(tree, report.commit, other)
        base = other / root.relative_to(tree.resolve())
        if not base.is_dir():
            raise checkout.Unavailable(
                f"{wanted.against} has no folder {root.relative_to(tree.resolve()).as_posix()}"
            )
        if checkout.pins(base) != checkout.pins(root):
            report.notes.append(
                "pyproject.toml or constraints.txt differ; both were timed with the libraries of now"
            )
        lanes = [Lane(BASE, base), Lane(HEAD, root)]
        for framework, some in grouped(found).items():
            conditions = replace(wanted.conditions, framework=framework)
            judge(some, lanes, conditions, report, advance, OwnLauncher)
    return report


def grouped(found: Sequence[OwnBenchmark]) -> dict[str, list[OwnBenchmark]]:
    """The benchmarks of each framework."""
    groups: dict[str, list[OwnBenchmark]] = {}
    for one in found:
        groups.setdefault(one.code.framework, []).append(one)
    return groups
