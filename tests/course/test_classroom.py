"""The autograder of Classroom 50, run as its runner runs it: a bundle, a checkout, an environment, and result.json."""

import io
import json
import os
import subprocess
import sys
import zipfile

import jsonschema
import pytest

from katagrad.course.classroom import bundle
from katagrad.course.handout import WHEEL
from katagrad.course.settings import read_course
from katagrad.errors import BadOption
from katagrad.grading.checks import manifest
from katagrad.topics import topics
from tests.course.test_autograder import COURSE, install

SOFTMAX = topics()["softmax"]
# What Classroom 50's runner and collector ask of a result, as their `validate_result` reads it.
WHOLE = {"type": "integer", "minimum": 0}
TEXT = {"type": "string", "minLength": 1}
RESULT = {
    "type": "object",
    "required": ["schema", "classroom", "assignment", "assignment_type", "owner", "submission", "commit",
                 "release", "review", "datetime", "score", "max-score", "tests"],
    "properties": {
        "schema": {"const": "classroom50/result/v1"},
        "classroom": {"const": "dl"},
        "assignment": {"const": "softmax"},
        "assignment_type": {"const": "individual"},
        "owner": {"const": "ada"},
        "submission": {"type": "string", "pattern": "^submit/"},
        **dict.fromkeys(("commit", "release", "review"), TEXT),
        "datetime": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
        "score": WHOLE,
        "max-score": WHOLE,
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["test-name", "passed", "score", "max-score"],
                "properties": {"test-name": TEXT, "passed": {"type": "boolean"}, "score": WHOLE, "max-score": WHOLE},
            },
        },
    },
}  # fmt: skip
ENVIRONMENT = {
    "CLASSROOM": "dl",
    "ASSIGNMENT": "softmax",
    "ASSIGNMENT_TYPE": "individual",
    "OWNER": "ada",
    "SUBMISSION_TAG": "submit/2026-11-21T20-00-00Z-abcdef0",
    "COMMIT_URL": "https://example.org/ada/commit/abcdef0",
    "RELEASE_URL": "https://example.org/ada/releases/tag/submit",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The bundle as the runner unpacks it, and the environment that autograder.py would make."""
    folder = tmp_path_factory.mktemp("classroom")
    (folder / "roster.csv").write_text("id,name\nada,Ada Secret\n")
    (folder / "course.toml").write_text(COURSE)
    course = read_course(folder / "course.toml")
    made = bundle([SOFTMAX], course, ["torch"], "process", "messages")
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        archive.extractall(folder / "bundle")
    install(folder / "bundle" / WHEEL, folder / "temp" / "katagrad")
    return folder


def run(place, checkout, files, **environment):
    """result.json and release-body.md of a checkout, or None, and what was printed."""
    for name, text in files.items():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(text)
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    env |= {**ENVIRONMENT, "RUNNER_TEMP": str(place / "temp"), **environment}
    done = subprocess.run(
        [sys.executable, place / "bundle" / "autograder.py"],
        cwd=checkout, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    result, body = checkout / "result.json", checkout / "release-body.md"
    if not result.is_file():
        return None, "", done
    return json.loads(result.read_text()), body.read_text(), done


def consistent(result):
    """Check a result against what Classroom 50 asks of it."""
    jsonschema.validate(result, RESULT)
    assert result["score"] == sum(test["score"] for test in result["tests"])
    assert result["max-score"] == sum(test["max-score"] for test in result["tests"])
    assert all(test["score"] <= test["max-score"] for test in result["tests"])


def test_bundle_is_small_and_holds_no_solution_and_no_roster(place):
    with zipfile.ZipFile(place / "bundle" / WHEEL) as archive:
        assert not [name for name in archive.namelist() if "solutions" in name]
    held = list((place / "bundle").iterdir())
    # Classroom 50's runner takes no larger one.
    assert sum(path.stat().st_size for path in held) < 10 * 2**20
    text = b"".join(path.read_bytes() for path in held if path.name != WHEEL)
    assert b"roster" not in text
    assert b"Ada Secret" not in text


@pytest.mark.needs("torch")
def test_right_and_wrong_answers_have_their_points(place, tmp_path):
    solution = SOFTMAX.solution("torch").read_text()
    files = {"hw/softmax.py": solution, "torch.py": "raise SystemExit(7)", ".git/config": "x"}
    found, _, done = run(place, tmp_path, files)
    assert done.returncode == 0, done.stderr
    consistent(found)
    assert found["score"] == found["max-score"] == sum(c.points for c in manifest(SOFTMAX))
    assert all(test["passed"] for test in found["tests"])
    wrong = {"hw/softmax.py": solution.replace("dim=axis", "dim=-1")}
    found, body, _ = run(place, tmp_path, wrong)
    consistent(found)
    assert 0 < found["score"] < found["max-score"]
    assert "it equals softmax over the last axis" in body


def test_what_is_no_submission_has_no_points_and_a_reason(place, tmp_path):
    found, body, done = run(place, tmp_path, {"notes.txt": "x"})
    assert done.returncode == 0, done.stderr
    consistent(found)
    assert found["score"] == 0 < found["max-score"]
    assert "holds no Python file" in body


def test_no_verdict_is_no_zero(place, tmp_path):
    found, _, done = run(place, tmp_path, {"softmax.py": "import torch"}, COMMIT_URL="")
    assert found is None
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "katagrad: COMMIT_URL is not set; Classroom 50 sets it when it calls autograder.py"
    ]


def test_a_folder_in_the_place_of_the_result_is_no_traceback(place, tmp_path):
    (tmp_path / "result.json").mkdir()
    (tmp_path / "result.json" / "x").write_text("x")
    _, _, done = run(place, tmp_path, {"notes.txt": "x"})
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_points_are_whole_as_classroom_asks():
    for topic in topics().values():
        assert all(check.points == round(check.points) for check in manifest(topic)), topic.name


def test_an_unknown_system_is_one_line(tmp_path):
    from katagrad.course.office import autograder

    with pytest.raises(BadOption, match="classroom50"):
        autograder(tmp_path / "x.zip", "softmax", system="classroom")
