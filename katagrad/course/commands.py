"""`kata course`: take in and grade a folder of submissions, and forget records by name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from katagrad.course import office
from katagrad.course.office import CourseFile
from katagrad.errors import BadOption, one_of, refused
from katagrad.files import target
from katagrad.text import one_line, plural
from katagrad.topics import FRAMEWORKS, Topic, topics

if TYPE_CHECKING:
    from katagrad.course.settings import Course

# What a command needs is imported when it runs: `kata` alone should start at once.
app = typer.Typer(
    no_args_is_help=True, help="Take in, grade and export the submissions of a course."
)

office.add(app)

Out = Annotated[Path, typer.Option(help="folder of the ledger and the results")]
Names = Annotated[
    str | None,
    typer.Option(
        "--topics", help="topics, separated by commas; default: those of the course, or all"
    ),
]
Framework = Annotated[
    str | None, typer.Option(help="torch or tensorflow; default: what the files import")
]
Times = Annotated[
    Path | None,
    typer.Option(help="CSV of entry,time: when the files and folders were handed in"),
]


def chosen(names: str | None, course: Course | None = None) -> list[Topic]:
    """The topics of a comma-separated list; those of the course, or all, if it is None. Raises BadOption."""
    known = topics()
    default = list(course.topics) if course else list(known)
    wanted = [name.strip() for name in names.split(",")] if names is not None else default
    if course is not None:
        for name in wanted:
            one_of("topic of the course", one_of("topic", name, known), course.topics)
    return [known[name] for name in dict.fromkeys(one_of("topic", name, known) for name in wanted)]


@app.command("grade")
def grade(
    submissions: Annotated[
        Path, typer.Argument(help="folder that holds a folder or an archive for each student")
    ],
    out: Out,
    names: Names = None,
    course_file: CourseFile = None,
    isolation: Annotated[
        str,
        typer.Option(
            help="namespace (a sandbox), process (only limits; for code that you trust), or auto (the stronger one)"
        ),
    ] = "namespace",
    workers: Annotated[
        int, typer.Option(help="number of grader processes; 0: one for each core")
    ] = 0,
    seed: Annotated[
        int | None, typer.Option(help="hidden seed; default: drawn once and kept in --out")
    ] = None,
    framework: Framework = None,
    times: Times = None,
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
        str | None,
        typer.Option(
            help="how much students/ shows: score, claims, messages or hints; default: as the course says, or claims"
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(help="grade on this dask.distributed cluster, tcp://HOST:8786"),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="go on, and grade what appears in the folder")
    ] = False,
    gradebook: Annotated[
        Path | None,
        typer.Option(help="also write scores and comments to this gradebook.db of nbgrader"),
    ] = None,
) -> None:
    """Grade a folder of submissions. A second run grades only what is missing or changed.

    Exit status: 0 if everything was graded, 1 if something handed in could not be graded, 2 for a bad option.
    """
    from katagrad.course import closing
    from katagrad.course.grade import GradingRequest, run
    from katagrad.course.jupyter.gradebook import gradebook_at, write_results
    from katagrad.course.moments import read_times
    from katagrad.course.settings import course_of
    from katagrad.course.watching import go_on, look
    from katagrad.grading.session import parse_limits
    from katagrad.progress import progress

    if framework is not None:
        one_of("framework", framework, FRAMEWORKS)
    beside: list[Path] = []

    def asked() -> GradingRequest:
        # Read each time, since the course may change while a folder is watched.
        course = course_of(course_file, out)
        beside[:] = [*(course.files if course else ()), *([times] if times else ())]
        return GradingRequest(
            submissions=submissions,
            out=out,
            topics=chosen(names, course),
            isolation=isolation,
            workers=workers or os.cpu_count() or 1,
            seed=seed,
            framework=framework,
            limits=parse_limits(limit or []),
            full_size=full_size,
            patience=patience,
            speed=speed,
            show=show or (course.show if course else "claims"),
            course=course,
            times=read_times(times, course.zone if course else None) if times else None,
            cluster=cluster,
        )

    def once() -> bool:
        request = asked()
        try:
            with progress("grading", "graded") as advance:
                summary = run(request, advance)
        except OSError as error:
            raise BadOption(
                f"{error.filename or out}: {error.strerror or error}; name another folder"
            ) from None
        # Whoever reads the lines may stop to, so everything is written before the first of them.
        told: list[str] = []
        try:
            told += [] if book is None else write_results(book, out, request)
        finally:
            print(*closing.lines(summary, out), *told, sep="\n", flush=True)
        return bool(summary.problems)

    book = None if gradebook is None else gradebook_at(gradebook)  # before hours of grading
    asked()  # so that a wrong option ends the command even where nothing is there yet
    seen = look(submissions, beside)
    # A folder that is watched may be empty to begin with.
    problems = once() if seen or not (watch and submissions.is_dir()) else False
    if watch:
        problems = go_on(submissions, seen, once, problems, beside)
    raise typer.Exit(1 if problems else 0)


@app.command("intake")
def intake(
    submissions: Annotated[Path, typer.Argument(help="folder of submissions, as they came")],
    names: Names = None,
    course_file: CourseFile = None,
    framework: Framework = None,
    times: Times = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="only print who handed in what")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="new folder to write STUDENT/TOPIC.py to")
    ] = None,
    patience: Annotated[float, typer.Option(help="multiply every time limit by this")] = 1.0,
) -> None:
    """Read submissions as course systems hand them over, and print who handed in what. `grade` reads them likewise.

    Exit status: 0 if all can be graded, 1 if something cannot, 2 for a bad option.
    """
    from katagrad.course.grade import no_folder
    from katagrad.course.intake import take_in
    from katagrad.course.listing import lines, write_plain
    from katagrad.course.moments import read_times
    from katagrad.course.settings import find_course
    from katagrad.grading.session import check_patience

    if dry_run == (out is not None):
        raise BadOption("give either --dry-run, or --out with a new folder to write to")
    if not submissions.is_dir():
        raise BadOption(no_folder(submissions))
    if out is not None and out.resolve().is_relative_to(submissions.resolve()):
        raise BadOption(f"--out {out} is inside {submissions}; name a folder beside it")
    if framework is not None:
        one_of("framework", framework, FRAMEWORKS)
    check_patience(patience)
    course = find_course(course_file)
    wanted = chosen(names, course)
    when = read_times(times, course.zone if course else None) if times else None
    found = take_in(submissions, framework, wanted, patience, course, when)
    for line in lines(found, wanted, course):
        print(line)
    if out is not None:
        print(f"{plural(write_plain(found, out), 'student')} written to {out}")
    raise typer.Exit(1 if found.problems else 0)


@app.command("handout")
def handout(
    out: Annotated[
        Path, typer.Option(help="folder or .zip to write; a folder may hold work", parser=target)
    ],
    names: Names = None,
    course_file: CourseFile = None,
    hints: Annotated[
        int | None,
        typer.Option(
            min=0, max=3, help="highest level of hints in it; default: as the course says, or 0"
        ),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="bring a folder up to date with this zip, which a course made"),
    ] = None,
    commit: Annotated[
        bool,
        typer.Option(
            "--commit", help="commit what was written; makes --out a git repository if it is none"
        ),
    ] = False,
) -> None:
    """Write what students get: stubs, examples as public checks, and the library without hidden checks or solutions.

    Handing out again updates files that nobody changed, and never overwrites work.
    """
    from katagrad.course import handout as made
    from katagrad.course import repository
    from katagrad.course.settings import find_course
    from katagrad.course.update import read_zip, write_folder, write_zip

    if commit:
        repository.require_place(out)
    if source is not None:
        files = read_zip(source, {"--topics": names, "--course": course_file, "--hints": hints})
    else:
        course = find_course(course_file)
        level = hints if hints is not None else course.hints if course else 0
        files = made.handout(chosen(names, course), course, level)
    try:
        to_zip = out.suffix.lower() == ".zip"
        changes = write_zip(files, out) if to_zip else write_folder(files, out)
    except OSError as error:
        raise BadOption(refused(error, out)) from None
    for name in changes.kept:
        print(f"left alone, because it was changed: {one_line(name)}")
    for name in changes.removed:
        print(f"removed, because it is no longer handed out: {one_line(name)}")
    print(f"{len(changes.written)} of {len(files)} files written: {out}")
    if commit:
        print(repository.commit(out, files, changes))


@app.command("nbgrader")
def nbgrader(
    out: Annotated[Path, typer.Option(help="course folder of nbgrader to write")],
    framework: Annotated[str, typer.Option(help="torch or tensorflow")],
    names: Names = None,
    course_file: CourseFile = None,
    isolation: Annotated[str, typer.Option(help="namespace, or process")] = "namespace",
) -> None:
    """Write a course folder for nbgrader: a notebook for each topic, with solutions and hidden checks.

    nbgrader's own commands run it. Files that are there and differ are left alone.
    """
    from katagrad.course.jupyter.folder import write_course
    from katagrad.course.settings import find_course
    from katagrad.grading.session import ISOLATION

    one_of("framework", framework, FRAMEWORKS)
    one_of("isolation", isolation, ISOLATION)
    course = find_course(course_file)
    try:
        made = write_course(chosen(names, course), framework, out, course, isolation)
    except OSError as error:
        raise BadOption(refused(error, out)) from None
    for name in made.kept:
        print(f"left alone, because it differs: {name}")
    print(
        f"{len(made.written)} files written: {out}; in it, run: nbgrader generate_assignment TOPIC"
    )
