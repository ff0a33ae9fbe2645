"""The first lines of a run."""

from __future__ import annotations

import textwrap
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

# Columns of a terminal.
WIDTH = 80


@pytest.hookimpl(wrapper=True)
def pytest_report_header(config: pytest.Config) -> Generator[None, list[Any], list[Any]]:
    """Show which folder is graded, wrap the list of plugins, and remove the long line of pytest-benchmark.

    That line is about the defaults of a fixture that is used neither for grading nor for benchmarks of katagrad.
    """
    given = config.getoption("--submission")
    lines = yield
    kept = [_wrapped(line) for line in lines if not str(line).startswith("benchmark: ")]
    return [*kept, f"submission: {given}"] if given else kept


def _wrapped(lines: Any) -> Any:
    """A line of the header, or a list of them, with a long list of plugins broken into lines."""
    if isinstance(lines, list):
        return [part for line in lines for part in _listed(_wrapped(line))]
    if not str(lines).startswith("plugins: "):
        return lines
    return textwrap.wrap(lines, WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _listed(lines: Any) -> list[Any]:
    return lines if isinstance(lines, list) else [lines]


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Refuse a --submission that is not a folder, and an exercise of another folder beside it."""
    config = session.config
    given = config.getoption("--submission")
    if not given:
        return
    folder = Path(config.invocation_params.dir, given).resolve()
    if not folder.is_dir():
        raise pytest.UsageError(f"--submission {given}: there is no such folder")
    for argument in config.args:
        path = Path(config.invocation_params.dir, argument.split("::")[0]).resolve()
        home = path if path.is_dir() else path.parent
        if home.name == "exercises" and home != folder:
            grader = f"graders/{path.name}" if path.suffix == ".py" else "graders"
            raise pytest.UsageError(
                f"{argument} is graded in its own folder, not in --submission {given}; "
                f"run: pytest {grader} --submission {given}"
            )
