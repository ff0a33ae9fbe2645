"""Solved in place: what was asked is read from kept copies, which a student's edits do not reach."""

import re
import shutil

import pytest

from katagrad.grading.checks import grader_hash
from katagrad.mutation.contracts import keep
from katagrad.topics import root, topics

pytestmark = pytest.mark.needs("torch")


def bring(workspace, topic):
    """Add a topic of katagrad to the workspace, untouched."""
    for folder in ("exercises", "graders"):
        shutil.copy(root() / folder / f"{topic}.py", workspace.folder / folder)
    listed = workspace.exercises / "topics.toml"
    listed.write_text(listed.read_text() + f'\n[{topic}]\nchapter = "c"\ntitle = "t"\n')


@pytest.mark.parametrize("asked", ["exercises/debugging.py", "graders/debugging.py"])
def test_topic_whose_grader_reads_the_stub_is_judged_in_place(workspace, asked):
    bring(workspace, "debugging")
    workspace.solve("torch", "debugging")
    output = workspace.run(asked, expect=0)
    assert re.search(r"debugging +#+ +(\d+)/\1 +done", output)


def test_budget_of_changed_lines_is_counted_from_the_stub(workspace):
    bring(workspace, "debugging")
    path = workspace.solve("torch", "debugging")
    head, loop = path.read_text().split("def train_full_batch(", 1)
    padded = "    kept = list(params)\n    kept = list(kept)\n    kept = list(kept)\n    return params, losses\n"
    path.write_text(
        f"{head}def train_full_batch({loop.replace('    return params, losses', padded, 1)}"
    )
    output = workspace.run("exercises/debugging.py", "-k", "full_batch", expect=1)
    assert re.search(r"\d lines of train_full_batch differ from the loop that was given", output)


def test_signature_is_that_of_the_stub_and_not_of_the_file(workspace):
    path = workspace.solve()
    path.write_text(path.read_text().replace("temperature", "warmth"))
    output = workspace.run("exercises/softmax.py", "-k", "offset", expect=1)
    asked = "but the stub asks for softmax(x, axis=-1, temperature=1.0)"
    assert f"softmax.py defines softmax(x, axis=-1, warmth=1.0), {asked}" in output


def test_rules_are_those_of_the_author(workspace):
    text = workspace.solve().read_text()
    head, body = text.split("def log_softmax", 1)
    workspace.write(
        f"{head}def log_softmax{body}".replace(
            "\n    return weights", "\n    return x.softmax(axis) * 1 + 0 * weights"
        )
    )
    listed = workspace.exercises / "topics.toml"
    listed.write_text(re.sub(r"forbid\..*\n", "", listed.read_text()))
    output = workspace.run("exercises/softmax.py", "-k", "scratch", expect=1)
    assert re.search(
        r"softmax\.py:\d+ uses \.softmax, but this topic is to be written without", output
    )


def test_course_with_a_grader_of_its_own_has_contracts_of_its_own(workspace):
    grader = workspace.folder / "graders" / "softmax.py"
    grader.write_text(grader.read_text() + "\n# Ours.\n")
    stub = workspace.exercises / "softmax.py"
    stub.write_text(stub.read_text().replace("temperature=1.0", "warmth=1.0"))
    keep(workspace.folder)
    workspace.write("import torch\n\ndef softmax(x):\n    return x\n")
    output = workspace.run("exercises/softmax.py", "-k", "offset", expect=1)
    assert "but the stub asks for softmax(x, axis=-1, warmth=1.0)" in output


def test_what_decides_a_score_is_the_same_for_all_who_solve_in_place(workspace):
    before = grader_hash(topics(workspace.folder)["softmax"])
    workspace.solve()
    assert grader_hash(topics(workspace.folder)["softmax"]) == before


def test_solved_stub_is_not_kept_as_the_contract(workspace, capsys):
    keep(workspace.folder)
    workspace.solve()
    kept = (workspace.folder / "contracts" / "softmax.txt").read_bytes()
    with pytest.raises(Exception, match="2"):
        keep(workspace.folder)
    assert "exercises/softmax.py looks solved" in capsys.readouterr().err
    assert (workspace.folder / "contracts" / "softmax.txt").read_bytes() == kept
