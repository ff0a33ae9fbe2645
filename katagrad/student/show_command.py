"""`kata show`: the pictures of a topic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from katagrad.errors import one_of
from katagrad.student.commands import Framework, Name
from katagrad.student.standing import chosen, load
from katagrad.student.workspace import require
from katagrad.topics import FRAMEWORKS


def show(
    name: Name = None,
    framework: Framework = None,
    out: Annotated[
        Path | None, typer.Option(help="the page; default: .katagrad/pictures/TOPIC.html")
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="open it in the browser, too")] = False,
) -> None:
    """Draw what your solution of a topic does, as one HTML page; with the reference once the topic is done.

    Exit status: 0 if everything was drawn, 1 if not, 2 for a bad option.
    """
    from katagrad.files import write_whole
    from katagrad.student.check import Checker
    from katagrad.student.show import functions, write_page

    if framework is not None:
        one_of("framework", framework, FRAMEWORKS)
    workspace = require()
    topic = chosen(workspace, name)
    functions(topic)
    done = load(workspace).of(topic).done
    checker = Checker(workspace, framework)
    try:
        text, whole = write_page(workspace, checker.grading, topic, framework, done)
    finally:
        checker.close()
    target = out or workspace.state / "pictures" / f"{topic.name}.html"
    write_whole(target, text)
    print(f"written: {workspace.shown(target)}")
    if not whole:
        print("Not everything could be drawn; the page says why. `kata check` says more.")
    if open_:
        typer.launch(str(target))
    raise typer.Exit(0 if whole else 1)
