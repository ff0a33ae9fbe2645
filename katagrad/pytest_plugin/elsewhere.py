"""What a student reads where the hidden checks are not: the course has them."""

from __future__ import annotations

from typing import Any

import pytest

from katagrad.pytest_plugin.recorder import RUN


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say of which topics only the examples ran."""
    run = config.stash.get(RUN, None)
    if run is None or config.option.collectonly:
        return
    names = [name for name, topic in run.seen.items() if not topic.grader.is_file()]
    if names:
        write = terminalreporter.write_line
        write(f"{', '.join(names)}: only the examples ran; the rest is graded by the course")
        silent = [name for name in names if not run.examples.get(name)]
        for name in silent:
            write(
                f"{name}: exercises/{name}.py holds no examples; keep the docstrings of the file that you were given"
            )
