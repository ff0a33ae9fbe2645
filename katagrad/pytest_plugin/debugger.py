"""`--pdb`: the debugger stops in the student's function, not in a grader or in this plugin."""

from __future__ import annotations

import bdb
import pdb  # noqa: T100  what --pdb is for
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from katagrad.boundary.local import LocalWorker


def in_students_line(error: BaseException, folder: Path) -> BaseException | None:
    """`error` with a traceback that has only the student's lines. None if it has no such lines."""
    lines: list[TracebackType] = []
    step = error.__traceback__
    while step is not None:
        if Path(step.tb_frame.f_code.co_filename).is_relative_to(folder.resolve()):
            lines.append(step)
        step = step.tb_next
    found = None
    for line in reversed(lines):
        found = TracebackType(found, line.tb_frame, line.tb_lasti, line.tb_lineno)
    return error.with_traceback(found) if found is not None else None


def point_out(call: pytest.CallInfo[None], error: BaseException | None, folder: Path) -> None:
    """Make the post-mortem of `call` show `error`, or none if `error` has no lines of the student."""
    shown = in_students_line(error, folder) if error is not None else None
    if shown is None and call.excinfo is not None:
        # pytest starts no debugger for an exception that ended one.
        shown = bdb.BdbQuit().with_traceback(call.excinfo.tb)
    call.excinfo = pytest.ExceptionInfo.from_exception(shown) if shown else None


class Stepper(pdb.Pdb):
    """A debugger of one call. `q` ends the run, as in pytest's debugger."""

    def set_quit(self) -> None:
        """End the run. Called by `q` and at the end of the input."""
        super().set_quit()
        self.left = True

    def enter(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call the function, and stop at its first line."""
        self.left = False
        result = self.runcall(function, *args, **kwargs)
        if self.left:
            raise KeyboardInterrupt
        return result


def step_through(config: pytest.Config, worker: LocalWorker, message: str) -> None:
    """Repeat the last call of the student's function, which returned a wrong answer. Stop at its first line.

    message: is printed before.
    """
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    terminal: Any = config.pluginmanager.getplugin("terminalreporter")
    if capture is not None:
        capture.suspend(in_=True)
    terminal.write_line("")
    terminal.write_line(message)

    def entry(function: Callable[..., Any]) -> Callable[..., Any]:
        terminal.write_line(f"The same call again, from the first line of {function.__name__}:")
        return partial(Stepper().enter, function)

    try:
        worker.repeat(entry)
    except KeyboardInterrupt:  # pytest would enter a debugger for it, and then continue
        pytest.exit("Quitting debugger")
    finally:
        if capture is not None:
            capture.resume()
