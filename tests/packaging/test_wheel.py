"""The wheel carries the library and the topics, and nothing else."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOPICS = ("exercises", "graders", "solutions", "benchmarks")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    # Without isolation the build needs no connection: `dev` brings hatchling.
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    built = subprocess.run([*command, str(ROOT)], capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = folder.glob("katagrad-*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def sources(folder):
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".toml", ".txt", ".typed", ".j2", ".css")
        and "__pycache__" not in path.parts
    }


def test_every_module_and_topic_is_in_it(wheel):
    wanted = sources("katagrad")
    for folder in TOPICS:
        wanted |= {f"katagrad/_content/{name}" for name in sources(folder)}
    wanted |= {f"katagrad/_content/docs/{name}.schema.json" for name in ("results", "student")}
    assert sorted(wanted - set(wheel.namelist())) == []


def test_nothing_else_is_in_it(wheel):
    for name in wheel.namelist():
        assert name.startswith(("katagrad/", "katagrad-")), name
        assert not {"tests", "__pycache__", ".venv", ".git"} & set(name.split("/")), name
        assert not name.endswith((".pyc", ".npz", ".gz")), name
        assert "/benchmarks/results/" not in name, name


def test_no_file_in_it_knows_the_machine_it_was_built_on(wheel):
    for name in wheel.namelist():
        assert str(ROOT).encode() not in wheel.read(name), name


def test_it_declares_the_command_and_the_licence(wheel):
    names = {name.split("/", 1)[1]: name for name in wheel.namelist() if ".dist-info/" in name}
    assert b"kata = katagrad.cli:main" in wheel.read(names["entry_points.txt"])
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
