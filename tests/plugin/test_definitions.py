"""A file or a function that is not where the stub has it: the message says where it is, or what is in its place."""

import ast
import types

import pytest

from katagrad.boundary.transport import Transport
from katagrad.errors import SubmissionProblem, refusal
from katagrad.grading import folders as module
from katagrad.grading.cells import of_notebook
from katagrad.grading.checks import CUT, SHOWN_PRINTS, _beginning
from katagrad.grading.stub import lacking
from katagrad.grading.submission import Submission, edited
from katagrad.topics import topics
from katagrad.worker.limits import Limits
from katagrad.worker.notebook import file_of

SOFTMAX = topics()["softmax"]
SHOWN = "softmax(x, axis=-1)"
SOURCE = Submission(SOFTMAX.stub.parent).source(SOFTMAX)
ASKED = ["softmax", "log_softmax", "softmax_jvp"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import torch\n", "has no function softmax; the stub asks for softmax(x, axis=-1)"),
        ("def Softmax(x):\n    pass\n", "is it Softmax, at softmax.py:1?"),
        ("\ndef softmx(x):\n    pass\n", "is it softmx, at softmax.py:2?"),
        ("def log_softmax(x):\n    pass\n", "has no function softmax; the stub asks"),
        (
            "def f():\n    def softmax(x):\n        pass\n",
            "softmax.py:2 defines it inside f; begin",
        ),
        ("class A:\n    def softmax(x):\n        pass\n", "softmax.py:2 defines it inside A"),
        ("if 1 > 2:\n    def softmax(x):\n        pass\n", "inside another statement"),
        ("@print\ndef softmax(x):\n    pass\n", "softmax.py:2 names so has a decorator that"),
        ("x = 3\nsoftmax = 5\n", "what softmax.py:2 names so is something else; the stub asks"),
        ("softmax: int = 5\n", "what softmax.py:1 names so is something else"),
    ],
)
def test_a_function_that_is_not_there(text, said):
    message = lacking("softmax.py", "softmax", SHOWN, ast.parse(text), ASKED)
    assert message.startswith("softmax.py has no function softmax")
    assert said in message
    with pytest.raises(SubmissionProblem, match="has no function softmax"):
        edited(SOFTMAX.stub.parent, "softmax", text).source(SOFTMAX).require("softmax", {})


def test_a_file_that_is_not_there(tmp_path):
    def said(folder):
        folder.mkdir(exist_ok=True)
        with pytest.raises(SubmissionProblem) as caught:
            Submission(folder).source(SOFTMAX).tree  # noqa: B018
        return str(caught.value)

    assert "copy the stub from exercises/softmax.py" in said(tmp_path / "hand-in")
    assert "`kata reset softmax` puts its stub back" in said(tmp_path / "exercises")
    (tmp_path / "exercises" / "softmax.py").symlink_to(SOFTMAX.stub)
    assert "softmax.py is missing: it is a link, and links are not" in said(tmp_path / "exercises")


def test_files_that_go_away_or_cannot_be_read(tmp_path, monkeypatch):
    for name in ("gone.py", "secret.py", "softmax.py"):
        (tmp_path / name).write_text("import torch\n")
    read = module.Path.read_bytes

    def reading(path):
        if path.name == "gone.py":
            raise FileNotFoundError(2, "No such file or directory", str(path))
        if path.name == "secret.py" and secret:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(module.Path, "read_bytes", reading)
    secret = False
    assert set(Submission(tmp_path).files) == {"secret.py", "softmax.py"}
    secret = True
    with pytest.raises(
        SubmissionProblem, match=r"cannot be read: Permission denied, at 'secret\.py'"
    ):
        Submission(tmp_path).source(SOFTMAX).ready()
    assert Submission(tmp_path).source(SOFTMAX).known_framework is None


def test_only_what_is_of_a_file_is_told_of_the_system():
    assert refusal(OSError(28, "No space left on device")).startswith("this folder or this")
    assert refusal(OSError(13, "Permission denied", "a")).startswith("a: Permission denied; see")
    assert refusal(OSError("no number")) is None
    assert refusal(ConnectionResetError(104, "Connection reset by peer")) is None


def test_a_message_about_a_notebook_names_no_file():
    made = file_of(["", "import torch\ndef softmax(x):\n    return x"]).encode()

    def told(said, content=made):
        return of_notebook(said, "softmax.py", content)

    untouched = "softmax is not started: softmax.py is the untouched stub"
    assert told(untouched).endswith("started: its functions still raise NotImplementedError")
    assert told("softmax.py has no function f") == "the notebook has no function f"
    assert told("importing softmax.py raised ValueError") == "running the cells raised ValueError"
    for kept in ("log_softmax.py is long", "softmax.pyc", "run pytest exercises/softmax.py"):
        assert told(kept) == kept
    assert told("softmax.py is long", b"import torch\n") == "softmax.py is long"
    assert told("softmax.py imports neither", file_of(["", "x = 1"]).encode()).startswith(
        "the note"
    )


@pytest.mark.parametrize(
    ("kind", "detail", "said"),
    [
        (
            "EOFError",
            "EOF when reading a line",
            "EOFError: a worker has no terminal for input; nob",
        ),
        ("EOFError", "Ran out of input", "EOFError: Ran out of input"),
        ("BdbQuit", "", "at breakpoint(), run pytest exercises/softmax.py --in-process"),
    ],
)
def test_only_who_asks_a_terminal_is_told_of_it(kind, detail, said):
    pool = types.SimpleNamespace(limits=Limits())
    transport = types.SimpleNamespace(pool=pool, source=SOURCE, broken_rule="")
    error = {"type": kind, "message": detail, "frames": [], "kinds": [kind]}
    assert said in str(Transport.explained(transport, "softmax", error))


def test_what_is_left_out_of_prints_is_said():
    assert _beginning("a" * SHOWN_PRINTS) == "a" * SHOWN_PRINTS
    once = _beginning("a" * (SHOWN_PRINTS + 1))
    assert once == "a" * SHOWN_PRINTS + CUT
    assert _beginning(once) == once
    assert _beginning(once + "b").count("left out") == 1


def test_a_demo_may_compare_with_the_other_framework():
    text = "import torch\n\ndef softmax(x): return x\n\n{}\n    import tensorflow as tf\n"
    own = edited(SOFTMAX.stub.parent, "softmax", text.format('if __name__ == "__main__":'))
    assert own.source(SOFTMAX).framework == "torch"
    both = edited(SOFTMAX.stub.parent, "softmax", text.format("if softmax:"))
    with pytest.raises(SubmissionProblem, match="imports both torch and tensorflow"):
        both.source(SOFTMAX).framework  # noqa: B018
