"""The pytest plugin of the benchmarks: collects `bench_*` in benchmarks/<topic>.py, and gives them `bench`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from katagrad.bench.fixture import CLOCK, Bench, Runner
from katagrad.submission import Submission
from katagrad.topics import Topic, topics

RUNNERS = pytest.StashKey[dict[str, Runner]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of timing; --framework, --submission, --threads and --device are those of grading."""
    group = parser.getgroup("katagrad benchmarks")
    group.addoption(
        "--size", default="small", help="small, all, or the name of a size (default: small)"
    )
    group.addoption(
        "--quick", action="store_true", help="five blocks instead of twenty: a first look"
    )
    group.addoption(
        "--mode",
        default="eager",
        choices=("eager", "compiled"),
        help="compiled: tf.function, torch.compile",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the place of the runners."""
    config.stash[RUNNERS] = {}


def pytest_unconfigure(config: pytest.Config) -> None:
    """End all workers."""
    for runner in config.stash.get(RUNNERS, {}).values():
        runner.close()


def topic_of(path: Path) -> Topic | None:
    """The topic of `benchmarks/<topic>.py`."""
    return (
        topics().get(path.stem)
        if path.suffix == ".py" and path.parent.name == "benchmarks"
        else None
    )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a topic's benchmarks where pytest would not."""
    if topic_of(file_path) is None or parent.session.isinitpath(file_path):
        return None
    made: pytest.Collector = BenchModule.from_parent(parent, path=file_path)
    return made


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    """Collect a topic's benchmarks that were named on the command line."""
    if topic_of(module_path) is None:
        return None
    made: pytest.Module = BenchModule.from_parent(parent, path=module_path)
    return made


class BenchModule(pytest.Module):
    """The benchmarks of one topic."""

    def funcnamefilter(self, name: str) -> bool:
        """Functions named bench_* are benchmarks."""
        return name.startswith("bench_")

    def classnamefilter(self, name: str) -> bool:  # noqa: ARG002
        """No classes."""
        return False


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Hand benchmarks to pytest-benchmark under the worker's clock, and leave out the sizes that were not asked for."""
    wanted = config.getoption("--size")
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        if item.getparent(BenchModule) is None:
            kept.append(item)
            continue
        item.add_marker(
            pytest.mark.benchmark(timer=CLOCK, group=item.path.stem, warmup=False, disable_gc=False)
        )
        size = _size(item)
        (kept if wanted == "all" or size in (None, wanted) else left).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept


def _size(item: pytest.Item) -> str | None:
    call = getattr(item, "callspec", None)
    return call.params.get("size") if call else None


def runner_of(config: pytest.Config, home: Path) -> Runner:
    """The runner of this session's framework, begun when first asked for. home: holds solutions/."""
    framework = config.getoption("--framework")
    if framework is None:
        raise pytest.UsageError(
            "say which framework is timed: --framework torch or --framework tensorflow; one a run"
        )
    runners = config.stash[RUNNERS]
    if framework not in runners:
        given = config.getoption("--submission")
        folder = (
            Path(config.invocation_params.dir, given) if given else home / "solutions" / framework
        )
        runners[framework] = Runner(
            Submission(folder.resolve(), framework),
            framework,
            config.getoption("--threads"),
            config.getoption("--device"),
            config.getoption("--quick"),
            config.getoption("--mode"),
        )
    return runners[framework]


@pytest.fixture(scope="module")
def calibrated(request: pytest.FixtureRequest) -> Runner:
    """The runner, with the machine's ceilings measured shortly before this topic."""
    runner = runner_of(request.config, request.path.parent.parent)
    runner.calibrate()
    return runner


@pytest.fixture
def bench(request: pytest.FixtureRequest, calibrated: Runner, benchmark: Any) -> Iterator[Bench]:
    """Time a call of the topic's solution in a worker: `bench.time("softmax", x, items=..., unit=...)`."""
    topic = topic_of(request.path)
    assert topic is not None
    made = Bench(benchmark, calibrated, topic, request.node.name, _size(request.node))
    yield made
    made.close()
