"""The pytest plugin of the benchmarks: collects `bench_*` in benchmarks/<topic>.py, and gives them `bench`."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from katagrad.bench import machine, messages
from katagrad.bench.fixture import CLOCK, Bench
from katagrad.bench.runner import Runner, warnings
from katagrad.errors import Failure, NotGraded
from katagrad.grading.submission import Submission
from katagrad.topics import Topic, topics

RUNNERS = pytest.StashKey[dict[str, Runner]]()
PRECISIONS = ("float32", "tf32", "float16", "bfloat16")
BENCHMARKS = pytest.StashKey[messages.Progress]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of timing; --framework, --submission, --threads and --device are those of grading."""
    group = parser.getgroup("katagrad benchmarks")
    add = group.addoption
    add("--size", default="small", help="small, all, or the name of a size (default: small)")
    add(
        "--profile",
        metavar="DIR",
        type=Path,
        help="also write a flame graph and a table of operators for each benchmark into DIR",
    )
    add("--quick", action="store_true", help="time five blocks instead of twenty")
    add(
        "--mode",
        default="eager",
        choices=("eager", "compiled", "xla"),
        help="compiled: tf.function, torch.compile; xla: tf.function with XLA",
    )
    add(
        "--precision",
        default="float32",
        choices=PRECISIONS,
        help="tf32 rounds products of float32; float16 and bfloat16 apply to inputs and layers; without a GPU, only "
        "bfloat16, on a processor that computes in it",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the place of the runners."""
    config.stash[RUNNERS] = {}
    config.stash[BENCHMARKS] = messages.Progress()
    precision = config.getoption("--precision")
    here = precision == "float32" or (precision == "bfloat16" and machine.has_bfloat16())
    if config.getoption("--device") == "cpu" and not here:
        raise pytest.UsageError(
            f"--precision {precision} is for a GPU: add --device cuda, or leave it out"
        )
    if config.getoption("--mode") == "xla" and config.getoption("--framework") == "torch":
        raise pytest.UsageError("--mode xla is for --framework tensorflow; torch has compiled")


def pytest_unconfigure(config: pytest.Config) -> None:
    """End all workers."""
    for runner in config.stash.get(RUNNERS, {}).values():
        runner.close()


def home_of(path: Path) -> Path | None:
    """The folder that holds benchmarks/, for `benchmarks/<file>` and `benchmarks/pairs/<file>`; None for others."""
    below = path.parent.parent if path.parent.name == "pairs" else path.parent
    return below.parent if below.name == "benchmarks" and path.suffix == ".py" else None


def topic_of(path: Path) -> Topic | None:
    """The topic of `benchmarks/<topic>.py` or `benchmarks/pairs/<topic>.py`."""
    return topics().get(path.stem) if home_of(path) is not None else None


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

    def _getobj(self) -> Any:
        """The module, with a fixture `bench` of its own: that of the plugin for other projects may come later."""
        found: Any = super()._getobj()  # type: ignore[no-untyped-call]
        found.bench = bench
        return found

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
        if hasattr(config, "workerinput"):
            item.add_marker(messages.ALONE)
        group = "pairs" if item.path.parent.name == "pairs" else item.path.stem
        item.add_marker(
            pytest.mark.benchmark(timer=CLOCK, group=group, warmup=False, disable_gc=False)
        )
        size = _size(item)
        chosen = wanted == "all" or size in (None, wanted)
        (kept if chosen else left).append(item)
        config.stash[BENCHMARKS].total += chosen
    chosen_any = config.stash[BENCHMARKS].total > 0
    if left and not chosen_any:
        raise pytest.UsageError(messages.no_such_size(wanted, [_size(item) for item in left]))
    if chosen_any and not config.option.collectonly:
        framework_of(config)
        messages.check_places(config, "--profile")
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept


def pytest_collection_finish(session: pytest.Session) -> None:
    """Hide the names of files if only benchmarks run, since their lines have them already."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    total = session.config.stash[BENCHMARKS].total
    if reporter is None or not total:
        return
    if not session.config.option.collectonly:
        for line in warnings(session.config.getoption("--threads")):
            reporter.write_line(line, yellow=True)
    if total == len(session.items):
        reporter.showfspath = False


def framework_of(config: pytest.Config) -> str:
    """The framework that is timed. Raises UsageError, once for all benchmarks, where none was named."""
    framework = config.getoption("--framework")
    if framework is None:
        raise pytest.UsageError(
            "benchmarks need a framework: add --framework torch or --framework tensorflow (one for each run)"
        )
    return str(framework)


def _size(item: pytest.Item) -> str | None:
    call = getattr(item, "callspec", None)
    return call.params.get("size") if call else None


def runner_of(config: pytest.Config, home: Path) -> Runner:
    """The runner of this session's framework, started on first use. home: holds solutions/."""
    framework = framework_of(config)
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
            config.getoption("--precision"),
        )
        runners[framework].profile = config.getoption("--profile")
    return runners[framework]


@pytest.fixture(scope="module")
def calibrated(request: pytest.FixtureRequest) -> Runner:
    """The runner, with the machine's ceilings measured shortly before this topic."""
    home = home_of(request.path)
    assert home is not None
    runner = runner_of(request.config, home)
    try:
        lacking = runner.lacking()
        if not lacking:
            runner.refresh()
    except (Failure, NotGraded) as reason:
        pytest.fail(str(reason), pytrace=False)
    if lacking:
        pytest.skip(lacking)
    return runner


@pytest.fixture
def bench(request: pytest.FixtureRequest, calibrated: Runner, benchmark: Any) -> Iterator[Bench]:
    """Time a call of the topic's solution in a worker: `bench.time("softmax", x, items=..., unit=...)`."""
    topic = topic_of(request.path)
    assert topic is not None
    calibrated.bound()
    try:
        made = Bench(benchmark, calibrated, topic, request.node.name, _size(request.node))
    except (Failure, NotGraded) as reason:
        pytest.fail(str(reason), pytrace=False)
    yield made
    made.close()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Report a worker's failure in one line: out of memory counts as "not run", anything else as failed."""
    if pyfuncitem.getparent(BenchModule) is None:
        return (yield)
    try:
        return (yield)
    except (Failure, NotGraded) as caught:
        reason = caught
    runners = pyfuncitem.config.stash[RUNNERS].values()
    limits = [one.pool.limits.memory for one in runners]
    messages.end(reason, pyfuncitem.funcargs["benchmark"], limits)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Record the outcome of a benchmark, for the progress line and the list of what was not run."""
    report = yield
    if item.getparent(BenchModule) is not None:
        item.config.stash[BENCHMARKS].note(item, report, call.excinfo)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(
    report: pytest.TestReport, config: pytest.Config
) -> tuple[str, str, str] | None:
    """Show a line for each benchmark instead of pytest's dots."""
    return messages.status(config.stash[BENCHMARKS], report, config)


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    """Record in the result file which benchmarks were not run, and why."""
    output_json["not_run"] = config.stash[BENCHMARKS].not_run


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the result file where nothing could be run, too: pytest-benchmark would leave it empty."""
    if session.config.stash[BENCHMARKS].total:
        messages.write_empty(session.config)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The pairs in one table, and what was not run."""
    messages.summary(terminalreporter, config.stash[BENCHMARKS])
