"""The autograder of Classroom 50: a bundle for an assignment, and what runs there for each submission.

Classroom 50 runs `autograder.py` of the bundle in the student's checkout, and reads ./result.json, whose form is
`classroom50/result/v1`. It was read in the wiki of foundation50/classroom50, "Advanced Autograding", 2026.
"""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from katagrad.course.autograder import Judged, contents, judged
from katagrad.course.handout import WHEEL, zipped
from katagrad.course.release import LEVELS
from katagrad.course.settings import Course
from katagrad.course.wording import message_for
from katagrad.errors import PASSED, BadOption, NotGraded
from katagrad.files import write_json, write_whole
from katagrad.grading.checks import manifest
from katagrad.grading.table import number
from katagrad.text import one_line
from katagrad.topics import Topic, topics

SCHEMA = "classroom50/result/v1"
# Read as a file, without katagrad. -I: nothing that the student's checkout holds is imported in place of a package.
ENTRY = '''\
"""Grade this checkout with katagrad. Classroom 50 calls this file; the wheel beside it is installed first."""

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

BUNDLE = Path(__file__).resolve().parent
HOME = Path(os.environ.get("RUNNER_TEMP") or tempfile.mkdtemp()) / "katagrad"
PYTHON = HOME / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

if {bubblewrap} and not shutil.which("bwrap"):
    subprocess.run(["sudo", "apt-get", "install", "-y", "-qq", "bubblewrap"], cwd=BUNDLE, check=True)
if not PYTHON.exists():
    venv.create(HOME, with_pip=True)
    wheel = str(BUNDLE / "{wheel}") + "[{frameworks}]"
    subprocess.run([PYTHON, "-I", "-m", "pip", "install", "-q", wheel], cwd=BUNDLE, check=True)
sys.exit(subprocess.call([PYTHON, "-I", "-m", "katagrad.course.classroom", BUNDLE]))
'''


def bundle(
    chosen: Sequence[Topic],
    course: Course | None,
    frameworks: Sequence[str],
    isolation: str,
    show: str,
) -> bytes:
    """A zip of what belongs in autograders/ASSIGNMENT/ of the classroom's repository. It holds graders."""
    entry = ENTRY.format(
        bubblewrap=isolation == "namespace", wheel=WHEEL, frameworks=",".join(frameworks)
    )
    return zipped({"autograder.py": entry.encode(), **contents(chosen, course, isolation, show)})


def result_of(
    found: Judged, chosen: Sequence[Topic], environment: Mapping[str, str]
) -> dict[str, Any]:
    """result.json: a test for each check, in the checks' own points, which are whole as Classroom 50 wants them.

    environment: what Classroom 50 says of the submission. Raises BadOption where it does not say it.
    """
    wanted = ("CLASSROOM", "ASSIGNMENT", "SUBMISSION_TAG", "COMMIT_URL", "RELEASE_URL")
    missing = [name for name in wanted if not environment.get(name)]
    if missing:
        raise BadOption(
            f"{missing[0]} is not set; Classroom 50 sets it when it calls autograder.py"
        )
    owner = environment.get("OWNER") or environment.get("USERNAME") or ""
    tests = list(_tests(found, chosen))
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "schema": SCHEMA,
        "classroom": environment["CLASSROOM"],
        "assignment": environment["ASSIGNMENT"],
        "assignment_type": environment.get("ASSIGNMENT_TYPE") or "individual",
        "owner": owner,
        "submission": environment["SUBMISSION_TAG"],
        "commit": environment["COMMIT_URL"],
        "release": environment["RELEASE_URL"],
        "review": environment.get("REVIEW_URL") or environment["COMMIT_URL"],
        "datetime": now,
        "graded_at": now,
        "score": sum(test["score"] for test in tests),
        "max-score": sum(test["max-score"] for test in tests),
        "tests": tests,
    }


def _tests(found: Judged, chosen: Sequence[Topic]) -> Sequence[dict[str, Any]]:
    scores = found.standing.scores if found.standing is not None else {}
    tests: list[dict[str, Any]] = []
    for topic in chosen:
        score = scores.get(topic.name)
        checks = score.result.checks if score is not None and score.result else ()
        known = {check.name: check for check in checks}
        for check in manifest(topic):
            done = known.get(check.name)
            passed = done is not None and done.status == PASSED
            most = round(check.points)
            tests.append(
                {
                    "test-name": f"{topic.name}: {check.claim}",
                    "passed": passed,
                    "score": most if passed else 0,
                    "max-score": most,
                }
            )
    if LEVELS.index(found.show) >= LEVELS.index("claims"):
        return tests
    # Students see no more than the score.
    total = sum(test["score"] for test in tests)
    most = sum(test["max-score"] for test in tests)
    return [{"test-name": "katagrad", "passed": total == most, "score": total, "max-score": most}]


def summary_of(found: Judged) -> str:
    """release-body.md: what the course shows of each check that did not pass, and what could not be read."""
    lines = ["## katagrad", ""]
    level = LEVELS.index(found.show)
    for name, score in (found.standing.scores if found.standing is not None else {}).items():
        lines += [
            f"### {name}",
            "",
            f"{number(score.points or 0.0)} of {number(score.maximum)} points",
            "",
        ]
        for check in score.result.checks if score.result else ():
            if level >= LEVELS.index("claims") and check.status != PASSED:
                lines += [f"- {check.claim}", "", *_quoted(message_for(check, level)), ""]
    return "\n".join([*lines, *_quoted(found.problems)]).rstrip() + "\n"


def _quoted(text: str) -> list[str]:
    # As code: a submission decides what stands in it, and it must be no markup.
    return [f"      {line}" for line in text.splitlines()]


def main(arguments: Sequence[str]) -> int:
    """What the bundle's autograder.py calls. arguments: the bundle's folder. The working folder is the checkout."""
    bundled, checkout = Path(arguments[0]).resolve(), Path.cwd()
    # Programs that are started from here must not find a student's file in place of a package.
    os.chdir(bundled)
    try:
        found = judged(bundled, checkout)
        chosen = [topics()[name] for name in found.topics]
        record = result_of(found, chosen, os.environ)
        write_whole(checkout / "release-body.md", summary_of(found))
        write_json(checkout / "result.json", record)
    except (BadOption, NotGraded) as error:
        print(f"katagrad: {one_line(str(error), 1000)}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"katagrad: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    print(f"{record['score']} of {record['max-score']} points")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
