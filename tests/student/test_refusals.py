"""What the system refuses, and what cannot be kept: one line, and nothing of a verdict is lost."""

import io
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from katagrad.errors import FAILED
from katagrad.grading.checks import Outcome
from katagrad.student import check, screen
from katagrad.student.check import Checker, Judged, Verdict, judge
from katagrad.student.doctor import place, progress
from katagrad.student.standing import note, path_of
from katagrad.student.watch import Watch
from katagrad.student.workspace import create, find
from katagrad.topics import topics
from katagrad.worker.unpack import MAX_FILE

SOFTMAX = topics()["softmax"]


def test_a_place_that_the_system_refuses_is_one_line(desk):
    for name, said in (("n" * 300, "choose a shorter name"), ("README.md/x", "in the way")):
        output = desk.run("init", name, expect=2)
        assert output.count("\n") == 1
        assert said in output
    (desk.workspace.exercises / "softmax.py").unlink()
    (desk.workspace.exercises / "softmax.py").mkdir()
    output = desk.run("reset", "softmax", expect=2)
    assert output.startswith(f"kata: {desk.workspace.exercises / 'softmax.py'}: ")
    assert output.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_an_output_that_is_full_or_closed(desk):
    def run(**streams):
        command = [sys.executable, "-m", "katagrad", "list"]
        return subprocess.run(command, cwd=desk.folder, text=True, **streams)

    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = run(stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr.startswith("kata: ")
    assert done.stderr.count("\n") == 1
    closed = run(stdout=None, stderr=subprocess.PIPE, preexec_fn=lambda: os.close(1))
    assert (closed.returncode, closed.stderr) == (0, "")


def test_a_verdict_is_shown_although_it_cannot_be_kept(desk):
    path_of(desk.workspace).write_text("{")
    output = desk.run("check", "softmax", expect=1)
    assert "softmax.py is the untouched stub" in output
    assert "Not kept: .katagrad/progress.json cannot be read" in output
    assert path_of(desk.workspace).read_text() == "{"


def test_a_verdict_says_why_the_system_did_not_keep_it(desk, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied", "lock")

    monkeypatch.setattr(check, "keep", refuse)
    checker = Checker(desk.workspace)
    try:
        found = judge(checker, SOFTMAX)
    finally:
        checker.close()
    assert found.unkept == "lock: Permission denied; see who may read and write it"
    lines = [str(line) for line in screen.verdict(desk.workspace, found)]
    assert f"Not kept: {found.unkept}" in lines


def test_keys_that_cannot_do_their_work_say_so(desk):
    out = io.StringIO()
    watch = Watch(desk.workspace, None, Console(file=out, width=200), keyboard=False)
    watch.topic = SOFTMAX
    path_of(desk.workspace).write_text("{")
    for key in "hnl":
        assert watch.obey(key)
    assert out.getvalue().count("progress.json cannot be read") == 3
    assert not watch.obey("q")


def test_ctrl_c_in_the_middle_of_a_print_is_answered(desk):
    class Interrupted(Console):
        def _exit_buffer(self):
            raise KeyboardInterrupt

    out = io.StringIO()
    checker = Checker(desk.workspace)
    watch = Watch(desk.workspace, checker, Interrupted(file=out, width=80), keyboard=False)
    watch.run(SOFTMAX)
    checker.close()
    assert out.getvalue().endswith("Stopped. `kata watch` goes on from here.\n")


def test_a_folder_that_is_too_large_is_said_and_nothing_breaks(desk):
    with (desk.workspace.exercises / "weights.bin").open("wb") as file:
        file.truncate(MAX_FILE + 1)
    output = desk.run("check", "softmax", expect=1)
    assert "exercises/ is too large to grade: stopped at weights.bin" in output
    assert "Traceback" not in output
    output = desk.run("exercises/softmax.py", "-q", module="pytest", expect=1)
    assert output.count("too large to grade") <= 2, "once, and once in the summary"
    assert "submission.py" not in output


def test_prints_leave_the_message_on_the_screen(desk):
    printed = "".join(f"{number}\n" for number in range(300))
    one = Judged("test_a", "it holds", 1, "", Outcome(FAILED, "it is 2", printed))
    for full in (False, True):
        verdict = screen.verdict(desk.workspace, Verdict(SOFTMAX, [one], 1), full)
        lines = [str(line) for line in verdict]
        assert sum(line.strip().startswith("|") for line in lines) == screen.SHOWN_LINES
        assert any("and 290 more lines; pytest" in line for line in lines)


def test_commands_that_are_told_can_be_pasted(tmp_path, monkeypatch):
    folder = tmp_path / "my work; (1)"
    workspace = create(folder, "torch").workspace
    note(workspace, SOFTMAX, hints=1)
    (workspace.exercises / "softmax.py").unlink()
    assert shlex.split(place(find(folder)).remedy) == ["kata", "init", str(folder)]
    path_of(workspace).write_text("{")
    monkeypatch.chdir(tmp_path)
    kept = "my work; (1)/.katagrad/progress.json"
    assert shlex.split(progress(workspace).remedy) == ["mv", kept, f"{kept}.old"]
    command = [sys.executable, "-m", "katagrad", "init", "my work; (1)"]
    done = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True)
    assert "Next: cd 'my work; (1)', then kata" in done.stdout


def test_a_kept_file_is_said_to_keep_its_framework(desk):
    output = desk.run("init", ".", "--framework", "tensorflow")
    assert "`kata reset TOPIC` begins one of them again, with `import tensorflow as tf`" in output
    assert "begins one" not in desk.run("init", ".")


def test_the_version_and_the_short_help(desk):
    assert desk.run("--version").startswith("katagrad ")
    assert desk.run("check", "-h") == desk.run("check", "--help")


def test_a_missing_file_of_a_hand_out_is_said(tmp_path):
    (tmp_path / "exercises").mkdir()
    (tmp_path / "exercises" / "topics.toml").write_text(
        '[softmax]\nchapter = "One"\ntitle = "Softmax"\n'
    )
    workspace = find(tmp_path)
    checker = Checker(workspace)
    try:
        found = judge(checker, workspace.topics["softmax"])
    finally:
        checker.close()
    assert "softmax.py is missing" in found.first.outcome.message
