"""Benchmarks of one's own: a project that knows katagrad only from its wheel, in a repository with a history."""

import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent / "project"
pytestmark = [
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
    pytest.mark.skipif(
        importlib.util.find_spec("pytest_benchmark") is None,
        reason="pytest-benchmark is not installed",
    ),
]
SLOW = """    import time

    until = time.perf_counter() + 0.001
    while time.perf_counter() < until:
        pass
"""


class Shop:
    """The example project in a repository, and the commands of an environment that has the wheel."""

    def __init__(self, folder, scripts):
        self.folder, self.scripts = folder, scripts
        shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__"))
        self.git("init", "--quiet")
        self.commit("begin")

    def git(self, *words):
        about = [
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.org",
            "-c",
            "commit.gpgsign=false",
        ]
        done = subprocess.run(
            ["git", "-C", str(self.folder), *about, *words],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, message):
        self.git("add", ".")
        self.git("commit", "--quiet", "-m", message)
        return self.git("rev-parse", "HEAD")

    def edit(self, name, before, after):
        path = self.folder / name
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after, 1))

    def run(self, *words):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "PYTHONPATH"))}
        done = subprocess.run(
            [str(self.scripts / words[0]), *words[1:]],
            cwd=self.folder,
            env={**kept, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert "Traceback" not in done.stdout + done.stderr
        return done.returncode, done.stdout, done.stderr

    def pytest(self, *words):
        return self.run("python", "-m", "pytest", "-p", "no:cacheprovider", *words)


@pytest.fixture
def shop(environment, tmp_path):
    return Shop(tmp_path / "shop", environment)


def test_plain_pytest_times_nothing_of_bench_files(shop):
    status, said, _ = shop.pytest("--collect-only", "-q")
    assert status == 0
    assert "bench_model" not in said
    status, said, _ = shop.pytest("--collect-only", "-q", "benchmarks")
    assert status == 0
    assert "bench_training_step[64]" in said
    # Other people's scripts of that name are left alone.
    (shop.folder / "benchmarks" / "bench_disk.py").write_text("raise SystemExit('a script')\n")
    assert shop.pytest("--collect-only", "-q", "benchmarks")[0] == 0


@pytest.mark.needs("torch")
def test_a_project_is_timed_and_shown(shop, tmp_path):
    written = tmp_path / "result.json"
    status, said, errors = shop.pytest(
        "--bench-quick", f"--benchmark-json={written}", "benchmarks", "tests"
    )
    assert status == 0, said + errors
    assert "[1/4] bench_model: bench_training_step[64]" in said
    assert "of FLOP/s" in said
    timed = json.loads(written.read_text())["benchmarks"]
    found = {one["name"]: one["extra_info"] for one in timed}
    assert len(found) == 4
    step, words = found["bench_training_step[256]"], found["test_speed_of_the_histogram"]
    assert (step["topic"], step["project"]) == ("benchmarks/bench_model", "shop")
    assert (step["framework"], words["framework"]) == ("torch", "numpy")
    assert step["unit"] == "samples"
    assert 0 < step["share_of_flops"] < 1
    assert step["peak_memory"] > 50_000_000
    assert words["throughput"] > 1e6
    assert words["share_of_bytes"] > 0
    out = tmp_path / "a.html"
    status, said, errors = shop.run("kata", "bench", "page", str(written), "--out", str(out))
    assert status == 0, said + errors
    page = out.read_text()
    assert "4 figures of 2 files" in page
    assert "benchmarks/bench_model" in page.replace("<wbr>", "")
    assert "topics of this version" not in page


def test_a_slowdown_in_its_history_is_found(shop, tmp_path):
    shop.edit("shop/text.py", "    return np", SLOW + "    return np")
    shop.commit("slower")
    (shop.folder / "NOTES").write_text("no code\n")
    shop.commit("notes")
    written, comment = tmp_path / "report.json", tmp_path / "comment.md"
    status, said, errors = shop.run(
        *("kata", "bench", "regress", "tests", "--against", "HEAD~2"),
        *("--out", str(written), "--markdown", str(comment)),
    )
    assert status == 1, said + errors
    (one,) = json.loads(written.read_text())["benchmarks"]
    assert one["benchmark"] == "tests/test_text::test_speed_of_the_histogram"
    assert one["verdict"] == "slower"
    assert one["seconds"][1] > one["seconds"][0] + 0.0009
    assert "### Speed: slower" in comment.read_text()
    status, said, _ = shop.run("kata", "bench", "regress", "tests", "--against", "HEAD")
    assert status == 0
    assert "not timed, the same in both: tests/test_text (--all times them)" in said


def test_history_names_the_commit_of_the_step(shop, tmp_path):
    (shop.folder / "shop" / "wait.py").write_text(
        "import time\n\n\ndef wait():\n    time.sleep(0.004)\n"
    )
    (shop.folder / "tests" / "test_wait.py").write_text(
        "from shop.wait import wait\n\n\ndef test_wait(bench):\n    bench(wait)\n"
    )
    commits = [shop.commit("wait")]
    for number in range(1, 5):
        (shop.folder / "shop" / "other.py").write_text(f"NUMBER = {number}\n")
        if number == 3:
            shop.edit("shop/wait.py", "0.004", "0.006")
        commits.append(shop.commit(f"change {number}"))
    written, page = tmp_path / "history.json", tmp_path / "page.html"
    status, said, errors = shop.run(
        *("kata", "bench", "history", "HEAD~4..HEAD", "tests/test_wait.py", "--points", "2"),
        *("--out", str(written)),
    )
    assert status == 1, said + errors
    assert f": {commits[3][:7]} change 3" in said
    found = json.loads(written.read_text())
    assert [one["id"] for one in found["revisions"]] == commits
    (step,) = found["series"][0]["steps"]
    assert (step["before"], step["after"], step["verdict"]) == (2, 3, "slower")
    assert step["ratio"] == pytest.approx(1.48, abs=0.15)
    status, said, errors = shop.run("kata", "bench", "page", str(written), "--out", str(page))
    assert status == 0, said + errors
    assert commits[3][:7] in page.read_text()
    for span, says in (("HEAD", "is no range of revisions"), ("HEAD..no", "no names no commit")):
        status, _, errors = shop.run("kata", "bench", "history", span, "tests/test_wait.py")
        assert (status, len(errors.splitlines())) == (2, 1)
        assert says in errors


def test_what_a_revision_lacks_is_new(shop):
    shop.edit(
        "shop/text.py", "def histogram(", "def former(words):\n    return words\n\n\ndef histogram("
    )
    shop.edit("tests/test_text.py", "import histogram", "import former, histogram")
    status, said, errors = shop.run("kata", "bench", "regress", "tests", "--against", "HEAD")
    assert status == 0, said + errors
    assert "test_speed_of_the_histogram  new: base: cannot import name 'former'" in said


def test_code_that_no_revision_changes_is_not_judged(shop):
    path = shop.folder / "tests" / "test_text.py"
    path.write_text(
        "import numpy as np\n\n\ndef test_speed(bench):\n    bench(np.sort, np.arange(9))\n"
    )
    status, said, errors = shop.run("kata", "bench", "regress", "tests", "--against", "HEAD")
    assert status == 3, said + errors
    assert "cannot judge: base: it imports nothing of the project" in said


ERRORS = [
    ("bench.time(lambda: 3)", "give it a name at the top of test_text.py"),
    ("bench.time(bench.call(dict))", "dict gave a dict, which cannot be called"),
    ("bench.time(histogram, object())", "an object cannot be sent to the worker"),
    ("bench.time(histogram, WORDS / 2)", "raised TypeError: Cannot cast"),
    ("bench.time(histogram, WORDS, against='threads')", "against='threads' is unknown here"),
]


def test_a_strangers_mistakes_are_one_line_with_what_to_do(shop):
    path = shop.folder / "tests" / "test_text.py"
    head, _ = path.read_text().split("def test_speed")
    bodies = [f"def test_{k}(bench):\n    {body}\n" for k, (body, _) in enumerate(ERRORS)]
    path.write_text(head + "\n\n".join(bodies))
    status, said, _ = shop.pytest("--bench-quick", "tests")
    assert status == 1
    lines = [line for line in said.splitlines() if line.startswith("[")]
    for k, (_, words) in enumerate(ERRORS):
        assert any(f": test_{k}  failed: " in line and words in line for line in lines), words
    for words, says in (
        (("nowhere.py",), "there is no file or folder nowhere.py"),
        (("shop",), "shop has no benchmark: a benchmark is a function bench_*(bench)"),
        ((), "name the files or folders of your benchmarks"),
        (("tests", "--environment", "own"), "--environment own is for topics"),
    ):
        status, said, errors = shop.run("kata", "bench", "regress", *words, "--against", "HEAD")
        assert (status, len(errors.splitlines())) == (2, 1), errors
        assert says in errors


@pytest.mark.needs("torch", "tensorflow")
def test_a_file_with_two_frameworks_asks_which(shop):
    path = shop.folder / "benchmarks" / "bench_model.py"
    path.write_text(path.read_text() + "\n\ndef other():\n    import tensorflow\n")
    status, said, _ = shop.pytest("--bench-quick", "benchmarks", "-k", "inference")
    assert status == 1
    assert "imports tensorflow and torch, and a worker has one framework" in said
    status, said, _ = shop.pytest(
        "--bench-quick", "benchmarks", "-k", "inference", "--bench-framework", "torch"
    )
    assert status == 0, said
