"""The first lines of a run."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_report_header(config: pytest.Config) -> Generator[None, list[Any], list[Any]]:
    """Say which folder is graded, and leave out what pytest-benchmark says of every run, in 176 columns.

    Its line is about the defaults of a fixture that is used neither for grading nor for katagrad's own benchmarks.
    """
    given = config.getoption("--submission")
    if given and not Path(config.invocation_params.dir, given).is_dir():
        raise pytest.UsageError(f"--submission {given}: there is no such folder")
    lines = yield
    kept = [line for line in lines if not str(line).startswith("benchmark: ")]
    return [*kept, f"submission: {given}"] if given else kept
