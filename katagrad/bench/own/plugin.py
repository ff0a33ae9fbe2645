"""The pytest plugin for benchmarks in any project; the package's entry point loads it in every run of pytest.

It imports next to nothing until a benchmark takes its fixture `bench`. Then `Benchmarks` joins in.
"""

from __future__ import annotations

import argparse
import fnmatch
import importlib.util
import inspect
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from katagrad.bench.own.project import FRAMEWORKS, is_ours
from katagrad.errors import at_least_one


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options with a prefix of their own: other plugins may have a --threads."""
    group = parser.getgroup("katagrad bench", "timing of one's own code with the fixture `bench`")
    add = group.addoption
    add(
        "--bench-framework",
        choices=FRAMEWORKS,
        help="framework of the benchmarks (default: what their files import)",
    )
    add(
        "--bench-threads",
        type=at_least_one,
        default=1,
        help="threads inside an operation (default: 1)",
    )
    add(
        "--bench-device",
        type=_device,
        default="cpu",
        help="cpu, cuda, or cuda:1 for the second GPU (default: cpu)",
    )
    add(
        "--bench-mode",
        choices=("eager", "compiled"),
        default="eager",
        help="compiled: tf.function, torch.compile",
    )
    add(
        "--bench-profile",
        metavar="DIR",
        type=Path,
        help="also write a flame graph and a table of operators for each benchmark into DIR",
    )
    add("--bench-quick", action="store_true", help="time five blocks instead of twenty")


def _device(text: str) -> str:
    kind, _, number = text.partition(":")
    if text in ("cpu", "cuda") or (kind == "cuda" and number.isdecimal()):
        return text
    raise argparse.ArgumentTypeError(f"there is no device {text!r}; there are cpu, cuda, cuda:1")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line(
        "markers", "bench(framework): the framework of a benchmark whose file imports several"
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect bench_*.py below the folders that the command line or `testpaths` names; not for `pytest` alone."""
    session, config = parent.session, parent.config
    if not file_path.name.startswith("bench_") or not is_ours(file_path):
        return None
    patterns = config.getini("python_files")
    if session.isinitpath(file_path) or any(fnmatch.fnmatch(file_path.name, p) for p in patterns):
        return None  # pytest collects it itself
    if config.args_source == pytest.Config.ArgsSource.INVOCATION_DIR:
        return None
    made: pytest.Collector = OwnModule.from_parent(parent, path=file_path)
    return made


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    """Collect a file bench_*.py that pytest collects itself."""
    if not is_ours(module_path):
        return None
    made: pytest.Module = OwnModule.from_parent(parent, path=module_path)
    return made


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(
    collector: pytest.Collector, name: str, obj: object
) -> pytest.Collector | None:
    """Collect a class Bench* or Test* of a file bench_*.py."""
    if not isinstance(collector, (OwnModule, OwnClass)) or not inspect.isclass(obj):
        return None
    if issubclass(obj, getattr(sys.modules.get("unittest"), "TestCase", ())):
        return None  # pytest's plugin for these collects them
    if not name.startswith("Bench") and not collector.istestclass(obj, name):
        return None
    made: pytest.Collector = OwnClass.from_parent(collector, name=name, obj=obj)
    return made


class Benchmarked:
    """Functions bench_* are benchmarks beside those that pytest finds. A mixin."""

    def funcnamefilter(self, name: str) -> bool:
        """Whether a function is a benchmark or a test."""
        found: bool = super().funcnamefilter(name)  # type: ignore[misc]
        return found or name.startswith("bench_")


class OwnModule(Benchmarked, pytest.Module):
    """A file bench_*.py."""


class OwnClass(Benchmarked, pytest.Class):
    """A class in such a file."""


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, object, object]:
    """Where benchmarks were collected, let the rest of the plugin join in."""
    # Before pytest-benchmark looks: --benchmark-only and --benchmark-skip go by this name.
    for item in filter(takes_bench, items):
        if "benchmark" not in item.fixturenames:  # type: ignore[attr-defined]
            item.fixturenames.append("benchmark")  # type: ignore[attr-defined]
    result = yield
    join(config, items)
    return result


def join(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Register what a run with benchmarks needs. Raises UsageError if pytest-benchmark is not there."""
    chosen = [item for item in items if takes_bench(item)]
    if not chosen:
        return
    if importlib.util.find_spec("pytest_benchmark") is None:
        raise pytest.UsageError(
            "the fixture `bench` needs pytest-benchmark: pip install 'katagrad[bench]'"
        )
    if not config.pluginmanager.hasplugin("benchmark"):
        raise pytest.UsageError(
            "the fixture `bench` needs the plugin pytest-benchmark, which is switched off: leave out "
            "`-p no:benchmark`, or add `-p pytest_benchmark.plugin`"
        )
    from katagrad.bench.own.session import Benchmarks

    config.pluginmanager.register(Benchmarks(config, chosen), "katagrad-benchmarks")


def takes_bench(item: pytest.Item) -> bool:
    """Whether an item takes this plugin's `bench`, not one of the project's own fixtures of that name."""
    about = getattr(item, "_fixtureinfo", None)
    found: Any = about.name2fixturedefs.get("bench") if about is not None else None
    return bool(found) and found[-1].func.__module__ == __name__


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Time a function of one's own in a worker: `bench.time(function, x, items=..., unit=...)`."""
    yield from request.config.pluginmanager.getplugin("katagrad-benchmarks").serve(request)
