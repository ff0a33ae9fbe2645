"""`--watch`: what appears in a folder is graded once it is whole."""

import itertools
import os
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from katagrad.cli import app
from katagrad.course.grade import Summary
from katagrad.course.ledger import Ledger
from katagrad.course.watching import changes, go_on, look
from katagrad.errors import BadOption
from katagrad.topics import topics

STUB = topics()["softmax"].contract.read_bytes()
# Seconds that a busy machine may take.
SOON = 120


def test_a_file_that_grows_is_not_yielded_before_it_is_whole(tmp_path, monkeypatch):
    sizes = iter([b"1", b"12", b"123", b"123", b"123"])
    monkeypatch.setattr(time, "sleep", lambda _: (tmp_path / "ada.zip").write_bytes(next(sizes)))
    monkeypatch.setattr(
        "katagrad.course.watching.look",
        lambda folder, beside: frozenset((str(p), p.stat().st_size, 0) for p in folder.iterdir()),
    )
    (found,) = itertools.islice(changes(tmp_path, frozenset()), 1)
    assert [size for _, size, _ in found] == [3]
    assert next(sizes) == b"123", "it was seen twice with one size, and not a third time"


def test_hidden_folders_and_files_that_go_away_are_nothing(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x").write_bytes(b"")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert look(tmp_path) == frozenset()


def test_a_grading_that_cannot_begin_does_not_end_the_watch(tmp_path, monkeypatch, capsys):
    def looks(*_, **__):
        yield from (1, 2, 3, 4)
        raise KeyboardInterrupt

    outcomes = iter([False, BadOption("class is empty"), FileNotFoundError(2, "gone"), True])

    def grade():
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr("katagrad.course.watching.changes", looks)
    assert go_on(tmp_path, frozenset(), grade, False) is True
    assert list(outcomes) == []
    assert "not graded: class is empty; still watching" in capsys.readouterr().out


def test_whose_reader_is_gone_ends(tmp_path, monkeypatch):
    def grade():
        raise BrokenPipeError

    monkeypatch.setattr("katagrad.course.watching.changes", lambda *_, **__: iter([1]))
    with pytest.raises(BrokenPipeError):
        go_on(tmp_path, frozenset(), grade, False)


def test_the_files_beside_the_folder_count(tmp_path):
    (tmp_path / "class").mkdir()
    course = tmp_path / "course.toml"
    beside = [course, tmp_path / "none.csv"]
    assert look(tmp_path / "class", beside) == frozenset()
    course.write_text("x")
    assert [path for path, _, _ in look(tmp_path / "class", beside)] == [str(course)]


def test_a_change_of_the_course_is_in_the_next_grading(tmp_path, monkeypatch):
    home, course = tmp_path / "class", tmp_path / "course.toml"
    home.mkdir()
    (home / "ada_softmax.py").write_bytes(STUB)
    (tmp_path / "roster.csv").write_text("id\nada\n")
    course.write_text('roster = "roster.csv"\n[topics.softmax]\n')
    asked, watched = [], []

    def run(request, _):
        asked.append(request.course)
        return Summary()

    def go_on(folder, seen, once, problems, beside):
        watched.extend(beside)
        course.write_text('roster = "roster.csv"\n[topics.softmax]\npoints = 7\n')
        (tmp_path / "roster.csv").write_text("id\nada\nbob\n")
        return once()

    monkeypatch.setattr("katagrad.course.grade.run", run)
    monkeypatch.setattr("katagrad.course.watching.go_on", go_on)
    words = ["grade", home, "--out", tmp_path / "out", "--course", course, "--watch"]
    done = CliRunner().invoke(app, ["course", *map(str, words)])
    assert done.exit_code == 0, done.output
    assert watched == [course, tmp_path / "roster.csv"]
    assert [one.topics["softmax"].points for one in asked] == [None, 7]
    assert [list(one.roster.people) for one in asked] == [["ada"], ["ada", "bob"]]


def test_what_appears_is_graded(tmp_path):
    home, out = tmp_path / "class", tmp_path / "out"
    home.mkdir()
    command = [
        "course",
        "grade",
        home,
        "--out",
        out,
        "--topics",
        "softmax",
        "--isolation",
        "process",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "katagrad", *map(str, command), "--watch", "--workers", "1"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert any("watching" in line for line in process.stdout)
        for name in ("ada", "bob"):
            (home / name).mkdir()
            (home / name / "softmax.py").write_bytes(STUB)
        end = time.monotonic() + SOON
        while time.monotonic() < end and students(out) != ["ada", "bob"]:
            time.sleep(0.5)
        assert students(out) == ["ada", "bob"]
        assert any("2 students" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        assert process.wait(SOON) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        process.stdout.close()


def students(out):
    if not (out / "ledger.sqlite").is_file():
        return []
    ledger = Ledger(out / "ledger.sqlite")
    found = ledger.students()
    ledger.close()
    return found
