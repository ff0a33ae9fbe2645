"""The autograder of Gradescope, run as Gradescope runs it: its zip, its folders, and nothing else of katagrad."""

import io
import json
import os
import shutil
import subprocess
import sysconfig
import venv
import zipfile
from pathlib import Path

import jsonschema
import pytest

from katagrad.course.autograder import autograder
from katagrad.course.handout import WHEEL
from katagrad.course.settings import read_course
from katagrad.grading.checks import manifest
from katagrad.topics import topics
from tests.course.test_exports import GRADESCOPE

SOFTMAX = topics()["softmax"]
COURSE = '"roster" = "roster.csv"\nshow = "messages"\n[topics.softmax]\npoints = 10\ndue = 2020-01-01T00:00:00Z\n'
COURSE += "[late]\npenalty = 0.5\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """What Gradescope calls /autograder, after setup.sh: its zip in source/, and an environment."""
    folder = tmp_path_factory.mktemp("autograder")
    (folder / "roster.csv").write_text("id,name\nada,Ada Secret\n")
    (folder / "course.toml").write_text(COURSE)
    made = autograder(
        [SOFTMAX], read_course(folder / "course.toml"), ["torch"], "process", "messages"
    )
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        archive.extractall(folder / "source")
        modes = {i.filename: (i.external_attr >> 16) & 0o777 for i in archive.infolist()}
    assert modes["setup.sh"] == modes["run_autograder"] == 0o755
    install(folder / "source" / WHEEL, folder / "venv")
    return folder


def install(wheel, place):
    """An environment that holds the wheel, and the packages that it would install."""
    venv.create(place, symlinks=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(place)}))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    # The packages' own .pth files, one of which leads to the clone, are not read.
    (packages / "shared.pth").write_text(sysconfig.get_path("purelib"))


def run(home, files):
    """results.json for a submission, or None, and what was printed."""
    for name in ("submission", "results"):
        shutil.rmtree(home / name, ignore_errors=True)
        (home / name).mkdir()
    for name, text in files.items():
        (home / "submission" / name).parent.mkdir(parents=True, exist_ok=True)
        (home / "submission" / name).write_text(text)
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    python = home / "venv" / "bin" / "python"
    done = subprocess.run(
        [python, "-m", "katagrad.course.autograder", home],
        cwd=home, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    path = home / "results" / "results.json"
    return (json.loads(path.read_text()) if path.exists() else None), done


def test_zip_holds_graders_but_no_solution_and_no_roster(home):
    with zipfile.ZipFile(home / "source" / WHEEL) as archive:
        names = archive.namelist()
    assert "katagrad/_content/graders/softmax.py" in names
    assert not [name for name in names if "solutions" in name or "cross_entropy" in name]
    held = b"".join(p.read_bytes() for p in (home / "source").iterdir() if p.name != WHEEL)
    assert b"roster" not in held
    assert b"Ada Secret" not in held
    script = (home / "source" / "setup.sh").read_text()
    assert f'"/autograder/source/{WHEEL}[torch]"' in script
    subprocess.run(["bash", "-n", home / "source" / "setup.sh"], check=True)


@pytest.mark.needs("torch")
def test_right_and_wrong_answers_have_their_points(home):
    solution = SOFTMAX.solution("torch").read_text()
    found, done = run(home, {"hw/softmax.py": solution})
    assert done.returncode == 0, done.stderr
    jsonschema.validate(found, GRADESCOPE)
    assert found["score"] == 10, "Gradescope takes off what lateness costs"
    assert sum(test["max_score"] for test in found["tests"]) == pytest.approx(10, abs=1e-3)
    assert len(found["tests"]) == len(manifest(SOFTMAX))
    found, _ = run(home, {"softmax.py": solution.replace("dim=axis", "dim=-1")})
    jsonschema.validate(found, GRADESCOPE)
    assert 0 < found["score"] < 10
    assert "it equals softmax over the last axis" in json.dumps(found)


def test_what_is_no_submission_has_no_points_and_a_reason(home):
    found, done = run(home, {"notes.txt": "x"})
    assert done.returncode == 0, done.stderr
    assert found["score"] == 0
    assert "holds no Python file" in found["output"]


def test_a_fault_of_ours_is_no_zero(home, tmp_path):
    shutil.copytree(home / "source", tmp_path / "source")
    settings = json.loads((tmp_path / "source" / "katagrad.json").read_text())
    settings["isolation"] = "nothing"
    (tmp_path / "source" / "katagrad.json").write_text(json.dumps(settings))
    shutil.copytree(home / "venv", tmp_path / "venv", symlinks=True)
    found, done = run(tmp_path, {"softmax.py": "import torch"})
    assert found is None
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
