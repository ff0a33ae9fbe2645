"""The templates of docs/ci: their commands are run here, in a repository whose branch is slower than its base."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from katagrad.bench.regress import markdown, rule
from katagrad.bench.regress.regress import NEW, Finding, Report
from katagrad.topics import root

yaml = pytest.importorskip("yaml")
TEMPLATES = root() / "docs" / "ci"
ONE = "softmax -k log_softmax --framework torch --submission solutions/torch"
SLOW = """    import time
    until = time.perf_counter() + 0.0006
    while time.perf_counter() < until:
        pass
"""
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def read(name):
    return yaml.safe_load((TEMPLATES / name).read_text(encoding="utf-8"))


def git(folder, *words):
    about = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(folder), *about, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def branch(tmp_path):
    """A repository on a branch that made log_softmax slower; origin/main went on elsewhere since."""
    home = tmp_path / "repository"
    answers = home / "solutions" / "torch"
    answers.mkdir(parents=True)
    shutil.copy(root() / "solutions" / "torch" / "softmax.py", answers)
    git(tmp_path, "init", "--quiet", "-b", "main", str(home))
    git(home, "add", ".")
    git(home, "commit", "--quiet", "-m", "base")
    git(home, "checkout", "--quiet", "-b", "slower")
    path = answers / "softmax.py"
    head, tail = path.read_text().split("def log_softmax(", 1)
    signature, body = tail.split(":\n", 1)
    path.write_text(f"{head}def log_softmax({signature}:\n{SLOW}{body}")
    git(home, "commit", "--quiet", "-am", "slower")
    git(home, "checkout", "--quiet", "main")
    path.unlink()
    git(home, "commit", "--quiet", "-am", "main went on")
    git(home, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(home, "checkout", "--quiet", "slower")
    return home


def shell(home, script, **environment):
    """Run a step as the CI does: in the repository, with `kata` on the path."""
    usual = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    usual["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), usual["PATH"]])
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=home, env=usual | environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@needs_git
@pytest.mark.needs("torch")
def test_github_comments_and_fails_where_the_branch_is_slower_than_its_base(branch, tmp_path):
    job = read("regress-github.yml")["jobs"]["regress"]
    steps = {step["name"]: step for step in job["steps"] if "name" in step}
    # By default, the branch is checked out as merged, and begins where its base is by now.
    assert job["steps"][0]["with"]["ref"] == "${{ github.event.pull_request.head.sha }}"
    output, summary = tmp_path / "output", tmp_path / "summary"
    status, said = shell(
        branch, steps["Time"]["run"], **(job["env"] | {"WHAT": ONE}),
        GITHUB_BASE_REF="main", GITHUB_OUTPUT=str(output), GITHUB_STEP_SUMMARY=str(summary),
    )  # fmt: skip
    assert status == 0, said  # the verdict is a step of its own, after the comment
    assert output.read_text() == "status=1\n", said
    comment = (branch / "regress.md").read_text(encoding="utf-8")
    assert summary.read_text(encoding="utf-8") == comment
    assert comment.startswith(f"{markdown.MARK}\n### Speed: slower\n")
    assert git(branch, "merge-base", "main", "slower")[:12] in comment
    (row,) = [line for line in comment.splitlines() if "bench_softmax[log_softmax-small]" in line]
    assert row.endswith("| **slower** |")
    found = json.loads((branch / "regress.json").read_text(encoding="utf-8"))
    assert found["status"] == 1


@needs_git
def test_they_time_a_project_s_own_benchmarks_as_they_stand(tmp_path):
    home = tmp_path / "shop"
    (home / "shop").mkdir(parents=True)
    (home / "benchmarks").mkdir()
    (home / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
    (home / "shop" / "work.py").write_text("import time\n\n\ndef work():\n    time.sleep(0.002)\n")
    (home / "benchmarks" / "bench_work.py").write_text(
        "from shop.work import work\n\n\ndef bench_work(bench):\n    bench(work)\n"
    )
    git(tmp_path, "init", "--quiet", "-b", "main", str(home))
    git(home, "add", ".")
    git(home, "commit", "--quiet", "-m", "base")
    base = git(home, "rev-parse", "HEAD")
    (home / "shop" / "work.py").write_text("import time\n\n\ndef work():\n    time.sleep(0.003)\n")
    git(home, "commit", "--quiet", "-am", "slower")
    job = read("regress-gitlab.yml")["regress"]
    assert job["variables"]["WHAT"] == read("regress-github.yml")["jobs"]["regress"]["env"]["WHAT"]
    (script,) = job["script"]
    given = {**job["variables"], "CI_MERGE_REQUEST_DIFF_BASE_SHA": base}
    status, said = shell(home, script, **given)
    assert status == 1, said
    assert "| `benchmarks/bench_work::bench_work` |" in (home / "regress.md").read_text("utf-8")


@needs_git
@pytest.mark.needs("torch")
def test_gitlab_fails_where_the_branch_is_slower_than_its_base(branch):
    job = read("regress-gitlab.yml")["regress"]
    (script,) = job["script"]
    status, said = shell(
        branch, script, **(job["variables"] | {"WHAT": ONE}),
        CI_MERGE_REQUEST_DIFF_BASE_SHA=git(branch, "merge-base", "main", "slower"),
    )  # fmt: skip
    assert status == 1, said
    assert "slower" in (branch / "regress.md").read_text(encoding="utf-8")
    assert job["allow_failure"] == {"exit_codes": 3}


@pytest.mark.parametrize(
    ("status", "ends", "says"),
    [("0", 0, "nothing is slower"), ("1", 1, "slower: see"), ("3", 0, "too noisy"), ("", 2, "nothing was timed")],
)  # fmt: skip
def test_github_ends_by_the_verdict(tmp_path, status, ends, says):
    (step,) = read("regress-github.yml")["jobs"]["regress"]["steps"][-1:]
    ended, said = shell(tmp_path, step["run"], STATUS=status)
    assert (ended, says in said) == (ends, True), said


def test_a_comment_shows_what_to_act_on_first_and_renders_nothing_of_a_strangers():
    report = Report("a" * 40)
    report.findings = [
        Finding("z::same", rule.SAME, [1.0, 1.01], (2e-3, 2e-3)),
        Finding("a::new|`b", NEW, reason="base: @everyone <img> has *no* function"),
        Finding("b::slow", rule.SLOWER, [1.2, 1.3, 1.25], (1e-3, 1.25e-3)),
        *(Finding(f"c::same {k}", rule.SAME, [1.0], (1e-3, 1e-3)) for k in range(60)),
    ]
    report.notes = ["the machine is busy"]
    said = markdown.comment(report, "main")
    rows = [line for line in said.splitlines() if line.startswith("| `")]
    assert len(rows) == markdown.ROWS
    assert rows[0] == "| `b::slow` | 1.00 ms | 1.25 ms | 1.250 | 3 (1.200 to 1.300) | **slower** |"
    assert rows[1].startswith("| `a::new/'b` | | | | | new: base: ")
    assert "<img>" not in said.replace("\\<", "")
    assert "@everyone" not in said
    assert "Against `main` (aaaaaaaaaaaa): 1 slower, 1 new, 61 same." in said
    assert "23 more benchmarks are the same." in said
    assert "Note: the machine is busy." in said


def test_a_comment_of_nothing_says_so():
    said = markdown.comment(Report("b" * 40, unchanged=["softmax"]), "main")
    assert "### Speed: nothing was timed" in said
    assert "Not timed, since no file differs: 1 topic." in said
