"""Input that cannot be meant: one clear line that says what to do, and nothing else is lost."""

import importlib.util
import re
from dataclasses import replace
from pathlib import Path

import pytest

from katagrad.errors import NotGraded
from katagrad.grading.session import parse_limits
from katagrad.grading.submission import edited
from katagrad.pytest_plugin.options import limits_help
from katagrad.topics import topics
from katagrad.worker.limits import Limits

pytestmark = pytest.mark.needs("torch")

BODY = "\ndef softmax(x, axis=-1, temperature=1.0):\n    return x\n"

BAD = {
    "syntax error": (
        "import torch\ndef softmax(x:\n    return x\n",
        r"softmax.py:2: '(' was never closed",
    ),
    "both frameworks": (
        "import torch\nimport tensorflow as tf\n" + BODY,
        "imports both torch and tensorflow; keep one",
    ),
    "no framework": (
        "import numpy" + BODY,
        "imports neither torch nor tensorflow; add `import torch`",
    ),
    "missing function": (
        "import torch\n",
        "softmax.py has no function softmax; the stub asks for softmax(x, axis=-1, temperature=1.0)",
    ),
    "wrong signature": (
        "import torch\ndef softmax(logits):\n    return logits\n",
        "softmax.py defines softmax(logits), but the stub asks for softmax(x, axis=-1, temperature=1.0)",
    ),
    "no tensor": (
        "import torch\ndef softmax(x, axis=-1, temperature=1.0):\n    return x.tolist()\n",
        "but should be a tensor",
    ),
    "fails at import": (
        "import torch\nraise ValueError('boom')\n",
        "importing softmax.py raised ValueError: boom",
    ),
    "missing package": (
        "import torch\nimport not_there_at_all\nnot_there_at_all.start()\n",
        "imports not_there_at_all; this topic allows PyTorch, NumPy",
    ),
    "null bytes": ("import torch\n\0", "softmax.py"),
}


@pytest.fixture(params=BAD, ids=[name.replace(" ", "-") for name in BAD])
def case(request):
    return BAD[request.param]


def test_bad_file_is_one_clear_line_and_the_other_topic_is_graded(workspace, case):
    text, words = case
    workspace.write(text)
    workspace.solve("torch", "cross_entropy")
    # The pristine contract lies elsewhere, as in a course.
    workspace.exercises.rename(workspace.folder / "handed_in")
    workspace.exercises.mkdir()
    pristine = topics()["softmax"].stub
    for topic in ("softmax", "cross_entropy"):
        (workspace.exercises / f"{topic}.py").write_text(
            pristine.with_name(f"{topic}.py").read_text()
        )
    (workspace.exercises / "topics.toml").write_text(
        (workspace.folder / "handed_in" / "topics.toml").read_text()
    )
    record = workspace.results("graders", "--submission", "handed_in")
    softmax, other = record["topics"]["softmax"], record["topics"]["cross_entropy"]
    messages = [check["message"] for check in softmax["checks"]]
    assert any(words in message for message in messages), messages
    assert all(check["status"] == "failed" for check in softmax["checks"] if check["points"] == 0)
    assert softmax["points"] == 0
    assert other["points"] == other["maximum"] > 0


@pytest.mark.parametrize("name", ["syntax error", "missing function", "fails at import"])
def test_reason_that_lies_in_the_file_is_told_once_and_without_a_hint(workspace, name):
    text, words = BAD[name]
    workspace.write(text)
    output = workspace.run("graders/softmax.py", "-k", "normalizes or offset", expect=1)
    assert output.count(words) == 1, output
    assert "1 failed, " in output
    assert "failed for the same reason" in output
    assert "Look at: " not in output


NO_TENSORFLOW = """
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *a: None if name == "tensorflow" else found(name, *a)
"""


def test_framework_that_is_not_there_is_one_line_and_the_other_topic_is_graded(workspace):
    workspace.write("import tensorflow as tf\n" + BODY)
    workspace.solve("torch", "cross_entropy")
    conftest = workspace.folder / "conftest.py"
    conftest.write_text(conftest.read_text() + NO_TENSORFLOW)
    output = workspace.run("graders", expect=1)
    assert output.count("softmax.py needs tensorflow, which is not installed here; run: pip ") == 1
    assert re.search(r"not graded: softmax: softmax.py needs .*  \[\d+ cases\]", output)
    assert re.search(r"cross_entropy +#+ +(\d+)/\1 +done", output)


