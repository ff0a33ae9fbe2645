"""The wheel carries the library and the topics, and nothing else."""

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOPICS = ("exercises", "graders", "solutions", "pictures", "benchmarks")


@pytest.fixture(scope="module")
def wheel(wheel_file):
    with zipfile.ZipFile(wheel_file) as archive:
        yield archive


def sources(folder):
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".toml", ".txt", ".typed", ".j2", ".css", ".js")
        and "__pycache__" not in path.parts
    }


def test_every_module_and_topic_is_in_it(wheel):
    wanted = sources("katagrad")
    for folder in TOPICS:
        wanted |= {f"katagrad/_content/{name}" for name in sources(folder)}
    wanted |= {f"katagrad/_content/docs/{name}.schema.json" for name in ("results", "student")}
    wanted.add("katagrad/_content/docs/contract.md")
    assert sorted(wanted - set(wheel.namelist())) == []


def test_nothing_else_is_in_it(wheel):
    for name in wheel.namelist():
        assert name.startswith(("katagrad/", "katagrad-")), name
        assert not {"tests", "__pycache__", ".venv", ".git"} & set(name.split("/")), name
        # The weights that transfer_learning starts from are the only data.
        weights = name == "katagrad/authoring/digits_base.npz"
        assert weights or not name.endswith((".pyc", ".npz", ".gz")), name
        assert "/benchmarks/results/" not in name, name


def test_no_file_in_it_knows_the_machine_it_was_built_on(wheel):
    for name in wheel.namelist():
        assert str(ROOT).encode() not in wheel.read(name), name


def test_it_declares_the_command_and_the_licence(wheel):
    names = {name.split("/", 1)[1]: name for name in wheel.namelist() if ".dist-info/" in name}
    assert b"kata = katagrad.__main__:main" in wheel.read(names["entry_points.txt"])
    assert b"the katagrad authors" in wheel.read(names["licenses/LICENSE"])


def test_it_runs_where_there_is_no_clone(wheel, tmp_path):
    wheel.extractall(tmp_path / "site")
    settings = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    where = "import katagrad; print(katagrad.__file__)"
    for command in (["-c", where], ["-m", "katagrad", "--help"]):
        run = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env=settings, capture_output=True, text=True
        )
        assert run.returncode == 0, run.stderr
        if command[1] == where:
            assert run.stdout.startswith(str(tmp_path))


def test_a_workspace_of_the_wheel_needs_no_clone(environment, tmp_path):
    settings = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"COLUMNS": "80"}

    def run(*words, cwd=tmp_path, expect=0):
        command = [str(environment / words[0]), *words[1:]]
        done = subprocess.run(command, cwd=cwd, env=settings, capture_output=True, text=True)
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout

    where = run("python", "-c", "import katagrad.topics as t; print(t.root())").strip()
    assert Path(where).is_relative_to(environment.parent)
    assert "stubs written to desk/exercises" in run("kata", "init", "desk", "--framework", "torch")
    desk = tmp_path / "desk"
    assert "0 of" in run("kata", cwd=desk)
    assert "not started" in run("kata", "check", "softmax", cwd=desk, expect=1)
    assert "exercises/softmax.py" in run(
        "python", "-m", "pytest", "--collect-only", "-q", "exercises/softmax.py", cwd=desk
    )
    if importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed: the solution is not tried")
    # This one is passed functions of the library, which it calls: the rule on imports lets them be.
    shutil.copy(ROOT / "solutions" / "torch" / "derivative.py", desk / "exercises")
    assert "derivative is done." in run("kata", "check", "derivative", cwd=desk)
    assert "1 of" in run("kata", cwd=desk)
