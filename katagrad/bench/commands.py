"""`kata bench` for result files: compare them, show them on a page, keep them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from katagrad.bench.regress.command import history, regress
from katagrad.errors import one_of
from katagrad.text import one_line
from katagrad.topics import FRAMEWORKS

app = typer.Typer(
    no_args_is_help=True, help="Compare, show and keep benchmark results; detect slowdowns."
)

# Characters of a line that quotes a result file.
MOST = 2_000

app.command("regress")(regress)
app.command("history")(history)

Files = Annotated[list[Path], typer.Argument(help="JSON files that --benchmark-json wrote")]


@app.command("compare")
def compare(
    files: Annotated[
        list[Path],
        typer.Argument(help="JSON files that --benchmark-json wrote; the first is the reference"),
    ],
) -> None:
    """Compare result files: times on one machine, shares of the measured ceiling across machines."""
    from katagrad.bench.compare import NothingToCompare, compare

    try:
        lines = compare(files)
    except NothingToCompare as error:
        for line in (*error.problems, f"kata: {error}"):
            typer.echo(one_line(line, MOST), err=True)
        raise typer.Exit(2) from None
    for line in lines:
        print(one_line(line, MOST))


@app.command("page")
def page(
    files: Files,
    out: Annotated[Path, typer.Option(help="the HTML file to write")] = Path("benchmarks.html"),
) -> None:
    """Show result files from any machines on one HTML page. The page needs no network."""
    from katagrad.bench.page.page import NoPage, write

    try:
        figures, problems = write(files, out)
    except NoPage as error:
        for line in (*error.problems, f"kata: {error}"):
            typer.echo(one_line(line, MOST), err=True)
        raise typer.Exit(2) from None
    except OSError as error:
        typer.echo(f"kata: {out} cannot be written: {error.strerror}; name another --out", err=True)
        raise typer.Exit(2) from None
    for line in problems:
        typer.echo(one_line(line, MOST), err=True)
    print(f"{out}: {figures} figures")


@app.command("keep")
def keep(
    files: Files,
    into: Annotated[Path, typer.Option(help="folder that has one folder for each machine")] = Path(
        "benchmarks/results"
    ),
) -> None:
    """Keep small copies of result files, by machine, day, framework and device. Host names are removed."""
    from katagrad.bench.keep import keep

    try:
        written, problems = keep(files, into)
    except OSError as error:
        typer.echo(
            f"kata: {into} cannot be written: {error.strerror}; name another --into", err=True
        )
        raise typer.Exit(2) from None
    for line in problems:
        typer.echo(one_line(line, MOST), err=True)
    for path in written:
        print(path)
    raise typer.Exit(0 if written else 2)


@app.command("models")
def models(
    framework: Annotated[str, typer.Option(help="torch or tensorflow")],
    size: Annotated[str, typer.Option(help="small or large")] = "small",
    quick: Annotated[bool, typer.Option(help="time five blocks instead of twenty")] = False,
    threads: Annotated[int, typer.Option(min=1, help="threads inside an operation")] = 1,
    device: Annotated[str, typer.Option(help="cpu, cuda, or cuda:1")] = "cpu",
    out: Annotated[
        Path | None, typer.Option(help="also keep the result file, for `kata bench page`")
    ] = None,
) -> None:
    """Time training and inference of four small networks: an MLP, a CNN, an LSTM and a transformer block."""
    from katagrad.bench.models import NotTimed, run
    from katagrad.bench.runner import warnings
    from katagrad.files import check_place
    from katagrad.grading.session import check_device

    one_of("framework", framework, FRAMEWORKS)
    one_of("size", size, ("small", "large"))
    check_device(device)
    check_place(out)
    for line in warnings(threads):
        typer.echo(line, err=True)
    try:
        lines = run(framework, size, quick, threads, device, out)
    except NotTimed as error:
        typer.echo(f"kata: {error}", err=True)
        raise typer.Exit(2) from None
    for line in lines:
        print(line)


@app.command("landscape")
def landscape(
    topic: Annotated[str, typer.Argument(help="the topic whose benchmarks are timed")],
    framework: Annotated[
        str | None, typer.Option(help="torch or tensorflow; default: what is installed")
    ] = None,
    select: Annotated[str, typer.Option("-k", help="only benchmarks whose names match")] = "",
    size: Annotated[str, typer.Option(help="small, all, or the name of a size")] = "small",
    threads: Annotated[
        int | None, typer.Option(min=1, help="the larger number of threads; default: all cores")
    ] = None,
    quick: Annotated[bool, typer.Option(help="time five blocks instead of twenty")] = False,
) -> None:
    """Time a topic eager and compiled, on one and on all threads, in float32 and bfloat16, in one table."""
    from katagrad.bench import landscape
    from katagrad.bench.regress.collection import collect
    from katagrad.bench.regress.twins import Unmeasurable
    from katagrad.bench.runner import all_threads, warnings
    from katagrad.progress import progress
    from katagrad.topics import installed, root, topics

    if framework is not None:
        one_of("framework", framework, FRAMEWORKS)
    about = topics()[one_of("topic", topic, topics())]
    frameworks = [framework] if framework is not None else installed()
    every = list(landscape.ways(frameworks, landscape.precisions(), threads or all_threads()))
    try:
        # Each way would take its time to find that there is nothing.
        if not collect(root(), [topic], size, frameworks[0], select):
            raise Unmeasurable(
                f"no benchmark of {topic} has the size {size} and matches {select!r}"
            )
    except Unmeasurable as error:
        typer.echo(f"kata: {error}", err=True)
        raise typer.Exit(2) from None
    for line in warnings(threads or 1):
        typer.echo(line, err=True)
    with progress("timing", "timed") as advance:
        found, problems = landscape.run(about, every, size, select, quick, advance)
    for line in landscape.lines(found):
        print(line)
    for line in problems:
        typer.echo(f"not timed: {line}", err=True)
    raise typer.Exit(0 if found else 2)


@app.command("devices")
def devices() -> None:
    """List the devices for timing: the processor, and the GPUs that each installed framework sees."""
    from katagrad.bench.devices import devices

    for line in devices():
        print(line)