def test_file_of_the_other_framework_is_one_line_and_not_an_error_a_case(workspace):
    workspace.write("import torch\n" + BODY)
    output = workspace.run("graders/softmax.py", "--framework", "tensorflow", expect=1)
    words = (
        "softmax.py imports torch, but --framework or the course asks for tensorflow; write it in"
    )
    assert output.count(words) == 1
    assert "AttributeError" not in output


def test_missing_file(workspace):
    (workspace.folder / "empty").mkdir()
    output = workspace.run("graders", "--submission", "empty", expect=1)
    assert output.count("softmax.py is missing; copy the stub") == 1
    assert output.count("cross_entropy.py is missing; copy the stub") == 1
    record = workspace.results("graders", "--submission", "empty")
    assert record["points"] == 0
    message = record["topics"]["softmax"]["checks"][0]["message"]
    assert (
        message == "softmax.py is missing; copy the stub from exercises/softmax.py and fill it in"
    )


def test_missing_folder_and_bad_options_are_usage_errors(workspace):
    assert "--submission nowhere: there is no such folder" in workspace.run(
        "graders", "--submission", "nowhere", expect=4
    )
    output = workspace.run("graders/softmax.py", "--submission", "exercises", "--limit", "walls=3")
    assert "there is no limit 'walls'; did you mean wall?" in output
    output = workspace.run(
        "graders/softmax.py", "--submission", "exercises", "--limit", "wall=soon"
    )
    assert "is not a number; write wall=20" in output
    assert "Traceback" not in output


def test_exercise_beside_another_submission_is_a_usage_error(workspace):
    """It said one folder and graded another."""
    (workspace.folder / "elsewhere").mkdir()
    for quiet in ((), ("-q",)):
        output = workspace.run(
            "exercises/softmax.py::test_any", "--submission", "elsewhere", *quiet, expect=4
        )
        assert "run: pytest graders/softmax.py --submission elsewhere" in output
    output = workspace.run("exercises", "--submission", "elsewhere", expect=4)
    assert "run: pytest graders --submission elsewhere" in output
    workspace.run("exercises", "--submission", "exercises", "--collect-only", expect=0)


def test_help_lists_every_limit_with_its_default(workspace):
    shown = " ".join(workspace.run("--help", expect=0).split())
    limits = [
        "wall=20",
        "cpu=900",
        "memory=4g",
        "processes=512",
        "file=64m",
        "output=1m",
        "message=1g",
    ]
    for limit in limits:
        assert f"{limit} (" in shown
    written = [word for word in limits_help().split() if "=" in word]
    assert parse_limits(written) == Limits()


def test_missing_framework_package_is_not_the_students_fault(monkeypatch):
    source = edited(Path("/nonexistent"), "softmax", "import tensorflow as tf\n" + BODY).source(
        topics()["softmax"]
    )
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *a: None if name == "tensorflow" else found(name, *a),
    )
    with pytest.raises(
        NotGraded,
        match=r"needs tensorflow, which is not installed here; run: pip install 'katagrad\[tensorflow\]'",
    ):
        source.ready()


@pytest.mark.needs("torch")
def test_missing_runtime_is_not_the_students_fault(monkeypatch):
    topic = replace(topics()["softmax"], needs={"torch": ("json", "onnxruntime")})
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *a: None if name == "onnxruntime" else found(name, *a),
    )
    with pytest.raises(
        NotGraded,
        match=r"^softmax.py needs onnxruntime, which is not installed here; run: pip install 'katagrad\[deploy\]'$",
    ):
        edited(Path("/nonexistent"), "softmax", "import torch\n" + BODY).source(topic).ready()


NO_SERVER = """
from katagrad.boundary.server import Server
from katagrad.errors import NotGraded

old = Server.wait


def wait(self):
    if self.framework == "tensorflow":
        raise NotGraded("the tensorflow worker did not start: No module named 'tensorflow'")
    return old(self)


Server.wait = wait
"""


@pytest.mark.needs("torch", "tensorflow")
def test_a_framework_that_does_not_start_is_not_needed_to_say_that_it_is_the_wrong_one(workspace):
    (workspace.folder / "lacking.py").write_text(NO_SERVER)
    workspace.solve()
    output = workspace.run(
        "exercises/softmax.py", "-p", "lacking", "--framework", "tensorflow", expect=1
    )
    assert "softmax.py imports torch, but --framework or the course asks for tensorflow" in output
    assert "INTERNALERROR" not in output
