"""The autograder of Gradescope: a zip for its upload, and what runs there for each submission."""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from katagrad.course.exports import results_of
from katagrad.course.grade import GradingRequest, run
from katagrad.course.handout import WHEEL, course_library, zipped
from katagrad.course.ledger import Ledger
from katagrad.course.scores import Standing, standings
from katagrad.course.settings import Course, Lateness, find_course
from katagrad.errors import BadOption, NotGraded
from katagrad.files import write_json
from katagrad.grading.session import draw_seed
from katagrad.text import one_line
from katagrad.topics import Topic, topics

ROSTER = re.compile(r"""\s*(["']?)roster\1\s*=""")
SETTINGS, COURSE = "katagrad.json", "course.toml"
SETUP = """\
#!/usr/bin/env bash
set -euo pipefail
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv bubblewrap
python3 -m venv /autograder/venv
/autograder/venv/bin/pip install --no-cache-dir {frameworks}
"""
RUN = """\
#!/usr/bin/env bash
exec /autograder/venv/bin/python -m katagrad.course.autograder /autograder
"""
# What the folder of one student is called.
STUDENT = "submission"


def autograder(
    chosen: Sequence[Topic],
    course: Course | None,
    frameworks: Sequence[str],
    isolation: str,
    show: str,
) -> bytes:
    """The zip. Its wheel holds graders, and no solutions."""
    wanted = ",".join(frameworks)
    files = {
        "setup.sh": SETUP.format(frameworks=f'"/autograder/source/{WHEEL}[{wanted}]"').encode(),
        "run_autograder": RUN.encode(),
        **contents(chosen, course, isolation, show),
    }
    return zipped(files, executable=("setup.sh", "run_autograder"))


def contents(
    chosen: Sequence[Topic], course: Course | None, isolation: str, show: str
) -> dict[str, bytes]:
    """What an autograder holds wherever it runs: settings of the grading, the wheel, and the course without a roster.

    The hidden seed is drawn now, so that handing in again is judged on the same inputs.
    """
    settings = {
        "topics": [topic.name for topic in chosen],
        "isolation": isolation,
        "show": show,
        "seed": draw_seed(),
    }
    files = {
        SETTINGS: (json.dumps(settings, indent=1) + "\n").encode(),
        WHEEL: course_library(chosen),
    }
    if course is not None:
        # Who else takes the course is no business of a machine that runs students' code.
        lines = course.path.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if not ROSTER.match(line)]
        files[COURSE] = ("\n".join(kept) + "\n").encode()
    return files


@dataclass(frozen=True)
class Judged:
    """A submission's verdict. standing: None where nothing could be graded, for the reasons in `problems`."""

    standing: Standing | None
    problems: str
    show: str
    topics: Sequence[str]


def judged(source: Path, submission: Path) -> Judged:
    """Grade a submission's folder by the settings that stand in `source`.

    The other system takes off what lateness costs by its own settings, so nothing is taken off here. Raises BadOption
    and NotGraded where there is no verdict.
    """
    settings = json.loads((source / SETTINGS).read_text(encoding="utf-8"))
    course = find_course(source / COURSE) if (source / COURSE).is_file() else None
    if course is not None:
        course = replace(course, late=Lateness())
    with tempfile.TemporaryDirectory(prefix="katagrad-") as name:
        folder = Path(name)
        hidden = shutil.ignore_patterns(".git")
        shutil.copytree(submission, folder / "class" / STUDENT, symlinks=True, ignore=hidden)
        summary = run(
            GradingRequest(
                folder / "class",
                folder / "out",
                [topics()[topic] for topic in settings["topics"]],
                settings["isolation"],
                workers=1,
                seed=settings["seed"],
                show=settings["show"],
                course=course,
            )
        )
        ledger = Ledger(folder / "out" / "ledger.sqlite")
        everybody = [one for one in standings(ledger, course) if one.student == STUDENT]
        ledger.close()
    problems = "\n".join(one_line(text, 1000) for text in (summary.problems or {}).values())
    if everybody and everybody[0].points is not None:
        return Judged(everybody[0], problems, settings["show"], settings["topics"])
    if any(s.result is not None for one in everybody for s in one.scores.values()):
        raise NotGraded(problems or "the grader came to no verdict")
    return Judged(None, problems, settings["show"], settings["topics"])


def grade_here(home: Path) -> None:
    """Grade home/submission by the settings of home/source, and write home/results/results.json.

    Raises BadOption and NotGraded where there is no verdict; then there is no file, and Gradescope says that the
    autograder failed.
    """
    found = judged(home / "source", home / "submission")
    if found.standing is not None:
        record = results_of(found.standing, found.show)
        record["output"] = "\n".join(filter(None, (record["output"], found.problems)))
    else:
        record = {"score": 0.0, "output": found.problems, "output_format": "text"}
    (home / "results").mkdir(exist_ok=True)
    write_json(home / "results" / "results.json", record)


def main(arguments: Sequence[str]) -> int:
    """What run_autograder calls. argv: the folder that Gradescope calls /autograder."""
    try:
        grade_here(Path(arguments[0]))
    except (BadOption, NotGraded) as error:
        print(f"katagrad: {one_line(str(error), 1000)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
