"""The line of a long training, on the terminal of a run of pytest, whatever pytest captures."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from katagrad.grading.training import TrainingLine, on_terminal


def line_for(config: pytest.Config) -> TrainingLine | None:
    """A listener for the workers of a run; None where no terminal shows it."""
    reporter: Any = config.pluginmanager.getplugin("terminalreporter")
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    if reporter is None or not reporter.isatty or hasattr(config, "workerinput"):
        return None
    begun = False

    def write(text: str) -> None:
        nonlocal begun
        with contextlib.nullcontext() if capture is None else capture.global_and_fixture_disabled():
            if not begun:
                # The results so far stay above; pytest begins the next one with the name of its file.
                reporter.ensure_newline()
            begun = not text.isspace()
            reporter.write_raw(text, flush=True)

    return on_terminal(write)
