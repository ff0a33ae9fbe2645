"""What a student reads is readable on 80 columns, without colours, without a terminal, and in old encodings."""

import os
import re
import subprocess
import sys

import pytest

from katagrad.grading.checks import Outcome
from katagrad.student import screen
from katagrad.student.check import Judged, Verdict
from katagrad.student.standing import load, note
from katagrad.topics import root, topics

ODD = """
import torch

def softmax(x, axis=-1, temperature=1.0):
    print("∂ and 中")
    raise ValueError("π is not 3 → 中")

def log_softmax(x, axis=-1):
    return x

def softmax_jvp(p, v):
    return p
"""


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8"])
@pytest.mark.needs("torch")
def test_any_encoding_shows_a_verdict(desk, encoding):
    desk.write(ODD)
    output = desk.run("check", "softmax", expect=1, PYTHONIOENCODING=encoding)
    assert "FAILED" in output
    assert "is not 3" in output
    assert ("π" in output) == (encoding == "utf-8")


def test_an_old_encoding_shows_the_rest(desk):
    note(desk.workspace, topics()["softmax"], status="passed", passed=3, checks=4, gave_up=True)
    for words in (
        [],
        ["list"],
        ["next"],
        ["hint"],
        ["solution", "softmax"],
        ["doctor"],
        ["--help"],
    ):
        assert len(desk.run(*words, PYTHONIOENCODING="cp1252")) > 100


@pytest.mark.parametrize("settings", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_without_a_terminal_there_are_no_codes(desk, settings):
    for words in ([], ["list"], ["hint"], ["solution", "softmax", "--give-up"]):
        assert "\x1b" not in desk.run(*words, **settings)


def test_lines_fit_into_80_columns(desk):
    for number, topic in enumerate(topics().values()):
        status = ("passed", "failed", "not started", "not graded")[number % 4]
        note(desk.workspace, topic, status=status, passed=11, checks=22, file="other", gave_up=True)
    for words in ([], ["list"], ["next"]):
        for line in desk.run(*words).splitlines():
            title = re.match(r"\w+ \(\d+ of \d+\)", line)  # a terminal breaks it between words
            assert len(line) <= 80 or title, line


def test_states_are_told_apart_without_colours(desk):
    every = list(topics().values())
    note(desk.workspace, every[0], status="passed", passed=4, checks=4)
    note(desk.workspace, every[1], status="failed", passed=1, checks=4, file="x")
    note(desk.workspace, every[2], status="passed", passed=4, checks=4, gave_up=True)
    note(desk.workspace, every[3], status="passed", passed=4, checks=4)
    note(desk.workspace, every[3], status="failed", passed=1, checks=4)
    lines = [
        str(line).rstrip() for line in screen.listing(desk.workspace, load(desk.workspace), 80)
    ]
    assert lines[1].endswith("################  done")
    assert lines[2].endswith("####............  1/4 checks, changed")
    assert lines[3].endswith("done (solution shown)")
    assert lines[4].endswith("was done, 1/4 checks")


def test_markup_and_codes_of_a_submission_are_only_text(desk, capsys):
    outcome = Outcome("failed", "[red]no[/red] :smile: \\x1b[31m", printed="[bold]x")
    found = Verdict(topics()["softmax"], [Judged("test_a", "[i]claim[/i]", 1, "", outcome)], 1)
    screen.show(screen.console(), screen.verdict(desk.workspace, found))
    output = capsys.readouterr().out
    for words in ("[red]no[/red] :smile:", "[i]claim[/i]  [1 point]", "| [bold]x"):
        assert words in output


@pytest.mark.parametrize(
    "way", [["-m", "katagrad"], ["-c", "from katagrad.__main__ import main; main()"]]
)
def test_ctrl_c_while_kata_is_imported_gives_no_traceback(tmp_path, way):
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt")
    paths = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, *way, "list"],
        env={**os.environ, "PYTHONPATH": paths},
        cwd=root(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (130, "")
