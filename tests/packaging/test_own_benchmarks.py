"""Benchmarks of one's own: a project that knows katagrad only from its wheel, in a repository with a history."""

import importlib.util
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from katagrad.bench.files import load
from katagrad.bench.own.project import Project, frameworks

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
    shop.edit("tests/test_text.py", "bench(histogram, ", "bench(former, ")
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


def test_one_new_import_does_not_hide_what_else_a_file_times(shop):
    shop.edit(
        "shop/text.py", "def histogram(", "def former(words):\n    return words\n\n\ndef histogram("
    )
    shop.edit("tests/test_text.py", "import histogram", "import former, histogram")
    shop.edit(
        "tests/test_text.py", "def test_speed", "def test_new(bench):\n    bench(former, 3)\n\n\ndef test_speed"
    )  # fmt: skip
    shop.edit("shop/text.py", "    return np", SLOW + "    return np")
    status, said, errors = shop.run("kata", "bench", "regress", "tests", "--against", "HEAD")
    assert status == 1, said + errors
    assert "::test_new                     new: base: cannot import name 'former'" in said
    assert "1 slower, 1 new" in said


def test_a_file_that_git_ignores_makes_nothing_new(shop):
    (shop.folder / ".gitignore").write_text("_version.py\n")
    (shop.folder / "shop" / "_version.py").write_text("VERSION = 1\n")
    shop.edit("shop/text.py", "import numpy", "import shop._version\nimport numpy")
    shop.commit("with a version")
    shop.edit("shop/text.py", "    return np", SLOW + "    return np")
    status, said, errors = shop.run("kata", "bench", "regress", "tests", "--against", "HEAD")
    assert status == 3, said + errors
    assert (
        "cannot judge: base: No module named 'shop._version'; git ignores shop/_version.py" in said
    )


def test_a_place_that_cannot_be_written_is_refused_before_the_timing(shop, tmp_path):
    (tmp_path / "file").write_text("")
    for option in ("--out", "--markdown"):
        status, said, errors = shop.run(
            *("kata", "bench", "regress", "tests", "--against", "HEAD", "--all"),
            *(option, str(tmp_path / "file" / "report")),
        )
        assert (status, said, len(errors.splitlines())) == (2, "", 1)
        assert "file/report: Not a directory" in errors or "file/report: File exists" in errors
    refused = f"--benchmark-json={tmp_path / 'file' / 'a.json'}"
    status, said, errors = shop.pytest(refused, "tests")
    assert status == 4
    assert "ERROR: --benchmark-json cannot be written: " in errors
    assert "[1/1]" not in said


# What a stranger writes, and the line that it gets; where there is no line, a figure.
WAYS = """
import asyncio
import enum
import pathlib

import numpy as np
import pytest
from shop import ways
from shop.ways import double

X = np.ones((8, 8))


class Colour(enum.Enum):
    RED = 1


def bench_attribute_of_a_module(bench): bench(ways.tripled, X)
def bench_object_of_a_module(bench): bench(ways.MODEL, X)
def bench_its_bound_method(bench): bench(ways.MODEL.predict, X)
def bench_class_method(bench): bench(ways.Model.made, 3)
def bench_method_of_c(bench): bench(str.upper, "a")
def bench_enum(bench): bench(str, Colour.RED)
def bench_remote_method(bench): bench(bench.call(ways.Model, 8).predict, X)
def bench_generator(bench): bench.time(ways.numbers, 3, exhaust=True)
def bench_slow(bench): bench(ways.nap)


class BenchGroup:
    def bench_same(self, bench): bench(double, 1)


class TestGroup:
    def bench_same(self, bench): bench(double, X)
    def test_same(self, bench): bench(double, X)


def bench_nothing(bench): pass  # it times nothing
def bench_twice(bench): bench(double, X), bench(double, X)  # a benchmark times one call
def bench_no_items(bench): bench.time(double, X, items=0)  # items is 0, but should be a positive
def bench_bytes(bench): bench.time(double, X, bytes=-1)  # bytes is -1, but should be a positive
def bench_text(bench): bench.time(double, X, items="3")  # items is '3', but should be a positive
def bench_unit(bench): bench.time(double, X, unit=3)  # unit is 3, but should be a text
def bench_coroutine(bench): bench(ways.later, 1)  # it returned a coroutine, none of which has run
def bench_lazy(bench): bench(ways.numbers, 3)  # it returned a generator, none of which has run
def bench_gradient(bench): bench.time(double, X, backward=True)  # needs a framework's gradient
def bench_compiled(bench): bench.time(double, X, against="compiled")  # needs a framework
def bench_objects(bench): bench(len, np.array([None]))  # an array of the dtype object cannot be
def bench_read(bench): bench(double, bench.call(ways.Model, 8).w)  # or read it with .get('w')
def bench_huge(bench): bench.time(double, X, flops=10**5000)  # flops is beyond 1e+30, but
def bench_path(bench): bench(len, pathlib.Path("a"))  # send it as a text, str(path), or give it
def bench_after(bench): bench(double, X); pytest.fail("too late")  # too late
@pytest.mark.xfail(strict=True)
def bench_mended(bench): bench(double, X)  # [XPASS(strict)]
"""
MODULE = """
import functools
import time

import numpy as np


def double(x): return 2 * x
def scaled(x, by): return by * x
def nap(): time.sleep(1.1)
def numbers(n): yield from range(n)
async def later(x): return x


class Model:
    def __init__(self, n): self.w = np.ones((n, n))
    def __call__(self, x): return x @ self.w
    def predict(self, x): return x @ self.w

    @classmethod
    def made(cls, n): return cls(n)


tripled = functools.partial(scaled, by=3.0)
MODEL = Model(8)
"""


