"""What the cells of a kernel amount to: nobody can take back a cell that ran."""

import pytest

pytest.importorskip("nbclient")

from katagrad.errors import FAILED, NOT_STARTED, PASSED
from katagrad.grading.checks import Outcome
from katagrad.student.cells import live, submission_of
from katagrad.student.magic import Row, Table
from katagrad.topics import topics
from tests.student.test_magic import run

SHOW = """
import katagrad.student.cells as cells
import katagrad.student.magic as magic
magic.check = lambda topic, ran: print(cells.submission_of(topic, ran).files["softmax.py"].decode())
"""


def text_of(*cells):
    return submission_of(topics()["softmax"], cells).files["softmax.py"].decode()


def test_cells_count_as_they_were_typed():
    (shown,) = run(
        "%load_ext katagrad\n" + SHOW,
        "%%kata softmax\nimport torch\n\ndef softmax(x):\n    return a_first_try(x)",
        "%%time\ndef log_softmax(x):\n    return x",
        "def softmax(x:\n    return",
        "%%kata softmax\ndef softmax_jvp(p, v):\n    return p",
    )
    assert [shown.text.count(word) for word in ("import torch", "a_first_try(x)")] == [1, 1]
    assert shown.text.count("def log_softmax") == 1
    assert "# cell 5, line 2\ndef softmax_jvp" in shown.text
    assert "def softmax(x:" not in shown.text


def test_a_cell_that_could_not_be_read_is_left_out_and_the_last_is_not():
    broken = "def softmax(x:\n    return"
    assert broken not in text_of("", broken, "import torch")
    assert broken in text_of("", "import torch", broken)


@pytest.mark.parametrize(
    ("cells", "gone"),
    [
        (["def f(x):\n    return first(x)", "def f(x):\n    return 2"], True),
        (["@wrap\ndef f(x):\n    return first(x)", "f = 3\ndef g():\n    return f"], True),
        (["class A:\n    first = 1", "class A:\n    second = 2"], True),
        (["class A:\n    first = 1", "class B(A):\n    pass", "class A(B):\n    pass"], False),
        (["def f(x):\n    return first(x)", "SIZE = f(1)", "def f(x):\n    return SIZE"], False),
        (["def f(x):\n    return first(x)", "def g(y: f):\n    return y", "f = None"], False),
        (["g = 3; import first", "def f():\n    return g, first"], False),
        (["def f(x):\n    return first(x)", "def g(x):\n    return 2"], False),
    ],
)
def test_what_a_later_cell_defines_again_no_longer_counts(cells, gone):
    left = "\n".join(live(["", *cells]))
    assert ("first" not in left) == gone
    assert left.count("\n") == "\n".join(["", *cells]).count("\n"), "lines keep their numbers"


@pytest.mark.parametrize(
    ("cells", "kept"),
    [
        (
            ["import tensorflow as tf", "import torch", "def f(x):\n    return torch.exp(x)"],
            "torch",
        ),
        (["import torch", "from keras import layers\ndef f():\n    return layers"], "keras"),
        (["import tensorflow as tf", "def f(x):\n    return x.sum()"], "tensorflow"),
        (["import tensorflow as tf; kept = 3", "import torch\ndef f():\n    return torch"], "kept"),
        (["kept = 3; import tensorflow as tf", "import torch\ndef f():\n    return torch"], "kept"),
        (["import torch, json", "import tensorflow as tf\ndef f():\n    return tf"], "torch"),
    ],
)
def test_only_a_framework_that_is_used_stands_beside_another(cells, kept):
    assert kept in "\n".join(live(cells))


def test_two_frameworks_that_are_used_both_stay():
    cells = ["import tensorflow as tf\nimport torch", "def f(x):\n    return tf, torch"]
    assert live(cells) == cells
    assert "tensorflow" not in "".join(
        live(["import tensorflow as tf", "import torch\ntorch.e", ""])
    )


def test_what_is_of_all_cells_is_said_once():
    whole = Outcome(NOT_STARTED, "softmax is not started", whole=True)
    own = Outcome(FAILED, "softmax(x) is 2, but should be 3")
    rows = [Row("a", whole, 1), Row("b", whole, 1), Row("c", own, 1), Row("d", own, 1)]
    table = Table("softmax", [*rows, Row("e", Outcome(PASSED), 1)], True)
    for shown in (repr(table), table._repr_html_()):
        assert shown.count("softmax is not started") == 1
        assert shown.count("but should be 3") == 2
        assert shown.count("not started") == 1 + 2
