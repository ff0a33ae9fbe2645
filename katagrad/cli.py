"""The command line: `kata`, or `python -m katagrad`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from katagrad import __version__
from katagrad.bench.commands import app as bench
from katagrad.course.commands import app as course
from katagrad.errors import BadOption, NotGraded, one_of, refusal
from katagrad.mutation.contracts import keep
from katagrad.student import commands as student
from katagrad.student.show_command import show
from katagrad.text import one_line
from katagrad.topics import FRAMEWORKS, Topic
from katagrad.topics import topics as all_topics

# Without markup, an error is one line, whatever the width of the terminal.
app = typer.Typer(
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
student.add(app)
app.command("show")(show)

Names = Annotated[list[str] | None, typer.Argument(help="topics; default: all topics")]
Framework = Annotated[str | None, typer.Option(help="torch or tensorflow; default: both")]


@app.callback()
def alone(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="print the version")] = False,
) -> None:
    """Exercises in deep learning, their grading and their timing. Alone, it says where you stand."""
    if version:
        print(f"katagrad {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        student.status()


def _chosen(names: list[str] | None) -> list[Topic]:
    known = all_topics()
    return [known[one_of("topic", name, known)] for name in names or known]


def _frameworks(framework: str | None) -> tuple[str, ...]:
    return FRAMEWORKS if framework is None else (one_of("framework", framework, FRAMEWORKS),)


@app.command()
def validate(
    names: Names = None,
    framework: Framework = None,
    every: Annotated[bool, typer.Option("--all", help="every topic")] = False,
    full: Annotated[
        bool, typer.Option(help="judge every mutant, including those with a known verdict")
    ] = False,
    generic: Annotated[
        bool, typer.Option(help="also apply generic mutation, and list the survivors")
    ] = False,
    careless: Annotated[
        bool, typer.Option(help="also apply careless mutation, and list the survivors")
    ] = False,
    show: Annotated[
        bool, typer.Option(help="print the failure of each mutant as a student reads it")
    ] = False,
    matching: Annotated[
        str, typer.Option("-k", help="only mutants whose name or check contains this")
    ] = "",
    seeds: Annotated[
        int,
        typer.Option(
            min=0,
            help="instead, grade the solutions under the seeds 1 to N (fewer for a check that trains); "
            "continues where an earlier call ended",
        ),
    ] = 0,
) -> None:
    """For authors: validate topics.

    A topic is sound if its contract is covered, its stub fails, its solutions pass and its mutants are caught.
    """
    from katagrad.mutation import commands

    if not names and not every:
        raise typer.BadParameter("name a topic, or give --all")
    chosen = _chosen(None if every else names)
    if seeds:
        raise typer.Exit(_reliability(chosen, framework, seeds))
    wanted = {"generic": generic, "careless": careless}
    families = [name for name, given in wanted.items() if given]
    unsound = commands.run(chosen, _frameworks(framework), families, full, show, matching)
    raise typer.Exit(1 if unsound else 0)


def _reliability(chosen: list[Topic], framework: str | None, seeds: int) -> int:
    from katagrad.boundary.process import Pool
    from katagrad.mutation import reliability
    from katagrad.worker.limits import Limits

    fallen = 0
    for one in _frameworks(framework):
        # A worker is kept for many gradings, so it may use more than a submission's share.
        pool = Pool(Limits(cpu=1_000_000))
        for topic in chosen:
            print(f"{topic.name} [{one}]", flush=True)
            measured = reliability.sample(topic, one, seeds, pool)
            for line in reliability.lines(topic, one, measured):
                print(f"  {line}", flush=True)
            fallen += any(kept.falls for kept in measured.values())
        pool.close()
    return 1 if fallen else 0


@app.command()
def measure(
    names: Names = None,
    framework: Framework = None,
    runs: Annotated[int, typer.Option(help="training runs, each with its own seed")] = 10,
) -> None:
    """For authors: measure training outcomes of the solutions, for the thresholds of a grader."""
    from katagrad.boundary.process import Pool
    from katagrad.mutation.bounds import thresholds
    from katagrad.mutation.validate import Validator

    for one in _frameworks(framework):
        pool = Pool()
        for topic in _chosen(names):
            for name, threshold in thresholds(topic).items():
                values = Validator(topic, one, pool).measure(threshold, runs)
                print(f"{topic.name}.{name} {one}=[{', '.join(f'{v:.4g}' for v in values)}],")
        pool.close()


data_app = typer.Typer(invoke_without_command=True, help="List the data sets, or download one.")
app.add_typer(data_app, name="data")


@data_app.callback()
def data_status(context: typer.Context) -> None:
    """List the full-size data sets with their state, size and folder."""
    if context.invoked_subcommand is not None:
        return
    from rich.console import Console
    from rich.table import Table

    from katagrad import data

    table = Table("name", "state", "size", "where", "what", box=None, pad_edge=False)
    for row in data.list_status():
        size = "" if row.size is None else f"{row.size / 1e6:.0f} MB"
        table.add_row(row.name, row.state, size, str(row.where or ""), row.note or row.title)
    Console().print(table)


@data_app.command("get")
def data_get(name: Annotated[str, typer.Argument(help="a name that `kata data` lists")]) -> None:
    """Download a data set and verify it. Resumes an interrupted download."""
    from katagrad import data
    from katagrad.data.registry import DATA_SETS

    one_of("data set", name.replace("-", "_").lower(), DATA_SETS)
    try:
        path = data.download(name)
    except (data.DataError, KeyError, ValueError) as error:
        typer.echo(f"kata: {error}", err=True)
        raise typer.Exit(2) from None
    print(f"{name} is in {path}")


@app.command()
def demo(
    isolation: Annotated[str, typer.Option(help="auto, process or namespace")] = "auto",
    workers: Annotated[
        int, typer.Option(help="number of grader processes; 0: one for each core")
    ] = 0,
) -> None:
    """Grade a small sample class, and print the table of topics, points and messages."""
    from katagrad.demo import demo as lines_of

    for line in lines_of(isolation, workers or os.cpu_count() or 1):
        print(line)


app.add_typer(course, name="course")
app.add_typer(bench, name="bench")
app.command("contracts")(keep)


@app.command()
def reliability() -> None:
    """For authors: update docs/reliability.md from the measurements of `kata validate --seeds`."""
    from katagrad.mutation import reliability_page

    print(f"written: {reliability_page.write()}")


def main() -> None:
    """Entry point of `kata`. Reports a bad option in one line, whichever command raised it."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # it was closed, as by >&-
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  open until the end
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # Characters that the terminal's encoding lacks become "?".
            stream.reconfigure(errors="replace")
    try:
        app()
    except (BadOption, NotGraded) as error:
        typer.echo(f"kata: {one_line(str(error), 1000)}", err=True)
        raise SystemExit(2) from None
    except OSError as error:
        said = refusal(error)
        if said is None:
            raise
        typer.echo(f"kata: {one_line(said, 1000)}", err=True)
        raise SystemExit(2) from None