def test_the_ways_in_which_strangers_use_it(shop, tmp_path):
    (shop.folder / "shop" / "ways.py").write_text(MODULE)
    (shop.folder / "benchmarks" / "bench_ways.py").write_text(WAYS)
    written = tmp_path / "result.json"
    status, said, _ = shop.pytest(
        "--bench-quick", f"--benchmark-json={written}", "benchmarks/bench_ways.py", "-q"
    )
    assert status == 1
    lines = {
        line.split(": ")[1].split("  ")[0]: line
        for line in said.splitlines()
        if line.startswith("[") and "] bench_ways: " in line
    }
    wanted = [line for line in WAYS.splitlines() if line.lstrip().startswith("def ")]
    assert len(lines) == len(wanted)
    for line in wanted:
        name = line.split("def ")[1].split("(")[0]
        found = [one for key, one in lines.items() if key.rpartition("::")[2] == name]
        assert found, name
        _, _, says = line.partition("  # ")
        for one in found:
            assert ("failed: " in one and says in one) if says else "calls/s" in one, one
    assert "0.90" in lines["bench_slow"]
    assert "m calls/s" not in lines["bench_slow"]
    assert "During handling" not in said
    # Two methods of one name are two figures.
    assert {"BenchGroup::bench_same", "TestGroup::bench_same", "TestGroup::test_same"} < set(lines)
    # A failure has its line once, and no figure.
    assert said.count("bench_ways: bench_after  failed: too late") == 1
    found, problems = load(written)
    assert problems == []
    absent = {one.name.rpartition("::")[2] for one in found.not_run}
    assert {"bench_after", "bench_mended", "bench_huge"} < absent
    assert not absent & {name.rpartition("::")[2] for name, _ in found.figures}
    assert {f"benchmarks/bench_ways::{name}" for name in ("BenchGroup::bench_same", "TestGroup::bench_same")} < {
        name for name, _ in found.figures
    }  # fmt: skip


def test_files_in_other_encodings_are_timed(shop):
    body = "def bench_word(bench): bench(len, 'caf\u00e9')\n"
    files = {"latin": f"# coding: latin-1\n{body}".encode("latin-1"), "mark": body.encode("utf-8-sig")}  # fmt: skip
    for name, content in files.items():
        (shop.folder / "benchmarks" / f"bench_{name}.py").write_bytes(content)
    status, said, _ = shop.pytest("--bench-quick", "benchmarks", "-k", "bench_word")
    assert status == 0, said
    assert "2 passed" in said


def test_pytest_benchmark_s_options_choose(shop):
    status, said, _ = shop.pytest("--bench-quick", "--benchmark-only", "tests")
    assert status == 0
    assert "1 passed, 1 skipped" in said
    assert "test_speed_of_the_histogram  " in said
    status, said, _ = shop.pytest("--benchmark-skip", "-rs", "tests")
    assert status == 0
    assert "1 passed, 1 skipped" in said


