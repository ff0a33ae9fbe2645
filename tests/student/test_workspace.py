"""`kata init`: a workspace from the package, found again from inside it, and never a file of the student's lost."""

import json
import shutil

import pytest

from katagrad.errors import BadOption
from katagrad.grading.submission import Submission
from katagrad.student import workspace as module
from katagrad.student.workspace import IMPORTS, create, find, stub
from katagrad.topics import FRAMEWORKS, root, topics


def test_it_holds_every_stub_and_the_words_they_use(tmp_path):
    made = create(tmp_path / "desk", "torch")
    assert made.written == list(topics())
    assert made.kept == []
    assert {path.stem for path in made.workspace.exercises.iterdir()} == set(topics())
    words = (root() / "docs" / "contract.md").read_text(encoding="utf-8")
    assert (made.workspace.folder / "docs" / "contract.md").read_text(encoding="utf-8") == words


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_stub_imports_its_framework_and_is_still_untouched(tmp_path, framework):
    made = create(tmp_path / "desk", framework)
    submission = Submission(made.workspace.exercises)
    for topic in topics().values():
        source = submission.source(topic)
        assert source.framework == framework
        assert source.untouched
        text = made.workspace.file(topic).read_text(encoding="utf-8")
        pristine = topic.contract.read_text(encoding="utf-8")
        assert text.replace(f"\n{IMPORTS[framework]}\n", "", 1) == pristine


def test_without_a_framework_a_stub_is_as_its_author_wrote_it(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "installed", lambda: list(FRAMEWORKS))
    made = create(tmp_path / "desk")
    assert made.workspace.framework is None
    topic = topics()["softmax"]
    assert made.workspace.file(topic).read_bytes() == topic.contract.read_bytes()


def test_the_only_framework_that_is_installed_is_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "installed", lambda: ["tensorflow"])
    assert create(tmp_path / "desk").workspace.framework == "tensorflow"


def test_a_second_call_adds_what_is_missing_and_changes_nothing(tmp_path):
    made = create(tmp_path / "desk", "torch")
    exercises = made.workspace.exercises
    (exercises / "softmax.py").write_text("mine = 1\n")
    (exercises / "losses.py").unlink()
    (made.workspace.folder / "README.md").write_text("mine\n")
    again = create(tmp_path / "desk")
    assert again.written == ["losses"]
    assert len(again.kept) == len(topics()) - 1
    assert (exercises / "softmax.py").read_text() == "mine = 1\n"
    assert (made.workspace.folder / "README.md").read_text() == "mine\n"
    assert (exercises / "losses.py").read_text() == stub(topics()["losses"], "torch")


def test_a_call_that_was_interrupted_can_be_repeated(tmp_path, monkeypatch):
    def fail(path, text):
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(module, "write_whole", fail)
        with pytest.raises(KeyboardInterrupt):
            create(tmp_path / "desk", "torch")
    assert create(tmp_path / "desk", "torch").written == list(topics())


def test_folders_of_something_else_are_refused_and_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(BadOption, match="not empty"):
        create(tmp_path)
    with pytest.raises(BadOption, match="is a file"):
        create(tmp_path / "notes.txt")
    with pytest.raises(BadOption, match="exercises already"):
        create(root())
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_folder_with_only_hidden_files_will_do(tmp_path):
    (tmp_path / ".git").mkdir()
    assert create(tmp_path, "torch").written == list(topics())


def test_it_is_found_from_below_and_nowhere_else(tmp_path, desk):
    inner = desk.folder / "exercises"
    assert find(inner) == desk.workspace
    assert find(tmp_path) is None
    assert find(root() / "exercises").folder == root()


def test_a_course_may_list_topics_of_its_own(tmp_path):
    (tmp_path / "exercises").mkdir()
    (tmp_path / "exercises" / "topics.toml").write_text(
        '[twice]\nchapter = "One"\ntitle = "Double"\nhints = ["a", "b", "c"]\n'
    )
    assert list(find(tmp_path).topics) == ["twice"]


def test_a_spoilt_record_of_the_framework_is_no_obstacle(desk):
    (desk.workspace.state / "workspace.json").write_text(json.dumps({"framework": 3}))
    assert find(desk.folder).framework is None


def test_the_commands_say_what_they_did(tmp_path, desk):
    output = desk.run("init", "inner/desk", "--framework", "tensorflow")
    assert f"{len(topics())} stubs written" in output
    assert "cd " in output
    assert "not empty" in desk.run("init", "inner", expect=2)
    assert "did you mean torch" in desk.run("init", "other", "--framework", "trch", expect=2)
    assert not (desk.folder / "other").exists()


def test_a_workspace_whose_hidden_folder_was_left_behind_is_taken_up_again(desk):
    shutil.rmtree(desk.workspace.state)
    desk.write("mine = 1\n")
    for words in ((), ("list",), ("check", "softmax")):
        output = desk.run(*words, expect=2)
        assert "lacks its hidden folder .katagrad" in output
        assert output.endswith("leaves your files as they are: kata init .\n")
    assert f"kata init {desk.folder}" in desk.run("doctor", expect=1)
    output = desk.run("init", ".")
    assert "files that were there are as they were" in output
    assert "Begin each file" not in output
    assert find(desk.folder).framework == "torch"
    assert (desk.workspace.exercises / "softmax.py").read_text() == "mine = 1\n"
    assert f"0 of {len(topics())} topics done" in desk.run()
