"""Words that are not known are refused by every command, with the nearest that is known."""

import subprocess
import sys

import pytest

from katagrad.errors import BadOption, one_of
from katagrad.files import write_whole

KATA = [sys.executable, "-m", "katagrad"]
PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
COURSE = ["course", "grade", ".", "--out", "../out"]


def refused(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode in (2, 4), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("words", "nearest"),
    [
        ([*COURSE, "--isolation", "namspace"], "did you mean namespace?"),
        ([*COURSE, "--isolation", "proces"], "did you mean process?"),
        ([*COURSE, "--topics", "sofmax"], "did you mean softmax?"),
        ([*COURSE, "--topics", "softmax,"], "there is no topic ''"),
        ([*COURSE, "--framework", "pytorch"], "did you mean torch?"),
        ([*COURSE, "--limit", "memry=2g"], "did you mean memory?"),
        ([*COURSE, "--limit", "memory=4"], "sizes are bytes, or written as 512m or 2g"),
        ([*COURSE, "--limit", "file=0.5"], "'file=0.5' fails every answer; write 64k or more"),
        (
            [*COURSE, "--limit", "memory=1k"],
            "write 64m or more; sizes are bytes, or written as 512m",
        ),
        ([*COURSE, "--limit", "memory=much"], "'memory=much' is not a number; write memory=4g"),
        ([*COURSE, "--limit", "wall=0.01"], "'wall=0.01' fails every answer; write 0.1 or more"),
        ([*COURSE, "--workers", "-1"], "--workers -1 grades nothing"),
        (["demo", "--isolation", "Namespace"], "did you mean namespace?"),
        (["validate", "sofmax"], "did you mean softmax?"),
        (["validate", "softmax", "-k", "nonesuch"], "no mutant of softmax has 'nonesuch'"),
        (["measure", "softmax", "--framework", "tensoflow"], "did you mean tensorflow?"),
        (["data", "get", "fashion_mnst"], "did you mean fashion_mnist?"),
        (["bench", "regress", "--against", "x", "--framework", "tourch"], "did you mean torch?"),
        (
            ["bench", "regress", "--against", "x", "--framework", "torch", "--mode", "eagr"],
            "did you mean eager?",
        ),
        (
            ["bench", "regress", "--against", "x", "--framework", "torch", "--device", "cdua"],
            "did you mean cuda?",
        ),
    ],
)
def test_kata_names_the_nearest_word_on_one_line(tmp_path, words, nearest):
    (tmp_path / "here").mkdir()
    error = refused([*KATA, *words], tmp_path / "here")
    assert nearest in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("option", "nearest"),
    [
        ("--isolation=namspace", "did you mean namespace?"),
        ("--framework=pytorch", "did you mean torch?"),
        ("--device=tpu:0", "here are cpu, cuda"),
        ("--device=cuda:x", "did you mean cuda?"),
        ("--start-method=frok", "did you mean fork?"),
        ("--data=embeded", "did you mean embedded?"),
        ("--limit=wal=3", "did you mean wall?"),
    ],
)
def test_pytest_names_the_nearest_word(tmp_path, option, nearest):
    (tmp_path / "conftest.py").write_text('pytest_plugins = ("katagrad.pytest_plugin.plugin",)\n')
    assert nearest in refused([*PYTEST, option], tmp_path)


def test_a_word_that_is_known_is_given_back():
    assert one_of("colour", "red", iter(["blue", "red"])) == "red"


def test_a_long_list_does_not_hide_the_nearest():
    many = [f"topic{letter}" for letter in "abcdefghijkl"]
    with pytest.raises(BadOption, match=r"did you mean topica\?$"):
        one_of("topic", "topca", many)
    with pytest.raises(BadOption, match=r"there are topica, .*topicl"):
        one_of("topic", "zzz", many)


def test_an_error_of_a_file_is_of_the_file_that_was_meant(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError) as told:  # noqa: PT011  which one depends on the system
        write_whole(tmp_path / "folder", "x")
    assert told.value.filename == str(tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
