"""What a run of pytest needs once a project's benchmarks take `bench`: workers, ceilings, and their reports."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from importlib.util import decode_source
from typing import Any

import pytest

from katagrad.bench import messages
from katagrad.bench.fixture import CLOCK
from katagrad.bench.own.fixture import OwnBench, OwnRunner
from katagrad.bench.own.project import Code, frameworks, one_framework, project_of
from katagrad.bench.runner import warnings
from katagrad.errors import Failure, NotGraded

FRAMEWORKS = pytest.StashKey[set[str]]()


def code_of(item: pytest.Item) -> Code:
    """A benchmark's file as the worker needs it. Raises ValueError if its framework cannot be determined."""
    config = item.config
    source = decode_source(item.path.read_bytes())  # in the encoding that the file names
    project = project_of(config.rootpath, item.path)
    mark = item.get_closest_marker("bench")
    asked = config.getoption("--bench-framework") or (mark and mark.kwargs.get("framework"))
    module: Any = item.getparent(pytest.Module)
    found: set[str] = set()
    if not asked:  # once for each file, since the modules behind it are read, too
        if FRAMEWORKS not in module.stash:
            module.stash[FRAMEWORKS] = frameworks(project, item.path, source)
        found = module.stash[FRAMEWORKS]
    path = item.path.resolve()
    if not path.is_relative_to(project.root):
        raise ValueError(
            f"{path.name} is outside of pytest's root folder {project.root}; pass --rootdir with the project's folder"
        )
    file = path.relative_to(project.root)
    name = module.obj.__name__
    return Code(project, file, name, source, one_framework(found, asked, file.name))


class Benchmarks:
    """A plugin that is registered once benchmarks were collected."""

    def __init__(self, config: pytest.Config, items: Sequence[pytest.Item]) -> None:
        if not config.option.collectonly:
            messages.check_places(config, "--bench-profile")
        self.config, self.runners = config, dict[str, OwnRunner]()
        self.progress = messages.Progress()
        self.progress.total = len(items)
        self.chosen = set(items)
        for item in items:
            if hasattr(config, "workerinput"):
                item.add_marker(messages.ALONE)
            group = item.path.stem
            item.add_marker(
                pytest.mark.benchmark(timer=CLOCK, group=group, warmup=False, disable_gc=False)
            )
            # A failure is reported as such; that nothing was timed then needs no warning.
            item.add_marker(
                pytest.mark.filterwarnings("ignore:Benchmark fixture was not used at all")
            )

    def serve(self, request: pytest.FixtureRequest) -> Iterator[OwnBench]:
        """The `bench` of one benchmark."""
        item = request.node
        benchmark = request.getfixturevalue("benchmark")
        refused = lacking = ""
        try:
            code = code_of(item)
            runner = self._runner(code.framework)
            lacking = runner.lacking()
            if not lacking:
                runner.refresh()
                runner.bound()
                made = OwnBench(benchmark, runner, code, messages.label(item))
        except (Failure, NotGraded, ValueError) as reason:
            refused = str(reason)
        # Outside of the handler: pytest would show the first exception, too.
        if refused:
            pytest.fail(refused, pytrace=False)
        if lacking:
            pytest.skip(lacking)
        yield made
        made.close()

    def _runner(self, framework: str) -> OwnRunner:
        if framework not in self.runners:
            given = self.config.getoption
            self.runners[framework] = OwnRunner(
                framework,
                given("--bench-threads"),
                given("--bench-device"),
                given("--bench-quick"),
                given("--bench-mode"),
            )
            self.runners[framework].profile = given("--bench-profile")
        return self.runners[framework]

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        """Report a failure of what was timed in one line."""
        if pyfuncitem not in self.chosen:
            return (yield)
        try:
            done = yield
        except (Failure, NotGraded) as caught:
            reason = caught
        else:
            made = pyfuncitem.funcargs.get("bench")
            if not getattr(made, "timed", True):
                pytest.fail("it times nothing: call bench.time(function) in it", pytrace=False)
            return done
        timed: Any = pyfuncitem.funcargs["benchmark"]
        messages.end(reason, timed, [one.pool.limits.memory for one in self.runners.values()])

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Warn of a busy machine, and hide the names of files if only benchmarks run."""
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None or session.config.option.collectonly:
            return
        for line in warnings(session.config.getoption("--bench-threads")):
            reporter.write_line(line, yellow=True)
        if len(self.chosen) == len(session.items):
            reporter.showfspath = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Record the outcome of a benchmark."""
        report = yield
        if item in self.chosen:
            self.progress.note(item, report, call.excinfo)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.TestReport, config: pytest.Config
    ) -> tuple[str, str, str] | None:
        """Show a line for each benchmark instead of pytest's dots."""
        return messages.status(self.progress, report, config)

    @pytest.hookimpl(optionalhook=True)
    def pytest_benchmark_update_json(self, output_json: dict[str, Any]) -> None:
        """Record in the result file which benchmarks were not run, and why."""
        output_json["not_run"] = self.progress.not_run

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the result file where nothing could be run, too."""
        messages.write_empty(session.config)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The pairs in one table, and what was not run."""
        messages.summary(terminalreporter, self.progress)

    def pytest_unconfigure(self) -> None:
        """End all workers."""
        for runner in self.runners.values():
            runner.close()
