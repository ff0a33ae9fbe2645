"""`kata course`: grade a folder of submissions, and forget records by name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from katagrad.errors import BadOption, one_of
from katagrad.topics import FRAMEWORKS, Topic, topics

app = typer.Typer(
    no_args_is_help=True, help="Grade the submissions of a course, and delete records."
)

Out = Annotated[Path, typer.Option(help="folder of the ledger and the results")]


def chosen(names: str | None) -> list[Topic]:
    """The topics of a comma-separated list; all topics if it is None. Raises BadOption."""
    known = topics()
    wanted = [name.strip() for name in names.split(",")] if names is not None else list(known)
    return [known[name] for name in dict.fromkeys(one_of("topic", name, known) for name in wanted)]


@app.command("grade")
def grade(
    submissions: Annotated[
        Path, typer.Argument(help="folder that holds a folder or an archive for each student")
    ],
    out: Out,
    names: Annotated[
        str | None,
        typer.Option("--topics", help="topics to grade, separated by commas; default: all"),
    ] = None,
    isolation: Annotated[
        str,
        typer.Option(
            help="namespace (a sandbox), or process (only limits; for code that you trust)"
        ),
    ] = "namespace",
    workers: Annotated[
        int, typer.Option(help="number of grader processes; 0: one for each core")
    ] = 0,
    seed: Annotated[
        int | None, typer.Option(help="hidden seed; default: drawn once and kept in --out")
    ] = None,
    framework: Annotated[
        str | None, typer.Option(help="torch or tensorflow; default: what the files import")
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(help="set a limit, NAME=VALUE; `pytest --help` lists the names"),
    ] = None,
    patience: Annotated[float, typer.Option(help="multiply every time limit by this")] = 1.0,
    full_size: Annotated[
        bool, typer.Option(help="also grade on full-size data sets such as MNIST")
    ] = False,
    speed: Annotated[
        bool, typer.Option(help="also grade throughput, in topics that have such checks")
    ] = False,
    show: Annotated[
        str, typer.Option(help="how much students/ shows: score, claims, messages or hints")
    ] = "claims",
) -> None:
    """Grade a folder of submissions. A second run grades only what is missing or changed.

    Exit status: 0 if everything was graded, 1 if something handed in could not be graded, 2 for a bad option.
    """
    from katagrad.course import report
    from katagrad.course.grade import GradingRequest, run
    from katagrad.grading.session import parse_limits
    from katagrad.progress import progress

    if framework is not None:
        one_of("framework", framework, FRAMEWORKS)
    request = GradingRequest(
        submissions=submissions,
        out=out,
        topics=chosen(names),
        isolation=isolation,
        workers=workers or os.cpu_count() or 1,
        seed=seed,
        framework=framework,
        limits=parse_limits(limit or []),
        full_size=full_size,
        patience=patience,
        speed=speed,
        show=show,
    )
    try:
        with progress("grading", "graded") as advance:
            summary = run(request, advance)
    except OSError as error:
        raise BadOption(
            f"{error.filename or out}: {error.strerror or error}; name another folder"
        ) from None
    for line in report.lines(summary, out):
        print(line)
    raise typer.Exit(1 if summary.problems else 0)


@app.command("forget")
def forget(
    student: Annotated[str, typer.Argument(help="the name in grades.csv")],
    out: Out,
    names: Annotated[
        str | None,
        typer.Option("--topics", help="topics to forget, separated by commas; default: all"),
    ] = None,
) -> None:
    """Delete the records of a student. No other command deletes records."""
    from katagrad.course.ledger import Ledger

    if not (out / "ledger.sqlite").is_file():
        raise BadOption(f"there is no ledger in {out}; name the --out of a grading")
    ledger = Ledger(out / "ledger.sqlite")
    one_of("student", student, ledger.students())
    wanted = None if names is None else [topic.name for topic in chosen(names)]
    count = ledger.forget(student, wanted)
    left = student in ledger.students()
    ledger.close()
    for folder in () if left else ("students", "records"):
        (out / folder / f"{student}.json").unlink(missing_ok=True)
    print(f"{count} records of {student} deleted; grades.csv changes with the next grading")
