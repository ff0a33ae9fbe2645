"""Let pytest collect benchmarks in this process, without running them."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from katagrad.bench.regress.twins import Benchmark, Unmeasurable
from katagrad.topics import topics

# How Python names an exception in front of its message.
RAISED = re.compile(r"[\w.]*(Error|Exception|Exit|Interrupt|Warning)\b")


class _Collector:
    """Keeps what pytest collects."""

    def __init__(self) -> None:
        self.items: list[Any] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = list(session.items)


def run_collection(arguments: Sequence[str], collector: object) -> None:
    """Let pytest collect in this process. Raises Unmeasurable, with pytest's reason, if it cannot."""
    said = io.StringIO()
    quiet = ["--collect-only", "-q", "-p", "no:cacheprovider"]
    with redirect_stdout(said), redirect_stderr(said):
        status = pytest.main([*quiet, *arguments], plugins=[collector])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        lines = [line for line in said.getvalue().splitlines() if line.strip()]
        errors = [line[1:].strip() for line in lines if line.startswith("E  ")]
        # A syntax error begins with its place.
        place = errors[0] if errors and errors[0].startswith("File ") else ""
        named = [line for line in errors if RAISED.match(line)] or errors
        named += [line for line in lines if line.startswith("ERROR: ")] + lines[-1:]
        reason = ", ".join(filter(None, [(named or [str(status)])[0], place]))
        raise Unmeasurable(f"the benchmarks cannot be collected: {reason.removeprefix('ERROR: ')}")


def collect(
    home: Path, names: Sequence[str], size: str, framework: str, select: str = ""
) -> list[Benchmark]:
    """The benchmarks of the topics `names` (all where there are none) at `size`, as pytest's -k `select` finds them."""
    known = topics()
    files = [str(home / "benchmarks" / f"{name}.py") for name in names or known]
    files = [file for file in files if Path(file).is_file()]
    collector = _Collector()
    arguments = [f"--rootdir={home}", "--size", size, "--framework", framework]
    run_collection([*arguments, *(["-k", select] if select else []), *files], collector)
    return [
        Benchmark(
            known[item.path.stem],
            item.name,
            item.obj,
            dict(item.callspec.params) if hasattr(item, "callspec") else {},
        )
        for item in collector.items
    ]
