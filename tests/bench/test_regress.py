"""`kata bench regress`: a slowdown that was planted between two commits is found, in a repository of its own."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from katagrad.bench.regress import checkout
from katagrad.bench.regress import regress as judging
from katagrad.progress import progress
from katagrad.topics import root

pytestmark = [
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
    pytest.mark.needs("torch"),
]
NAME = "softmax::bench_softmax[softmax-small]"
SLOW = """    import time
    until = time.perf_counter() + 0.0006
    while time.perf_counter() < until:
        pass
"""


def git(folder, *words):
    about = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *about, *words], check=True, capture_output=True)


@pytest.fixture
def home(tmp_path):
    """A repository with two solutions, whose one commit is the base."""
    home = tmp_path / "mine"
    (home / "answers").mkdir(parents=True)
    for name in ("softmax", "losses"):
        shutil.copy(root() / "solutions" / "torch" / f"{name}.py", home / "answers")
    git(tmp_path, "init", "--quiet", str(home))
    git(home, "add", ".")
    git(home, "commit", "--quiet", "-m", "base")
    return home


def regress(home, *words):
    given = [sys.executable, "-m", "katagrad", "bench", "regress", "--framework", "torch"]
    given += ["--submission", str(home / "answers"), "--against", "HEAD", *words]
    plain = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(
        given, env=plain, cwd=root(), capture_output=True, text=True, check=False, timeout=300
    )
    return done.returncode, done.stdout, done.stderr


def test_a_planted_slowdown_is_called_and_unchanged_topics_are_not_timed(home, tmp_path):
    path = home / "answers" / "softmax.py"
    before, after = path.read_text().split("    shifted =", 1)
    path.write_text(f"{before}{SLOW}    shifted ={after}")
    written = tmp_path / "report.json"
    status, said, errors = regress(
        home,
        "softmax",
        "losses",
        "-k",
        "softmax and not log and not gradient",
        "--out",
        str(written),
    )
    assert status == 1, said + errors
    (line,) = [line for line in said.splitlines() if NAME in line]
    assert "slower" in line
    assert "not timed, the same in both: losses" in said
    found = json.loads(written.read_text())
    assert found["status"] == 1
    (one,) = found["benchmarks"]
    assert one["verdict"] == "slower"
    assert one["ratio"] > 1.5
    base, head = one["seconds"]
    assert head > base + 0.0005
    assert git_state(home) == " M answers/softmax.py"


def git_state(home):
    given = ["git", "-C", str(home), "status", "--porcelain"]
    return subprocess.run(given, check=True, capture_output=True, text=True).stdout.rstrip()


def test_nothing_changed_is_said_without_timing(home):
    status, said, errors = regress(home, "softmax", "losses")
    assert status == 0, said + errors
    assert "not timed, the same in both: softmax, losses" in said
    assert "nothing was timed" in said


def test_many_topics_that_were_not_timed_are_a_number():
    report = judging.Report("0" * 40, unchanged=[f"topic_{k}" for k in range(36)])
    said = judging.lines(report, "main")
    assert "not timed, the same in both: 36 topics (--all times them)" in said


def test_a_base_that_cannot_run_is_no_verdict(home):
    path = home / "answers" / "softmax.py"
    good = path.read_text()
    path.write_text(
        good.replace("    shifted =", "    raise ValueError('not yet')\n    shifted =", 1)
    )
    git(home, "commit", "--quiet", "-am", "broken")
    path.write_text(good)
    status, said, errors = regress(home, "softmax", "-k", "softmax and not log and not gradient")
    assert status == 3, said + errors
    (line,) = [line for line in said.splitlines() if NAME in line]
    assert "cannot judge: base:" in line
    assert "not yet" in line


def test_what_the_base_does_not_have_is_new_and_no_failure(home):
    path = home / "answers" / "softmax.py"
    good = path.read_text()
    path.write_text(good.replace("def log_softmax(", "def former_softmax("))
    git(home, "commit", "--quiet", "-am", "without it")
    path.write_text(good)
    status, said, errors = regress(home, "softmax", "-k", "log_softmax")
    assert status == 0, said + errors
    assert (
        "bench_softmax[log_softmax-small]  new: base: softmax.py has no function log_softmax"
        in said
    )
    assert "1 new" in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--against", "nonsense"), "nonsense names no commit of"),
        (("--submission", "/nowhere/at/all"), "there is no folder /nowhere/at/all"),
        (("--environment", "other"), "there is no environment 'other'; there are auto, own, this"),
        (("no_such_topic",), "there is no topic 'no_such_topic'"),
        (
            ("softmax", "--all", "--size", "colossal"),
            "--size colossal: none of the 6 benchmarks has this size; they have small, gpt2",
        ),
    ],
)
def test_bad_input_is_one_line(home, words, says):
    status, said, errors = regress(home, *words)
    assert status == 2
    assert says in " ".join((said + errors).replace("│", " ").split())
    assert "Traceback" not in said + errors


def test_a_folder_outside_git_is_said(tmp_path):
    (tmp_path / "answers").mkdir()
    status, said, errors = regress(tmp_path)
    assert status == 2
    assert "is not in a git work tree" in said + errors


def test_an_environment_is_made_once_and_whole(tmp_path, monkeypatch):
    """A project that needs nothing: what is tested is the making, not what pip fetches."""
    monkeypatch.setenv("KATAGRAD_CACHE", str(tmp_path / "cache"))
    tree = tmp_path / "tree"
    (tree / "empty").mkdir(parents=True)
    (tree / "empty" / "__init__.py").write_text("")
    (tree / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "made"\nbackend-path = ["."]\n'
        '[project]\nname = "empty"\nversion = "1"\n'
    )
    (tree / "made.py").write_text(BACKEND)
    python = checkout.environment(tree, "torch")
    given = [str(python), "-I", "-c", "import empty, sys; print(sys.prefix)"]
    prefix = subprocess.run(given, check=True, capture_output=True, text=True).stdout.strip()
    assert prefix == str(python.parent.parent)
    made = python.stat().st_mtime_ns, python.parent.parent.stat().st_mtime_ns
    assert checkout.environment(tree, "torch") == python
    assert (python.stat().st_mtime_ns, python.parent.parent.stat().st_mtime_ns) == made
    assert [one.name for one in python.parents[2].iterdir()] == [python.parents[1].name]
    (tree / "made.py").write_text("raise SystemExit('no wheel')\n")
    (tree / "constraints.txt").write_text("\n")
    with pytest.raises(checkout.Unavailable, match="cannot be made"):
        checkout.environment(tree, "torch")
    assert len(list(python.parents[2].iterdir())) == 1


# The least that pip takes for a build backend: one wheel with one empty module.
BACKEND = """
import zipfile
ABOUT = {
    "METADATA": "Metadata-Version: 2.1\\nName: empty\\nVersion: 1\\nProvides-Extra: torch\\n",
    "WHEEL": "Wheel-Version: 1.0\\nGenerator: made\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
}
def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = "empty-1-py3-none-any.whl"
    with zipfile.ZipFile(f"{wheel_directory}/{name}", "w") as wheel:
        wheel.writestr("empty/__init__.py", "")
        for file, text in ABOUT.items():
            wheel.writestr(f"empty-1.dist-info/{file}", text)
        listed = ["empty/__init__.py", *(f"empty-1.dist-info/{file}" for file in [*ABOUT, "RECORD"])]
        wheel.writestr("empty-1.dist-info/RECORD", "".join(f"{one},,\\n" for one in listed))
    return name
"""


def test_the_time_left_is_not_told_where_the_work_comes_in_rounds(monkeypatch, capsys):
    monkeypatch.setattr("katagrad.progress.QUIET_SECONDS", 0.0)
    for known in (True, False):
        with progress("timing", "timed", known=known) as advance:
            advance(3, 6, "launch 1: a")
            advance(1, 4, "launch 2: b")
        said = capsys.readouterr().err
        assert ("s left" in said) is known
        assert ("timed 1 of 4; launch 2: b\n" in said) is not known
