"""`kata check` and pytest in a workspace: the same verdicts, both kept."""

import re
from contextlib import closing

import pytest

from katagrad.errors import Failure, NotStarted
from katagrad.grading.checks import Outcome
from katagrad.grading.examples import run_example
from katagrad.grading.submission import Submission
from katagrad.student.check import Checker, Judged, Verdict, examples_of, file_hash
from katagrad.student.standing import load
from katagrad.student.workspace import stub
from katagrad.topics import topics

SOFTMAX = topics()["softmax"]
HALF = """
import torch

def softmax(x, axis=-1, temperature=1.0):
    print("\\x1b[31mred\\x1b[0m")
    weights = torch.exp((x - x.amax(dim=-1, keepdim=True)) / temperature)
    return weights / weights.sum(dim=-1, keepdim=True)

def log_softmax(x, axis=-1):
    raise NotImplementedError("log_softmax")

def softmax_jvp(p, v):
    raise NotImplementedError
"""


def judged(*statuses):
    found = [Judged(f"test_{i}", f"claim {i}", 2, "", Outcome(s)) for i, s in enumerate(statuses)]
    return Verdict(SOFTMAX, found, len(found))


def test_a_failure_comes_before_what_is_not_written():
    found = judged("passed", "not started", "not graded", "failed", "failed")
    assert found.first.name == "test_3"
    assert judged("passed", "not graded", "not started").first.name == "test_2"
    assert judged("passed", "not graded").first.name == "test_1"
    assert judged("passed").first is None
    assert (found.passed, found.points, found.maximum) == (1, 2, 10)


def test_only_a_run_of_everything_passes():
    assert judged("passed", "passed").status == "passed"
    cut = Verdict(SOFTMAX, judged("passed").judged, 2)
    assert cut.status == "not started"
    assert judged("passed", "failed").status == "failed"
    assert judged("not started").status == "not started"


@pytest.mark.needs("torch")
def test_from_the_stub_to_full_marks(desk):
    output = desk.run("check", "softmax", expect=1)
    assert "softmax is not started" in output
    assert load(desk.workspace).of(SOFTMAX).status == "not started"

    desk.write(HALF)
    output = desk.run("check", "exercises/softmax.py", expect=1)
    assert "FAILED softmax follows its definition along every axis" in output
    assert "it equals softmax over the last axis" in output
    assert "Look at: " in output
    assert "NOT WRITTEN" not in output
    assert "are not written yet." in output
    assert "\x1b" not in output
    kept = load(desk.workspace).of(SOFTMAX)
    assert 0 < kept.passed < kept.checks
    assert kept.status == "failed"
    assert f"{kept.passed}/{kept.checks} checks" in desk.run("list")

    full = desk.run("check", "--full", expect=1)
    assert full.count("NOT WRITTEN") == int(re.search(r"(\d+) are not written", output)[1])

    desk.solve()
    output = desk.run("check")
    assert "softmax is done." in output
    assert f"Next: {list(topics())[list(topics()).index('softmax') + 1]}" in output
    kept = load(desk.workspace).of(SOFTMAX)
    assert kept.status == "passed"
    assert kept.done
    desk.write(HALF)
    assert "done, changed" in desk.run("list")


@pytest.mark.needs("torch")
def test_a_function_that_is_there_twice_has_two_examples(desk):
    said = '    """\n    >>> softmax([0.0, 0.0])\n    [0.5, 0.5]\n    """\n'
    wrong = f"import torch\ndef softmax(x, axis=-1, temperature=1.0):\n{said.replace('0.5,', '0.6,')}    return x\n"
    desk.write(
        f"{wrong}def softmax(x, axis=-1, temperature=1.0):\n{said}    return x.exp() / x.exp().sum(axis)\n"
    )
    with closing(Checker(desk.workspace)) as checker:
        found = [one for one, _ in checker.run(SOFTMAX) if one.name == "example softmax"]
    assert [one.outcome.status for one in found] == ["failed", "passed"]


@pytest.mark.needs("torch")
def test_what_pytest_says_is_kept_too(desk):
    desk.solve()
    desk.run("exercises/softmax.py", "-q", "-k", "jvp", module="pytest")
    assert load(desk.workspace).topics == {}
    desk.run("exercises/softmax.py", "-q", module="pytest")
    kept = load(desk.workspace).of(SOFTMAX)
    assert (kept.status, kept.done, kept.points) == ("passed", True, kept.maximum)
    desk.write(HALF)
    desk.run("exercises/softmax.py", "-q", expect=1, module="pytest")
    half = load(desk.workspace).of(SOFTMAX)
    assert half.status == "failed"
    assert half.done
    assert 0 < half.passed < half.checks
    assert half.file != kept.file


