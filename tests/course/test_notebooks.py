"""A notebook becomes the Python file that its definitions make, and is graded as that file."""

import json

import nbformat
import pytest
from nbformat import v4

from katagrad.course.archives import Reader
from katagrad.course.grade import GradingRequest, run
from katagrad.errors import SubmissionProblem
from katagrad.grading.cells import in_cells
from katagrad.topics import topics
from katagrad.worker.notebook import _language, file_of, plain, python_of

SOFTMAX = topics()["softmax"]


def made(*cells):
    notebook = v4.new_notebook()
    for cell in cells:
        source, about = cell if isinstance(cell, tuple) else (cell, {})
        notebook.cells.append(
            v4.new_code_cell(source, metadata={"nbgrader": about} if about else {})
        )
    return nbformat.writes(notebook).encode()


def names(data):
    """The names that the file binds when it runs."""
    held = {}
    exec(python_of(data)[0], held)
    return held


def test_definitions_and_what_they_use_are_taken():
    data = made(
        "%matplotlib inline\nimport math as m\nimport nowhere.to.be.found",
        "A, B = 1, 2\nscale = A + B\nunused = open('/nowhere')",
        "def f(x, y=scale):\n    unused = 3\n    return m.sqrt(x) * scale",
        "print(f(4))\nassert False",
        "!pip install something\nfor i in range(3):\n    table = {i: f(i)}",
        "class Net:\n    width = A\n",
    ).replace(b"import nowhere.to.be.found", b"import json")
    held = names(data)
    assert held["f"](4) == 6
    assert held["Net"].width == 1
    assert "unused" not in held
    assert "table" not in held


def test_later_cells_override_earlier_ones_and_change_what_is_used():
    held = names(
        made(
            "def f():\n    return 1",
            "TABLE = {}\nTABLE['a'] = 5",
            "def f():\n    return TABLE['a']",
        )
    )
    assert held["f"]() == 5


def test_decorators_and_lines_shared_by_statements_stay_whole():
    held = names(
        made(
            "import functools; seen = []; print(1)",
            "@functools.cache\ndef f(): seen.append(1); return 2",
        )
    )
    assert held["f"]() == held["f"]() == 2
    assert held["seen"] == [1]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x = (5\n  % 3)", "x = (5\n  % 3)"),
        ("%%time\ndef f(): pass", "# %%time\ndef f(): pass"),
        ("%%writefile softmax.py\ndef f(): pass", "# %%writefile softmax.py\ndef f(): pass"),
        ("%%bash\nls", "# %%bash\n# ls"),
        ("if 1:\n    !ls", "if 1:\n    pass  # !ls"),
        ("f?", "pass  # f?"),
        ("files = !ls", "pass  # files = !ls"),
        ("s = '''\n%not magic\n'''", "s = '''\n%not magic\n'''"),
    ],
)
def test_magics_are_taken_out_and_nothing_else(text, kept):
    assert plain(text) == kept


def test_cells_that_a_course_locked_are_left_out():
    checks = {"grade": True, "solution": False, "locked": True}
    answer = {"grade": False, "solution": True, "locked": False}
    held = names(made(("def f(): return 1", answer), ("def f(): return 2", checks)))
    assert held["f"]() == 1


def test_a_cell_that_cannot_be_parsed_is_named_by_the_grader_if_it_defines():
    assert "# x ===" in python_of(made("x ===", "def f(): pass"))[0]
    assert "\ndef f(:" in "\n" + python_of(made("def f(:\n  pass"))[0]


