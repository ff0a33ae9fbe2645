"""Commands of `kata course` for what was graded: change a score by hand, read the log, export, report."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from katagrad.errors import BadOption, one_of, refused
from katagrad.text import one_line, plural
from katagrad.topics import FRAMEWORKS, topics

if TYPE_CHECKING:
    from katagrad.course.ledger import Ledger
    from katagrad.course.settings import Course

Results = Annotated[Path, typer.Option("--out", help="the --out of a grading")]
CourseFile = Annotated[
    Path | None,
    typer.Option(
        "--course", help="course.toml, or its folder; default: ./course.toml if it exists"
    ),
]
GradedBy = Annotated[
    Path | None,
    typer.Option(
        "--course",
        help="course.toml, or its folder; default: the one in this folder, or that of the grading",
    ),
]


def add(app: typer.Typer) -> None:
    """Add these commands to `kata course`."""
    # A number below 0 is no option.
    app.command("adjust", context_settings={"ignore_unknown_options": True})(adjust)
    app.command("forget")(forget)
    app.command("log")(log)
    app.command("export")(export)
    app.command("autograder")(autograder)
    app.command("report")(report)


def open_ledger(out: Path) -> Ledger:
    """The ledger of a grading. Raises BadOption where there is none."""
    from katagrad.course.ledger import Ledger

    if not (out / "ledger.sqlite").is_file():
        raise BadOption(f"there is no ledger in {out}; name the --out of a grading")
    return Ledger(out / "ledger.sqlite")


def adjust(
    student: Annotated[str, typer.Argument(help="the id, as in grades.csv")],
    topic: Annotated[str, typer.Argument(help="the topic")],
    points: Annotated[
        str,
        typer.Argument(
            help="in points of the course: +2 or -1.5 is added; =7 is the score; =graded takes back what was set"
        ),
    ],
    out: Results,
    why: Annotated[str, typer.Option(help="the reason, which is logged")],
    course_file: GradedBy = None,
) -> None:
    """Change a score by hand. Changes add up, are logged, and outlast every grading.

    =7 sets the score, whatever was graded, added or lost by lateness; later changes add to it. =graded ends that, and
    ends all earlier changes.
    """
    from katagrad.course.ledger import by_hand, change_by_hand
    from katagrad.course.results import table
    from katagrad.course.scores import standings
    from katagrad.course.settings import course_of
    from katagrad.files import write_whole
    from katagrad.grading.table import number

    course = course_of(course_file, out)
    kind, change = change_by_hand(points)
    if not why.strip():
        raise BadOption("--why is empty; give the reason, which is logged")
    ledger = open_ledger(out)
    try:
        before = {one.student: one for one in standings(ledger, course)}
        one_of("student", student, before)
        one_of("topic", topic, before[student].scores)
        ledger.adjust(student, topic, change, one_line(why), kind)
        everybody = standings(ledger, course)
    finally:
        ledger.close()
    try:
        write_whole(out / "grades.csv", table(everybody, course))
    except OSError as error:
        # Whoever ran the command again would make the change twice.
        raise BadOption(
            f"the change is made and logged, but {out / 'grades.csv'} cannot be written ({error.strerror or error}); "
            "do not repeat the change: kata course grade writes the file again"
        ) from None
    now = next(one for one in everybody if one.student == student).scores[topic]
    if now.points is None or now.whole is None:
        said = f"which counts when it can be graded ({one_line(now.problem)})"
    else:
        said = f"now {number(now.points)} of {number(now.maximum)}"
        if float(number(now.whole)) < 0:
            said += f"; it would be {number(now.whole)}, but no score is below 0"
    print(f"{one_line(student)} {topic}: {by_hand(change, kind)}, {said}")
    print(f"{out / 'grades.csv'} is up to date")


def log(out: Results) -> None:
    """Print every change by hand, and every score that a later grading changed."""
    ledger = open_ledger(out)
    for seconds, entry in ledger.log():
        moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
        print(f"{moment:%Y-%m-%d %H:%M:%S} UTC  {one_line(entry, 1000)}")
    ledger.close()


def shown(out: Path, course: Course | None) -> str:
    """How much students see: as the course says, or less, if the grading was asked for less than the course said."""
    from katagrad.course.release import LEVELS
    from katagrad.course.settings import options_of

    options = options_of(out)
    show, by_course = options.get("show"), options.get("course_show")
    show = show if show in LEVELS else None
    if course is None:
        return show or "claims"
    # A course file that was changed since counts as it is now.
    if show is None or by_course not in LEVELS or LEVELS.index(show) >= LEVELS.index(by_course):
        return course.show
    return LEVELS[min(LEVELS.index(show), LEVELS.index(course.show))]


def export(
    target: Annotated[str, typer.Argument(help="csv, canvas, moodle, gradescope, lti or junit")],
    out: Results,
    to: Annotated[Path, typer.Option(help="folder to write to")],
    course_file: GradedBy = None,
) -> None:
    """Write the grades as another system reads them."""
    from katagrad.course.exports import FORMATS, check_place, worthless
    from katagrad.course.grades import Grades
    from katagrad.course.scores import standings
    from katagrad.course.settings import course_of
    from katagrad.files import write_whole

    one_of("format", target, FORMATS)
    check_place(to, out)
    course = course_of(course_file, out)
    ledger = open_ledger(out)
    everybody = standings(ledger, course)
    ledger.close()
    now = datetime.datetime.now(datetime.timezone.utc)
    letters = course.letters if course else {}
    grades = Grades(everybody, shown(out, course), letters, now)
    files = FORMATS[target](grades)
    try:
        for name, text in files.items():
            write_whole(to / name, text)
        for one in everybody if target == "gradescope" else ():
            earlier = to / f"{one.student}.json"
            if earlier.name not in files and earlier.is_file():
                earlier.unlink()
                print(
                    f"removed, because the points are not known any more: {one_line(str(earlier))}"
                )
    except OSError as error:
        raise BadOption(refused(error, to)) from None
    unknown = [one.student for one in everybody if one.points is None]
    for student in unknown:
        print(f"not whole: {one_line(student)}: something that was handed in could not be graded")
    if target == "lti":
        for name in worthless(grades):
            print(f"left out: {name} is worth 0 points, and LTI takes no such scores")
        for one in everybody:
            if not one.person.lti:
                print(f"left out: {one_line(one.student)} has no lti in the roster")
    print(f"{plural(len(files), 'file')} written: {to}")


def autograder(
    to: Annotated[Path, typer.Option(help="zip to write")],
    names: Annotated[
        str | None,
        typer.Option("--topics", help="topics, separated by commas; default: those of the course"),
    ] = None,
    framework: Annotated[
        str | None, typer.Option(help="torch or tensorflow; default: both are installed there")
    ] = None,
    isolation: Annotated[
        str, typer.Option(help="namespace, or process (hides nothing from a submission)")
    ] = "namespace",
    system: Annotated[str, typer.Option("--for", help="gradescope or classroom50")] = "gradescope",
    course_file: CourseFile = None,
) -> None:
    """Write an autograder for Gradescope or Classroom 50: a zip that grades each submission there."""
    from katagrad.course.autograder import autograder as for_gradescope
    from katagrad.course.classroom import bundle
    from katagrad.course.settings import find_course
    from katagrad.files import write_bytes
    from katagrad.grading.session import ISOLATION

    made = {"gradescope": for_gradescope, "classroom50": bundle}[
        one_of("system", system, ("gradescope", "classroom50"))
    ]
    course = find_course(course_file)
    frameworks = FRAMEWORKS if framework is None else (one_of("framework", framework, FRAMEWORKS),)
    one_of("isolation", isolation, ISOLATION)
    if names is None and course is None:
        raise BadOption("name the topics of the assignment with --topics")
    wanted = (
        [n.strip() for n in names.split(",")]
        if names is not None
        else list(course.topics if course else ())
    )
    chosen = [topics()[one_of("topic", name, topics())] for name in wanted]
    show = course.show if course else "claims"
    try:
        write_bytes(to, made(chosen, course, frameworks, isolation, show))
    except OSError as error:
        raise BadOption(refused(error, to)) from None
    print(f"written: {to}; it holds graders, so show it to no student")


def report(
    out: Results,
    similarity: Annotated[
        bool | None,
        typer.Option(
            help="compare the submissions with each other; default: where copydetect is installed"
        ),
    ] = None,
    course_file: GradedBy = None,
) -> None:
    """Write report.html on the whole class, and feedback/STUDENT.md for each student."""
    from katagrad.course import similarity as likeness
    from katagrad.course.feedback import feedback, outdated
    from katagrad.course.overview import page
    from katagrad.course.scores import standings
    from katagrad.course.settings import course_of
    from katagrad.files import write_whole

    course = course_of(course_file, out)
    if similarity is None:
        similarity = likeness.available()
    elif similarity and not likeness.available():
        raise BadOption("--similarity needs copydetect: pip install 'katagrad[course]'")
    ledger = open_ledger(out)
    everybody = standings(ledger, course)
    changes, texts, came = ledger.log(), ledger.texts(), ledger.deliveries()
    ledger.close()
    pairs = likeness.by_topic(texts, came) if similarity else None
    name = course.name if course else out.resolve().name
    write_whole(out / "report.html", page(name, everybody, changes, pairs))
    show = shown(out, course)
    for one in everybody:
        write_whole(out / "feedback" / f"{one.student}.md", feedback(one, show))
    for page_of in outdated(out / "feedback", everybody):
        page_of.unlink()
        print(f"removed, because the grades hold nobody of that name: {one_line(str(page_of))}")
    print(f"written: {out / 'report.html'}, and {len(everybody)} files in {out / 'feedback'}")


def forget(
    student: Annotated[str, typer.Argument(help="the name in grades.csv")],
    out: Results,
    names: Annotated[
        str | None,
        typer.Option("--topics", help="topics to forget, separated by commas; default: all"),
    ] = None,
) -> None:
    """Delete the records of a student. No other command deletes records."""
    ledger = open_ledger(out)
    one_of("student", student, ledger.students())
    wanted = (
        None if names is None else [one_of("topic", n.strip(), topics()) for n in names.split(",")]
    )
    count = ledger.forget(student, wanted)
    left = student in ledger.students()
    ledger.close()
    for folder in () if left else ("students", "records"):
        (out / folder / f"{student}.json").unlink(missing_ok=True)
    if not left:
        (out / "feedback" / f"{student}.md").unlink(missing_ok=True)
    print(
        f"{plural(count, 'record')} of {student} deleted; grades.csv changes with the next grading"
    )
