"""The first lines of a run."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_report_header(config: pytest.Config) -> Generator[None, list[Any], list[Any]]:
    """Show which folder is graded, and remove the long line of pytest-benchmark.

    Its line is about the defaults of a fixture that is used neither for grading nor for katagrad's own benchmarks.
    """
    given = config.getoption("--submission")
    lines = yield
    kept = [line for line in lines if not str(line).startswith("benchmark: ")]
    return [*kept, f"submission: {given}"] if given else kept


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
