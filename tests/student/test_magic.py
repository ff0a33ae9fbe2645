"""`%%kata` in a notebook: the cell is checked as a file would be, in a worker, and shown as a table."""

import io
import types

import nbformat
import pytest
from nbformat import v4

pytest.importorskip("nbclient")
from nbclient import NotebookClient

from katagrad.errors import FAILED, PASSED
from katagrad.grading.checks import Outcome, manifest
from katagrad.student.magic import Row, Table, line_for
from katagrad.topics import topics
from katagrad.worker.pulse import Training

SOFTMAX = topics()["softmax"]


def test_table_is_text_and_html_that_run_nothing():
    wrong = Outcome(FAILED, "<script>alert(1)</script>\x1b[2J")
    table = Table("softmax", [Row("it holds", Outcome(PASSED), 2), Row("<b>", wrong, 1)], True)
    assert "softmax: 1 of 2 checks passed, 2 of 3 points" in repr(table)
    assert "\x1b" not in repr(table)
    html = table._repr_html_()
    assert "<script" not in html
    assert "<b>" not in html
    assert "0 of 1" in html


def test_without_graders_it_says_who_grades():
    table = Table("softmax", [Row("the examples of softmax hold", Outcome(PASSED))], False)
    assert "the rest is graded by the course" in table.summary


def test_a_long_training_has_one_line_below_its_cell(monkeypatch):
    from IPython import display

    shown = []
    handle = types.SimpleNamespace(update=lambda data, raw: shown.append((data, raw)))

    def draw(data, raw, display_id):
        shown.append((data, raw and display_id))
        return handle

    monkeypatch.setattr(display, "display", draw)
    monkeypatch.setattr("sys.stdout", io.StringIO())  # no terminal, even with -s
    line = line_for()
    line.over()
    assert shown == []  # no training was long
    line.report("fit", Training(3, 9, 0.5, "epochs"))
    line.over()
    line.report("fit", Training(1, 9, None, "steps"))
    line.over()
    texts = ["fit: 3 of 9 epochs, loss 0.5", "", "fit: 1 of 9 steps", ""]
    assert shown == [({"text/plain": text}, True) for text in texts]


def run(*cells):
    """The outputs of the last cell, in a real kernel."""
    made = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
    made.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    NotebookClient(made, timeout=300, kernel_name="python3", allow_errors=True).execute()
    nbformat.validate(made)
    return made.cells[-1].outputs


@pytest.mark.needs("torch")
def test_a_cell_is_checked_as_the_file_would_be():
    solution = SOFTMAX.solution("torch").read_text()
    head, *functions = solution.split("\n\n\n")
    wrong = functions[0].replace("dim=axis", "dim=-1")
    most = sum(check.points for check in manifest(SOFTMAX))
    outputs = run(
        "%load_ext katagrad",
        f"{head}\nexplored = torch.zeros(2)",
        *functions,
        "%%kata softmax\nassert softmax(explored).shape == (2,)",
    )
    (shown,) = [o.data for o in outputs if o.output_type == "execute_result"]
    assert f"checks passed, {most} of {most} points" in shown["text/plain"]
    assert shown["text/html"].count("<tr>") == 1 + 3 + len(manifest(SOFTMAX))
    outputs = run("%load_ext katagrad", head, *functions, f"%%kata softmax\n{wrong}")
    (shown,) = [o.data for o in outputs if o.output_type == "execute_result"]
    assert "it equals softmax over the last axis" in shown["text/plain"]


def test_a_topic_that_is_not_there_is_one_line():
    outputs = run("%load_ext katagrad", "%%kata sofmax\n1")
    assert [o.text for o in outputs] == [
        "kata: there is no topic 'sofmax'; did you mean softmax?; write %%kata softmax\n"
    ]


@pytest.mark.needs("torch")
def test_pictures_are_shown_below_the_cell():
    pytest.importorskip("matplotlib")
    head, *functions = SOFTMAX.solution("torch").read_text().split("\n\n\n")
    outputs = run("%load_ext katagrad", head, *functions, "%kata show softmax")
    (shown,) = [o.data for o in outputs if o.output_type == "execute_result"]
    assert shown["text/html"].count("<svg") == 1
    assert "<figcaption>" in shown["text/html"]