def test_lines_are_told_as_cells_and_their_lines():
    locked = {"grade": True, "solution": False, "locked": True}
    data = made(
        "%matplotlib inline\nimport json; import math\n\nprint(1)\nSIZE = 3",
        " ",
        ("check()", locked),
        "%%time\n\n@staticmethod\ndef f():\n    return SIZE / 0\n\nprint(f)\n\ndef g():\n    return math.pi",
        "def broken(:\n    pass",
    )
    text = python_of(data)[0]

    def told(line, form="f raised X\n  a.py:{}: text"):
        number = text.split("\n").index(line) + 1
        return in_cells(form.format(number), "a.py", text.encode())

    assert told("import math") == "f raised X\n  cell 1, line 2: text"
    assert told("SIZE = 3") == "f raised X\n  cell 1, line 5: text"
    assert told("@staticmethod") == "f raised X\n  cell 3, line 3: text"
    assert told("    return SIZE / 0", "a.py:{} imports x") == "cell 3, line 5 imports x"
    assert told("    return math.pi", 'File "/tmp/a.py", line {}, in g') == "cell 3, line 10, in g"
    assert told("def broken(:", "invalid (a.py, line {})") == "invalid (cell 4, line 1)"
    assert (
        told("SIZE = 3", "data.py:{}, a.py")
        == f"data.py:{text[: text.index('SIZE =')].count(chr(10)) + 1}, a.py"
    )
    assert in_cells("a.py:2", "a.py", b"import json\n# cell 1, line 1\n") == "a.py:2"
    shown = file_of(["", "import json", "def f():\n    return 1"])
    assert "# cell 2, line 1\ndef f" in shown, "as In [2] of a kernel"


def test_old_notebooks_are_read():
    source = ["def f():\n", "    return 3"]
    cell = {
        "cell_type": "code",
        "language": "python",
        "input": source,
        "outputs": [],
        "metadata": {},
    }
    old = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [cell]}]}
    assert names(json.dumps(old).encode())["f"]() == 3


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[1]", b"null", b"\xff\xfe", b'{"nbformat": 4, "cells": 3}', b'{"nbformat": 4, "cells": [{}]}',
     b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code", "source": 7}]}',
     b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_notebook_is_one_line(data):
    with Reader() as reader, pytest.raises(SubmissionProblem) as refused:
        reader.read_bytes("x.ipynb", data)
    assert len(str(refused.value).splitlines()) == 1


def test_a_notebook_of_another_language_is_named():
    notebook = v4.new_notebook(
        cells=[v4.new_code_cell("softmax <- function(x) exp(x) / sum(exp(x))")]
    )
    for about in (
        {"kernelspec": {"name": "ir", "language": "R", "display_name": "R"}},
        {"language_info": {"name": "R"}},
    ):
        notebook.metadata = nbformat.from_dict(about)
        with (
            Reader() as reader,
            pytest.raises(SubmissionProblem, match="written in R, but should be in Python"),
        ):
            reader.read_bytes("softmax.ipynb", nbformat.writes(notebook).encode())
    # What says so and defines functions of Python is graded: the kernel's name may be wrong.
    notebook.cells = [v4.new_code_cell("def f():\n    return 3")]
    assert names(nbformat.writes(notebook).encode())["f"]() == 3
    notebook.metadata = nbformat.from_dict({"kernelspec": 3, "language_info": []})
    assert _language(notebook.metadata) == ""


@pytest.mark.needs("torch")
def test_a_notebook_has_the_points_of_its_file(tmp_path):
    solution = SOFTMAX.solution("torch").read_text()
    (tmp_path / "class" / "file").mkdir(parents=True)
    (tmp_path / "class" / "file" / "softmax.py").write_text(solution)
    head, *functions = solution.split("\n\n\n")
    cells = ["%matplotlib inline\n" + head, *functions, "softmax(torch.zeros(3))", "1 / 0"]
    wrong = "%%time\ndef softmax(x, axis=-1, temperature=1.0):\n    return x.missing"
    for student, changed in (("submitted", cells), ("wrong", [cells[0], wrong, *cells[2:]])):
        home = tmp_path / "class" / student / "ps1"
        home.mkdir(parents=True)
        (home / "softmax.ipynb").write_bytes(made(*changed))
    summary = run(
        GradingRequest(tmp_path / "class", tmp_path / "out", [SOFTMAX], "process", 1, seed=7)
    )
    assert summary.problems == {}
    points, maximum = summary.totals["submitted"]
    assert points == maximum == summary.totals["file"][0]
    record = (tmp_path / "out" / "records" / "wrong.json").read_text()
    assert "cell 2, line 3 in softmax: return x.missing" in record
    assert "softmax.py:" not in record
