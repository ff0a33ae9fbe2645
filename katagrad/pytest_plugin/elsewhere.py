"""What a student reads where no hidden check runs: in a hand-out, and for a file that is in no workspace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from katagrad.pytest_plugin.collection import topic_of
from katagrad.pytest_plugin.recorder import RUN
from katagrad.topics import topics


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say for which topics only the examples ran, which files are no topic's, and that no results were written."""
    run = config.stash.get(RUN, None)
    target = config.getoption("--results")
    if run is not None and target and not run.outcomes and not run.examples:
        there = Path(config.invocation_params.dir, target).exists()
        stale = "; its contents are of an earlier run" if there else ""
        terminalreporter.write_line(f"no check ran, so {target} was not written{stale}")
    if run is None or config.option.collectonly:
        return
    for path in _strays(config):
        terminalreporter.write_line(
            f"{path.name} is in no folder called exercises, so no topic was checked. Copy it to "
            f"exercises/{path.name} of a workspace; or grade its folder in katagrad's repository: "
            f"`pytest graders/{path.name} --submission DIR`"
        )
    names = [name for name, topic in run.seen.items() if not topic.grader.is_file()]
    if names:
        write = terminalreporter.write_line
        write(f"{', '.join(names)}: only the examples ran; the rest is graded by the course")
        silent = [name for name in names if not run.examples.get(name)]
        for name in silent:
            write(
                f"{name}: exercises/{name}.py holds no examples; keep the docstrings of the file that you were given"
            )


def _strays(config: pytest.Config) -> list[Path]:
    """The files on the command line that have a topic's name, are in another folder, and hold no tests."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    if getattr(reporter, "_numcollected", 0):
        return []
    named = [config.invocation_params.dir / word.partition("::")[0] for word in config.args]
    return [
        path
        for path in named
        if path.suffix == ".py" and path.is_file() and path.stem in topics() and not topic_of(path)
    ]
