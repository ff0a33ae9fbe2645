"""`kata course`: grade a folder of submissions, and forget records by name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from katagrad.errors import BadOption, one_of
from katagrad.topics import FRAMEWORKS, Topic, topics

app = typer.Typer(no_args_is_help=True, help="Grade a course's submissions.")

Out = Annotated[Path, typer.Option(help="folder of the ledger and the results")]


def chosen(names: str | None) -> list[Topic]:
    """Topics by their names with commas between them; all where there are none. Raises BadOption."""
    known = topics()
    wanted = [name.strip() for name in names.split(",")] if names is not None else list(known)
    return [known[name] for name in dict.fromkeys(one_of("topic", name, known) for name in wanted)]


@app.command("grade")
def grade(
    submissions: Annotated[
        Path, typer.Argument(help="folder with a folder or archive per student")
    ],
    out: Out,
    names: Annotated[
        str | None, typer.Option("--topics", help="topics to grade, with commas; default: all")
    ] = None,
    isolation: Annotated[
        str, typer.Option(help="namespace, or process: limits alone, for code that you trust")
    ] = "namespace",
    workers: Annotated[int, typer.Option(help="grader processes; default: one for each core")] = 0,
    seed: Annotated[
        int | None, typer.Option(help="hidden seed; default: drawn once for --out")
    ] = None,
    framework: Annotated[
        str | None, typer.Option(help="torch or tensorflow; default: what the files import")
    ] = None,
    limit: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, as in `pytest --help`")
    ] = None,
    patience: Annotated[float, typer.Option(help="multiply every time limit by this")] = 1.0,
    full_size: Annotated[bool, typer.Option(help="grade on MNIST and the like, too")] = False,
    speed: Annotated[bool, typer.Option(help="grade throughput, too, where a topic does")] = False,
    show: Annotated[
        str, typer.Option(help="what students/ tells: score, claims, messages or hints")
    ] = "claims",
) -> None:
    """Grade a folder of submissions. Run again, it grades only what is missing or changed.

    Ends with 0; with 1 where something that was handed in could not be graded; with 2 for a bad option.
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
    student: Annotated[str, typer.Argument(help="as grades.csv has the name")],
    out: Out,
    names: Annotated[
        str | None, typer.Option("--topics", help="topics to forget, with commas; default: all")
    ] = None,
) -> None:
    """Delete a student's records. Nothing else ever deletes one."""
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
