"""The output of a run of benchmarks: a line for each, the table of pairs, and what was not run, with the reason."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest

from katagrad.bench import machine
from katagrad.errors import Ended, StudentError, refusal
from katagrad.files import check_place

ASKED = re.compile(r"allocate ([\d.]+) ?(bytes|MiB|GiB)", re.IGNORECASE)
# For a benchmark in a worker of xdist: pytest-benchmark times nothing there, and two at once slow each other down.
ALONE = pytest.mark.skip(reason="benchmarks are timed one by one: leave out -n")
UNITS = {"bytes": 1, "mib": 1 << 20, "gib": 1 << 30}


def label(item: pytest.Item) -> str:
    """The name of a benchmark in its file, with its class: "TestNet::test_step[64]"."""
    return item.nodeid.partition("::")[2] or item.name


class Progress:
    """Collects the outcome of each benchmark of a session.

    total: how many were chosen. not_run: {"name", "topic", "reason"} of each that has no figure.
    """

    def __init__(self) -> None:
        self.total = self.done = 0
        self.not_run: list[dict[str, str]] = []
        self.pairs: list[dict[str, Any]] = []
        self._lines: dict[str, str] = {}

    def note(self, item: pytest.Item, report: pytest.TestReport, excinfo: Any) -> None:
        """Keep a report of a benchmark's setup or call."""
        if report.when == "teardown" or (report.when == "setup" and report.passed):
            return
        self.done += 1
        head = f"[{self.done:>{len(str(self.total))}}/{self.total}] {item.path.stem}: {label(item)}"
        if report.passed:
            benchmark = getattr(item, "funcargs", {}).get("benchmark")
            text = _figures(benchmark)
            if benchmark is not None and "pair" in benchmark.extra_info:
                about = benchmark.extra_info
                self.pairs.append({"name": f"{item.path.stem}: {label(item)}", **about["pair"]})
        else:
            reason = excinfo.value.args[0] if excinfo and excinfo.value.args else ""
            # Without an exception, pytest says why: it passed against its mark.
            reason = str(
                getattr(excinfo.value, "msg", None) or reason if excinfo else report.longrepr
            )
            state = "not run" if report.skipped else "failed"
            text = f"{state}: {reason.splitlines()[0] if reason else type(excinfo.value).__name__}"
            name = f"{item.path.stem}::{label(item)}"
            _forget(item)
            why = text.removeprefix("not run: ")
            self.not_run.append({"name": name, "topic": item.path.stem, "reason": why})
        self._lines[report.nodeid + str(report.when)] = f"{head}  {text}"

    def line(self, report: pytest.TestReport) -> str | None:
        """The line of a benchmark's report, once: pytest asks again for its summary. None for any other report."""
        return self._lines.pop(report.nodeid + str(report.when), None)


def status(
    progress: Progress, report: pytest.TestReport, config: pytest.Config
) -> tuple[str, str, str] | None:
    """Write a benchmark's line, and return pytest's category of it without a letter; None for other reports."""
    line = progress.line(report)
    if line is None:
        return None
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.ensure_newline()
        # With -q, the dots of other tests stand in the line.
        if getattr(getattr(reporter, "_tw", None), "width_of_current_line", 0):
            reporter.write_line("")
        reporter.write_line(line)
    return report.outcome, "", "FAILED" if report.failed else ""


def end(reason: Exception, timed: Any, limits: Sequence[int]) -> NoReturn:
    """End a benchmark whose worker failed: out of memory counts as "not run", anything else as failed.

    timed: pytest-benchmark's fixture. limits: bytes that the workers could use at most.
    """
    timed.skipped = True  # else pytest-benchmark warns that it was not used
    lacks = ""
    if isinstance(reason, (StudentError, Ended)):
        lacks = lacks_memory(reason, max(limits, default=0))
    if lacks:
        pytest.skip(lacks)
    pytest.fail(str(reason), pytrace=False)


def _forget(item: pytest.Item) -> None:
    """Drop the figure of a benchmark that failed after its timing, so that no file both has it and says "failed"."""
    stats = getattr(getattr(item, "funcargs", {}).get("benchmark"), "stats", None)
    kept = getattr(item.config, "_benchmarksession", None)
    if kept is not None and stats is not None:
        kept.benchmarks[:] = [one for one in kept.benchmarks if one is not stats]


def _figures(benchmark: Any) -> str:
    stats = getattr(benchmark, "stats", None)
    info = getattr(benchmark, "extra_info", {})
    if stats is None or not info:
        return "done"
    parts = [_scaled(stats.stats.median, "s"), _scaled(info["throughput"], f"{info['unit']}/s")]
    for key, ceiling in (("share_of_flops", "FLOP/s"), ("share_of_bytes", "bandwidth")):
        if key in info:
            parts.append(f"{info[key]:.2g} of {ceiling}")
    if info.get("call_memory"):
        parts.append(f"{_scaled(info['call_memory'], 'B')} a call")
    if info.get("retraces"):
        parts.append(f"compiled {info['retraces']} times more while it was timed")
    if "profile" in info:
        parts.append(f"profile in {info['profile']}")
    if "not_profiled" in info:
        parts.append(f"no profile: {info['not_profiled']}")
    if "pair" in info:
        parts = [parts[0], _ratio(info["pair"])]
    return ", ".join(parts)