def test_nothing_is_timed_beside_others_by_xdist(shop):
    status, said, _ = shop.pytest("-n", "2", "-rs", "tests")
    assert status == 0
    assert "1 passed, 1 skipped" in said
    assert "benchmarks are timed one by one: leave out -n" in said


@pytest.mark.parametrize("count", ["0", "-1", "two"])
def test_threads_are_a_whole_number_above_0(shop, count):
    status, _, errors = shop.pytest(f"--bench-threads={count}", "tests")
    assert status == 4
    assert f"argument --bench-threads: '{count}' should be a whole number above 0" in errors
    status, _, errors = shop.run(
        "kata", "bench", "regress", "tests", "--against=HEAD", f"--threads={count}"
    )
    assert status == 2
    assert "Traceback" not in errors


def test_a_device_that_has_no_name_is_refused(shop):
    status, _, errors = shop.pytest("--bench-device=gpu", "tests")
    assert status == 4
    assert "there is no device 'gpu'; there are cpu, cuda, cuda:1" in errors
    status, said, _ = shop.pytest("--bench-device=cuda:1", "--collect-only", "tests")
    assert status == 0, said


def test_more_threads_than_cores_are_warned_of(shop):
    status, said, _ = shop.pytest("--bench-threads=999", "--bench-quick", "tests")
    assert status == 0
    assert "warning: 999 threads on " in said
    _, said, _ = shop.run("kata", "bench", "regress", "tests", "--against=HEAD", "--threads=999")
    assert "warning: 999 threads on " in said


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
        (("tests", "--submission", "shop"), "--submission is for topics"),
        (("tests", "--size", "all"), "--size is for topics"),
    ):
        status, said, errors = shop.run("kata", "bench", "regress", *words, "--against", "HEAD")
        assert (status, len(errors.splitlines())) == (2, 1), errors
        assert says in errors


PREPARED = """
import pytest
from shop.text import histogram

@pytest.fixture(params=[2, 3])
def words(request): return [1] * request.param

@pytest.fixture
def many(request): return [1] * request.param

@pytest.fixture(autouse=True, scope="module")
def prepared(): pass

class TestGroup:
    def setup_method(self): self.words = [1, 2]
    def test_group(self, bench): bench(histogram, self.words)

def test_params(bench, words): bench(histogram, words)

@pytest.mark.parametrize("many", [2], indirect=True)
def test_indirect(bench, many): bench(histogram, many)

@pytest.mark.usefixtures("words")
def test_used(bench): bench(histogram, [1])

@pytest.mark.skip(reason="not today")
def test_skipped(bench): bench(histogram, [1])
"""


def test_what_pytest_alone_prepares_is_not_judged_on_something_else(shop):
    (shop.folder / "tests" / "test_text.py").write_text(PREPARED)
    shop.edit("shop/text.py", "import numpy", "\n\n\nimport numpy")
    status, said, errors = shop.run("kata", "bench", "regress", "tests", "--against", "HEAD")
    assert status == 3, said + errors
    cannot = "cannot judge: base: it takes the fixture"
    for name, says in (
        ("test_params[2]", f"{cannot} words,"),
        ("test_indirect[2]", f"{cannot} many,"),
        ("test_used[2]", f"{cannot} words,"),
        ("test_group", "base: pytest runs setup_method and prepared before it"),
    ):
        assert any(name in line and says in line for line in said.splitlines()), said
    assert "not timed, skipped by its mark: tests/test_text::test_skipped: not today" in said
    assert "6 cannot judge" in said
    status, _, errors = shop.run(
        "kata", "bench", "regress", "tests", "--against", "HEAD", "-k", "skipped"
    )
    assert status == 2
    assert "every benchmark is skipped by its mark, such as" in errors


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


def test_a_byte_order_mark_hides_no_framework(tmp_path):
    (tmp_path / "net.py").write_text("import torch\n", encoding="utf-8-sig")
    found = frameworks(Project(tmp_path), tmp_path / "bench_net.py", "import net\n")
    assert found == {"torch"}
