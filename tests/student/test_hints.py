"""`kata hint`, `kata reset` and `kata solution`."""

import pytest

from katagrad.student.compare import beside
from katagrad.student.hints import parts
from katagrad.student.standing import load, note
from katagrad.student.workspace import stub
from katagrad.topics import FRAMEWORKS, root, topics

SOFTMAX = topics()["softmax"]


def test_hints_come_one_by_one(desk):
    for count in (1, 2, 3, 3):
        output = " ".join(desk.run("hint", "softmax").split())
        shown = [hint in output for hint in SOFTMAX.hints]
        assert shown == [number < count for number in range(3)]
        assert load(desk.workspace).of(SOFTMAX).hints == count
    assert "--give-up" in output


def test_reset_keeps_every_backup(desk):
    path = desk.write("first\n")
    output = desk.run("reset", "softmax")
    assert path.read_text(encoding="utf-8") == stub(SOFTMAX, "torch")
    backups = desk.workspace.state / "backups"
    (kept,) = backups.iterdir()
    assert kept.read_text() == "first\n"
    assert str(kept.relative_to(desk.folder)) in output
    assert "is kept" not in desk.run("reset", "softmax")
    desk.write("second\n")
    desk.run("reset", "softmax.py")
    assert sorted(path.read_text() for path in backups.iterdir()) == ["first\n", "second\n"]


def test_reset_of_a_link_puts_the_stub_where_it_leads(desk, tmp_path):
    path, real = desk.write("first\n"), tmp_path / "own.py"
    path.rename(real)
    path.symlink_to(real)
    desk.run("reset", "softmax")
    assert path.is_symlink()
    assert real.read_text(encoding="utf-8") == stub(SOFTMAX, "torch")


def test_reset_brings_a_missing_stub_back_and_forgets_the_verdict(desk):
    note(desk.workspace, SOFTMAX, status="failed", passed=2, checks=9, file="x", hints=1)
    (desk.workspace.exercises / "softmax.py").unlink()
    desk.run("reset", "softmax")
    kept = load(desk.workspace).of(SOFTMAX)
    assert (kept.status, kept.passed, kept.file, kept.hints) == ("not started", 0, "", 1)
    assert not (desk.workspace.state / "backups").exists()


def test_reset_leaves_the_file_where_it_cannot_say_so(desk):
    path = desk.write("first\n")
    (desk.workspace.state / "progress.json").write_text("{")
    assert "progress.json cannot be read" in desk.run("reset", "softmax", expect=2)
    assert path.read_text(encoding="utf-8") == "first\n"


def test_reset_asks_which(desk):
    assert "Missing argument" in desk.run("reset", expect=2)


def test_the_solution_is_shown_after_passing_or_giving_up(desk):
    output = desk.run("solution", "softmax", expect=2)
    assert "--give-up" in output
    assert "torch.exp" not in output
    assert not load(desk.workspace).of(SOFTMAX).gave_up

    output = desk.run("solution", "softmax", "--give-up")
    assert "torch.exp" in output
    assert load(desk.workspace).of(SOFTMAX).gave_up
    note(desk.workspace, SOFTMAX, status="passed", passed=1, checks=1)
    assert "done (solution shown)" in desk.run("list")


def test_after_passing_nobody_gives_up(desk):
    note(desk.workspace, SOFTMAX, status="passed")
    desk.run("solution", "softmax", "--give-up")
    assert not load(desk.workspace).of(SOFTMAX).gave_up


def test_the_solution_is_in_the_framework_of_the_file(desk):
    desk.solve(framework="tensorflow")
    output = desk.run("solution", "softmax", "--give-up")
    assert "tf.exp" in output or "word for word" in output
    assert "torch.exp" in desk.run("solution", "softmax", "--framework", "torch", "--give-up")


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_solution_is_shown_whole(framework):
    for topic in topics().values():
        text = topic.solution(framework).read_text(encoding="utf-8")
        found = parts(text)
        asked = parts(topic.contract.read_text(encoding="utf-8"))
        assert set(asked) <= set(found), topic.name
        for name, part in found.items():
            compile(part.lstrip(), name, "exec")
        assert len(list(beside("", text, 80))) == 3 * len(found)


def test_docstrings_are_left_out_and_nothing_else():
    text = root().joinpath("exercises", "softmax.py").read_text(encoding="utf-8")
    for name, part in parts(text).items():
        assert part.splitlines()[0].startswith(f"def {name}(")
        assert part.splitlines()[1:] == [f'    raise NotImplementedError("{name}")']
    odd = '@cache\ndef f():\n    """one"""\n\n\ndef g(): "x"; return 1\n\n\nclass A:\n    """A."""\n    b = 1\n'
    assert parts(odd) == {
        "f": '@cache\ndef f():\n    """one"""',
        "g": 'def g(): "x"; return 1',
        "A": "class A:\n    b = 1",
    }
    assert parts("def f(:") == {}


def test_what_a_file_holds_controls_no_terminal(desk):
    desk.write("def softmax(x):\n    return '\x1b[2J'\n")
    output = desk.run("solution", "softmax", "--framework", "torch", "--give-up")
    assert "\x1b" not in output
    assert "\\x1b" in output