def _scaled(value: float, unit: str) -> str:
    """A figure with three digits and a prefix: "25.1 us", "3.2 Grows/s" is written "3.2 G rows/s"."""
    for scale, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "u")):
        if value >= 0.9995 * scale:
            if scale < 1 and unit.endswith("/s"):
                break
            gap = " " if prefix and len(unit) > 1 else ""
            return f"{value / scale:.3g} {prefix}{gap}{unit}"
    # A rate below one a second: "0.667 calls/s", since "667 m calls/s" reads as metres.
    return f"{value:.3g} {unit}" if unit.endswith("/s") else f"{value * 1e9:.3g} n{unit}"


def _ratio(pair: dict[str, Any]) -> str:
    span = f"[{pair['low']:.3g}, {pair['high']:.3g}]"
    return f"{pair['ratio']:.3g} {span} times the time of {_other(pair)}"


def _other(pair: dict[str, Any]) -> str:
    """What a pair was timed against. Result files say "itself", which a reader would read twice."""
    return str(pair["against"]).replace("itself", "the same code", 1)


def lacks_memory(reason: StudentError | Ended, limit: int) -> str:
    """One line if a benchmark ran out of memory, else "". limit: the bytes that its worker could use at most."""
    text = reason.detail if isinstance(reason, StudentError) else str(reason)
    kinds = reason.kinds if isinstance(reason, StudentError) else ()
    short = "MemoryError" in kinds or "OutOfMemoryError" in kinds
    short = short or "out of memory" in text or "bad_alloc" in text
    if not short:
        return ""
    found = ASKED.search(text)
    asked = float(found[1]) * UNITS[found[2].lower()] if found else 0.0
    more = f" {machine.gib(asked)} more" if asked else " more memory"
    free = f"than the {machine.gib(limit)} that are free" if limit < 1 << 40 else "than there is"
    return f"needs{more} {free}"


def no_such_size(wanted: str, sizes: Sequence[str | None]) -> str:
    """The line for a --size that no benchmark has. sizes: of all benchmarks that the other options select."""
    known = list(dict.fromkeys(size for size in sizes if size))
    near = difflib.get_close_matches(wanted, [*known, "all"], 1)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    return (
        f"--size {wanted}: none of the {len(sizes)} benchmarks has this size; they have {', '.join(known)}. "
        f"With --size all, every size is timed.{meant}"
    )


def check_places(config: pytest.Config, profile: str) -> None:
    """Make the folders of --benchmark-json and of profiles. Raises UsageError if a file cannot be written there.

    profile: the option that names the folder of profiles.
    """
    path, folder = config.getoption("benchmark_json", None), config.getoption(profile, None)
    places = {"--benchmark-json": path and Path(path), profile: folder and folder / "a.html"}
    for option, place in places.items():
        try:
            check_place(place)
        except OSError as error:
            why = refusal(error) or str(error)
            raise pytest.UsageError(f"{option} cannot be written: {why}") from None


def write_empty(config: pytest.Config) -> None:
    """Write --benchmark-json where no benchmark has a figure: what was not run, and on which commit and machine."""
    kept = getattr(config, "_benchmarksession", None)
    if kept is None or not kept.json or kept.benchmarks:
        return
    hook = config.hook
    made = hook.pytest_benchmark_generate_json(
        config=config,
        benchmarks=[],
        include_data=True,
        machine_info=kept.get_machine_info(),
        commit_info=hook.pytest_benchmark_generate_commit_info(config=config),
    )
    hook.pytest_benchmark_update_json(config=config, benchmarks=[], output_json=made)
    kept.save_json(made)


def summary(terminalreporter: Any, progress: Progress) -> None:
    """The pairs in one table, and what was not run, by reason."""
    write = terminalreporter.write_line
    if progress.pairs:
        terminalreporter.section(
            "pairs: time of the benchmarked code divided by time of the other, with 95 % interval"
        )
        wide = max(len(one["name"]) for one in progress.pairs)
        for one in progress.pairs:
            write(
                f"{one['name']:<{wide}}  {one['ratio']:8.3g}  [{one['low']:.3g}, {one['high']:.3g}]  {_other(one)}"
            )
    reasons: dict[str, list[str]] = {}
    for found in progress.not_run:
        reasons.setdefault(found["reason"], []).append(found["name"])
    if reasons:
        terminalreporter.section(f"not run: {len(progress.not_run)} of {progress.total}")
        for reason, names in reasons.items():
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            write(f"{', '.join(names[:3])}{more}: {reason}")
