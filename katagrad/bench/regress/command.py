"""`kata bench regress`, for solutions of topics and for a project's own benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from katagrad.errors import BadOption, NotGraded, one_of
from katagrad.text import one_line
from katagrad.topics import FRAMEWORKS, root, topics

Framework = Annotated[
    str | None,
    typer.Option(
        help="torch or tensorflow (or numpy, for files of your own); default: their imports"
    ),
]
Names = Annotated[
    list[str] | None,
    typer.Argument(help="files or folders of your own benchmarks, or topics; default: all topics"),
]
MODES = ("eager", "compiled")
Select = Annotated[
    str, typer.Option("-k", help="only benchmarks that match this expression, like -k of pytest")
]


def is_path(name: str) -> bool:
    """Whether an argument means a file or a folder, not a topic."""
    return name not in topics() and ("/" in name or ".py" in name or Path(name).exists())


def own_paths(names: list[str] | None, framework: str | None) -> list[str]:
    """The arguments if they are paths; [] if they are topics. Raises BadOption for a mixture."""
    paths = [name for name in names or () if is_path(name)]
    if paths and len(paths) < len(names or ()):
        raise BadOption("name either topics or files of your own benchmarks, not both")
    known = (*FRAMEWORKS, "numpy") if paths else FRAMEWORKS
    if framework is not None:
        one_of("framework", framework, known)
    for name in () if paths else names or ():
        one_of("topic", name, topics())
    if not paths and framework is None:
        raise BadOption(
            "name the files or folders of your benchmarks; or give --framework, to compare solutions of topics"
        )
    return paths


def of_topics(paths: list[str], submission: Path | None, size: str) -> None:
    """Raise BadOption for an option that benchmarks of one's own would ignore."""
    if paths and submission is not None:
        raise BadOption(
            "--submission is for topics: benchmarks of your own time the project that they are in"
        )
    if paths and size != "small":
        raise BadOption("--size is for topics: select benchmarks of your own with -k")


def regress(
    against: Annotated[
        str, typer.Option(help="the revision to compare with: a branch, a tag or a commit")
    ],
    framework: Framework = None,
    names: Names = None,
    submission: Annotated[
        Path | None,
        typer.Option(help="folder of solutions in a git work tree; default: katagrad's own"),
    ] = None,
    size: Annotated[str, typer.Option(help="small, all, or the name of a size")] = "small",
    select: Select = "",
    mode: Annotated[str, typer.Option(help="eager or compiled")] = "eager",
    threads: Annotated[int, typer.Option(min=1, help="threads inside an operation")] = 1,
    device: Annotated[str, typer.Option(help="cpu, cuda, or cuda:1")] = "cpu",
    environment: Annotated[
        str,
        typer.Option(
            help="environment of the other revision: own, this, or auto (own if it pins other libraries); "
            "for files of your own, always this"
        ),
    ] = "auto",
    every: Annotated[
        bool, typer.Option("--all", help="also time what is the same in both")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="also write the result as JSON")] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="also write a comment for a merge request")
    ] = None,
) -> None:
    """Compare the speed of the working tree with another revision.

    Exit status: 0 if nothing is slower, 1 if something is, 2 for bad input, 3 if it cannot be judged.
    """
    from katagrad.bench.own import regress as own
    from katagrad.bench.regress import regress
    from katagrad.bench.regress.checkout import Unavailable
    from katagrad.bench.regress.markdown import comment
    from katagrad.bench.regress.twins import Conditions, Unmeasurable
    from katagrad.files import check_place, write_whole
    from katagrad.grading.session import check_device
    from katagrad.progress import progress

    one_of("mode", mode, MODES)
    one_of("environment", environment, ("auto", "own", "this"))
    check_device(device)
    paths = own_paths(names, framework)
    of_topics(paths, submission, size)
    if paths and environment == "own":
        raise BadOption(
            "--environment own is for topics: both revisions of your own benchmarks are timed in this environment"
        )
    check_place(out)
    check_place(markdown)
    conditions = Conditions(framework or "", threads, device, mode)
    known = topics()
    try:
        with progress("timing", "timed", known=False) as advance:
            if paths:
                wanted = own.OwnComparison(against, paths, conditions, framework, every, select)
                report = own.run(wanted, advance)
            else:
                folder = submission or root() / "solutions" / conditions.framework
                chosen = [known[name] for name in names or known]
                comparison = regress.Comparison(
                    against, folder, chosen, conditions, size, environment, every, select
                )
                report = regress.run(comparison, advance)
        if out is not None:
            regress.write(report, out)
        if markdown is not None:
            write_whole(markdown, comment(report, against))
    except (Unavailable, Unmeasurable, NotGraded) as error:
        typer.echo(f"kata: {error}", err=True)
        raise typer.Exit(2) from None
    for line in regress.lines(report, against):
        print(one_line(line, 2_000))
    raise typer.Exit(report.status)


def history(
    span: Annotated[str, typer.Argument(help="revisions OLD..NEW, for example v1.0..main")],
    names: Names = None,
    framework: Framework = None,
    submission: Annotated[
        Path | None,
        typer.Option(help="folder of solutions in a git work tree; default: katagrad's own"),
    ] = None,
    points: Annotated[
        int, typer.Option(min=2, help="revisions that are timed before the search")
    ] = 5,
    size: Annotated[str, typer.Option(help="small, all, or the name of a size")] = "small",
    select: Select = "",
    mode: Annotated[str, typer.Option(help="eager or compiled")] = "eager",
    threads: Annotated[int, typer.Option(min=1, help="threads inside an operation")] = 1,
    device: Annotated[str, typer.Option(help="cpu, cuda, or cuda:1")] = "cpu",
    out: Annotated[
        Path | None, typer.Option(help="also write the result as JSON, for `kata bench page`")
    ] = None,
) -> None:
    """Time revisions, and find the commits at which a benchmark became slower or faster.

    Exit status: 0 if nothing became slower, 1 if something did, 2 for bad input, 3 if it cannot be judged.
    """
    from katagrad.bench.own import regress as own
    from katagrad.bench.own.fixture import OwnLauncher
    from katagrad.bench.regress import history
    from katagrad.bench.regress.checkout import Unavailable
    from katagrad.bench.regress.collection import collect
    from katagrad.bench.regress.twins import Conditions, Unmeasurable
    from katagrad.files import check_place
    from katagrad.grading.session import check_device
    from katagrad.progress import progress

    one_of("mode", mode, MODES)
    check_device(device)
    paths = own_paths(names, framework)
    of_topics(paths, submission, size)
    check_place(out)
    subjects, notes = [], list[str]()
    try:
        if paths:
            found, notes = own.collect(paths, select, framework)
            for kind, some in own.grouped(found).items():
                folder = some[0].code.project.root
                conditions = Conditions(kind, threads, device, mode)
                subjects.append(history.Subject(folder, some, conditions, OwnLauncher))
        else:
            given = str(framework)
            cases = collect(root(), names or (), size, given, select)
            if not cases:
                raise Unmeasurable(f"no benchmark has the size {size} and matches {select!r}")
            folder = submission or root() / "solutions" / given
            subjects.append(
                history.Subject(folder, cases, Conditions(given, threads, device, mode))
            )
        with progress("timing", "timed", known=False) as advance:
            made = history.run(subjects, span, points, advance)
        made.notes += notes
        if out is not None:
            history.write(made, out)
    except (Unavailable, Unmeasurable, NotGraded) as error:
        typer.echo(f"kata: {error}", err=True)
        raise typer.Exit(2) from None
    for line in history.lines(made):
        print(one_line(line, 2_000))
    raise typer.Exit(made.status)