@pytest.mark.needs("torch")
def test_what_pytest_says_is_kept_of_a_workspace_behind_a_link(desk, tmp_path):
    desk.solve()
    (tmp_path / "link").symlink_to(desk.folder, target_is_directory=True)
    file = str(tmp_path / "link" / "exercises" / "softmax.py")
    desk.folder = tmp_path
    desk.run(file, "-q", module="pytest")
    assert load(desk.workspace).of(SOFTMAX).status == "passed"


@pytest.mark.needs("torch")
def test_a_file_that_is_saved_while_pytest_runs_is_not_the_one_that_was_checked(desk):
    desk.solve()
    before = file_hash(desk.workspace, SOFTMAX)
    with (desk.folder / "conftest.py").open("a") as file:
        file.write(
            "\ndef pytest_collection_finish(session):\n"
            "    path = session.config.rootpath / 'exercises' / 'softmax.py'\n"
            "    path.write_text(path.read_text() + '# saved\\n')\n"
        )
    desk.run("exercises/softmax.py", "-q", module="pytest")
    assert load(desk.workspace).of(SOFTMAX).file == before != file_hash(desk.workspace, SOFTMAX)


def test_examples_that_cannot_be_read_take_no_others_away():
    text = '''
def f(x):
    """A.

    >>> f(1)
    2
    """
def g(x):
    """B.

    >>>g(1)
    """
'''
    first, second = examples_of(text.encode())
    assert (first.subject, first.fault, second.subject) == ("f", "", "g")
    with pytest.raises(Failure, match="lacks blank after >>>"):
        run_example(None, second)


def test_a_file_that_cannot_be_read_as_python_is_said_so(desk):
    desk.write("import torch\ndef softmax(x:\n    pass\n")
    output = desk.run("check", "softmax", expect=1)
    assert "softmax.py:2" in output
    assert "syntax error" in " ".join(output.split())
    assert "more fail" not in output


def test_a_missing_file_and_a_misspelt_topic(desk):
    (desk.workspace.exercises / "softmax.py").unlink()
    assert "softmax.py is missing" in desk.run("check", "softmax", expect=1)
    assert "did you mean softmax" in desk.run("check", "sofmax", expect=2)
    assert "--patience" in desk.run("check", "--patience", "0", expect=2)


def test_a_file_that_is_not_the_workspaces_own_is_refused(desk, tmp_path):
    other = tmp_path / "softmax.py"
    other.write_text(HALF, encoding="utf-8")
    output = " ".join(desk.run("check", str(other), expect=2).split())
    assert (
        "softmax.py is not a file of this workspace, where softmax is exercises/softmax.py"
        in output
    )
    assert "Copy it there" in output
    assert load(desk.workspace).topics == {}


def test_pytest_says_why_a_file_beside_the_exercises_is_not_checked(desk):
    (desk.folder / "softmax.py").write_text(HALF, encoding="utf-8")
    output = desk.run("softmax.py", "-q", expect=5, module="pytest")
    assert "softmax.py is in no folder called exercises, so no topic was checked" in output
    (desk.folder / "gan.py").write_text("def test_mine():\n    pass\n", encoding="utf-8")
    assert "is in no folder" not in desk.run("gan.py", "-q", module="pytest")


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("", "", "softmax.py is the untouched stub"),
        ("import torch\n", "", "softmax.py is the untouched stub"),
        ("", "x = 3\nreturn x\n", "the first at softmax.py:{raises}; write your code in place of that line"),
        ("def softmax(x):\n    return x\n", "", "softmax.py:{defines} defines softmax once more, without any code"),
    ],
)  # fmt: skip
def test_code_outside_of_the_functions_is_no_untouched_stub(tmp_path, before, after, says):
    topic = topics()["softmax"]
    head, mark, rest = stub(topic, "torch").partition("\ndef softmax(")
    text = f"{head}\n{before}{mark}{rest}{after}"
    lines = text.splitlines()
    places = {
        "raises": next(i for i, line in enumerate(lines, 1) if "raise NotImpl" in line),
        "defines": max(i for i, line in enumerate(lines, 1) if line.startswith("def softmax(")),
    }
    (tmp_path / "softmax.py").write_text(text)
    with pytest.raises(NotStarted) as caught:
        Submission(tmp_path).source(topic).ready()
    assert says.format(**places) in str(caught.value)
