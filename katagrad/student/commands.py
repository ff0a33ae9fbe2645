"""The commands of a student: a workspace, the progress in it, and checks."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from katagrad.errors import PASSED, BadOption, one_of
from katagrad.student.standing import chosen, load
from katagrad.student.workspace import require
from katagrad.topics import FRAMEWORKS, installed

Name = Annotated[str | None, typer.Argument(metavar="TOPIC", help="default: the topic at hand")]
Framework = Annotated[
    str | None, typer.Option(help="torch or tensorflow; default: what the files import")
]
Patience = Annotated[float, typer.Option(help="multiply every time limit by this")]


def add(app: typer.Typer) -> None:
    """Put the commands of a student first in the list of `kata --help`."""
    app.command("init")(init)
    app.command("list")(listing)
    app.command("next")(following)
    app.command("check")(check)
    app.command("watch")(watch)
    app.command("hint")(hint)
    app.command("reset")(reset)
    app.command("solution")(solution)
    app.command("quiz")(quiz)
    app.command("doctor")(doctor)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="a new folder")],
    framework: Annotated[
        str | None,
        typer.Option(help="torch or tensorflow: stubs begin with its import"),
    ] = None,
) -> None:
    """Make a workspace: the stubs of all topics, for you to fill in.

    In a workspace it adds stubs of topics that are new, and changes no file that is there.
    """
    from katagrad.student.workspace import IMPORTS, create

    if framework is not None:
        one_of("framework", framework, FRAMEWORKS)
    made = create(folder, framework)
    where = made.workspace.shown(made.workspace.folder)
    path = quote(where if not where.startswith("-") else f"./{where}")
    print(f"{len(made.written)} stubs written to {where}/exercises")
    if made.kept:
        print(f"{len(made.kept)} files that were there are as they were")
    if made.kept and framework is not None:
        print(f"`kata reset TOPIC` begins one of them again, with `{IMPORTS[framework]}`")
    here = made.workspace.framework
    if here is None and made.written:
        print("Begin each file with the import of your framework: torch, or tensorflow as tf")
    if here is not None and here not in installed():
        print(f"{here} is not installed here; run: pip install 'katagrad[{here}]'")
    print("Next: " + (f"cd {path}, then kata" if where != "." else "kata"))


def status() -> None:
    """Say where you stand, and what to do next."""
    from katagrad.student import screen
    from katagrad.student.workspace import find, former

    out, workspace = screen.console(), find()
    if workspace is None and former() is not None:
        require()  # it says what is missing
    if workspace is None:
        print("katagrad: exercises in deep learning. This folder is in no workspace.")
        print()
        print("  kata init DIR   make one, with the stubs of all topics")
        print("  kata --help     all commands")
        return
    screen.show(out, screen.overview(workspace, load(workspace)))


def listing() -> None:
    """List all topics in teaching order, and how far you are in each."""
    from katagrad.student import screen

    out, workspace = screen.console(), require()
    screen.show(out, screen.listing(workspace, load(workspace), out.width))


def following() -> None:
    """Go on with the next topic that is not done."""
    from katagrad.student import screen, standing

    workspace = require()
    progress = standing.load(workspace)
    here = standing.present(workspace, progress)
    # Where the topic at hand was done, the one to do next is already another.
    kept = progress.topics.get(progress.present)
    topic = here if kept and kept.done else standing.following(workspace, progress, here) or here
    if topic is None:
        print("Every topic is done. `kata list` shows them all.")
        return
    progress = standing.turn_to(workspace, topic)
    out = screen.console()
    screen.show(out, screen.overview(workspace, progress))


def check(
    name: Name = None,
    framework: Framework = None,
    full: Annotated[bool, typer.Option(help="show everything that does not pass")] = False,
    patience: Patience = 1.0,
    svg: Annotated[
        Path | None, typer.Option(help="also write what is shown as a picture, for a page")
    ] = None,
) -> None:
    """Check a topic once: the examples in its file, then the hidden checks.

    Exit status: 0 if it passed, 1 if not, 2 for a bad option.
    """
    from katagrad.files import write_whole
    from katagrad.grading.session import check_patience
    from katagrad.student import screen, standing
    from katagrad.student.check import Checker, judge
    from katagrad.student.svg import picture

    if framework is not None:
        one_of("framework", framework, FRAMEWORKS)
    check_patience(patience)
    workspace = require()
    topic = chosen(workspace, name)
    out = screen.console()
    checker = Checker(workspace, framework, patience)
    try:
        found = judge(checker, topic)
    finally:
        checker.close()
    lines = [screen.heading(workspace, topic), *screen.verdict(workspace, found, full)]
    if not found.unkept:
        progress = standing.turn_to(workspace, topic)
        lines += screen.onward(workspace, progress, topic) if found.status == PASSED else ()
    screen.show(out, lines)
    if svg is not None:
        write_whole(svg, picture(f"kata check {topic.name}", lines))
    raise typer.Exit(0 if found.status == PASSED else 1)


def watch(name: Name = None, framework: Framework = None, patience: Patience = 1.0) -> None:
    """Check the topic at hand at every save. The last line of the screen names the keys."""
    from katagrad.grading.session import check_patience
    from katagrad.student import keys, screen
    from katagrad.student.check import Checker
    from katagrad.student.watch import Watch

    if framework is not None:
        one_of("framework", framework, FRAMEWORKS)
    check_patience(patience)
    workspace = require()
    topic = chosen(workspace, name)
    checker = Checker(workspace, framework, patience)
    try:
        Watch(workspace, checker, screen.console(), keys.possible()).run(topic)
    finally:
        checker.close()


def hint(name: Name = None) -> None:
    """Show the next hint of a topic, of three, and those before it."""
    from katagrad.student import hints, screen

    workspace = require()
    topic = chosen(workspace, name)
    out = screen.console()
    out.print(screen.heading(workspace, topic))
    screen.show(out, screen.hints(topic, hints.more(workspace, topic)))


def reset(
    name: Annotated[str, typer.Argument(metavar="TOPIC", help="the topic to begin again")],
) -> None:
    """Put the stub of a topic back. Your file is kept as a backup."""
    from katagrad.student import hints

    workspace = require()
    topic = chosen(workspace, name)
    backup = hints.reset(workspace, topic)
    shown = workspace.shown(workspace.file(topic))
    if backup is not None:
        print(f"Your {shown} is kept as {workspace.shown(backup)}")
    print(f"{shown} is the stub")


def solution(
    name: Name = None,
    framework: Framework = None,
    give_up: Annotated[
        bool, typer.Option("--give-up", help="show it although the topic is not done")
    ] = False,
) -> None:
    """Show the reference solution of a topic that you have done, beside your own."""
    from katagrad.student import compare, hints, screen

    if framework is not None:
        one_of("framework", framework, FRAMEWORKS)
    workspace = require()
    topic = chosen(workspace, name)
    own = workspace.file(topic)
    text = own.read_text(encoding="utf-8", errors="replace") if own.is_file() else ""
    _, reference = hints.solution(workspace, topic, framework, give_up)
    out = screen.console()
    out.print(screen.heading(workspace, topic))
    screen.show(out, compare.beside(text, reference, out.width))


def doctor() -> None:
    """Say what is wrong with this installation, and the line that mends it.

    Exit status: 0 if katagrad works, 1 if something is wrong.
    """
    from katagrad.student import screen
    from katagrad.student.doctor import WRONG, examine

    out, wrong = screen.console(), False
    for finding in examine():
        wrong = wrong or finding.level == WRONG
        screen.show(out, screen.finding(finding))
    raise typer.Exit(1 if wrong else 0)


def quiz(
    area: Annotated[str | None, typer.Option(help="only questions of this area")] = None,
    seed: Annotated[
        int | None, typer.Option(help="the numbers in the questions; default: drawn once and kept")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="also questions that you have answered")
    ] = False,
    print_: Annotated[
        bool, typer.Option("--print", help="print the questions with their names, and ask nothing")
    ] = False,
    answers: Annotated[
        Path | None,
        typer.Option(help="judge a TOML or JSON file of answers by name of question; needs --seed"),
    ] = None,
) -> None:
    """Ask about theory, and for results that you compute. Enter skips a question, q ends.

    Exit status with --answers: 0 if all are right, 1 if not.
    """
    if find_spec("katagrad.quiz") is None:
        raise BadOption("a course's hand-out has no quiz; the course asks its questions itself")
    from katagrad.student import quizzing

    if answers is not None:
        if seed is None:
            raise BadOption(
                "--answers needs --seed: without it nobody knows which numbers were asked"
            )
        marked = quizzing.mark(answers, quizzing.drawn(seed, area))
        for name, one in marked.results.items():
            state = "no answer" if one is None else "right" if one.right else "wrong"
            mistake = f": it looks as if you {one.mistake}" if one and one.mistake else ""
            print(f"{name}  {state}{mistake}")
        print(f"{marked.right} of {len(marked.results)} right")
        raise typer.Exit(0 if marked.right == len(marked.results) else 1)
    if print_ and seed is not None:
        quizzing.show(quizzing.drawn(seed, area), seed, print)
        return
    kept = quizzing.sheet(require().state / "quiz.json", seed)
    asked = quizzing.drawn(kept.seed, area)
    if print_:
        quizzing.show(asked, kept.seed, print)
        return
    left = [q for q in asked if every or kept.answered.get(q.name) != "right"]
    try:
        quizzing.ask(left, kept, input, print)
    except (EOFError, KeyboardInterrupt):
        print()
    right = sum(kept.answered.get(question.name) == "right" for question in asked)
    print(f"{right} of {len(asked)} answered right")
