"""Folders against the driver: names, links, devices and sizes that a reader of submissions may stumble over."""

import os
import stat

import pytest

from katagrad.boundary.process import Pool
from katagrad.boundary.transport import Transport
from katagrad.errors import FAILED, PASSED, SubmissionProblem
from katagrad.files import write_json
from katagrad.grading.checks import Rules, run_topic
from katagrad.grading.folders import read_folder
from katagrad.grading.submission import Submission
from katagrad.topics import topics
from tests.hostile.conftest import LIMITS, STAND_IN, BarePlain

TOPIC = topics()["softmax"]


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "submission"
    made.mkdir()
    (made / "softmax.py").write_text(f"import {STAND_IN}\nx = 1\n")
    (tmp_path / "secret.py").write_text("SECRET\n")
    return made


def test_links_lead_nowhere(folder):
    (folder / "out.py").symlink_to(folder.parent / "secret.py")
    (folder / "up").symlink_to(folder.parent)
    (folder / "loop").symlink_to(folder)
    (folder / "root").symlink_to("/")
    assert list(Submission(folder).files) == ["softmax.py"]


def test_a_linked_topic_is_missing(folder):
    (folder / "softmax.py").unlink()
    (folder / "softmax.py").symlink_to(folder.parent / "secret.py")
    with pytest.raises(SubmissionProblem, match="missing"):
        _ = Submission(folder).source(TOPIC).tree


def test_pipes_and_devices_are_not_opened(folder):
    os.mkfifo(folder / "pipe.py")
    try:
        os.mknod(folder / "zero.py", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    except PermissionError:
        pass
    assert list(Submission(folder).files) == ["softmax.py"]


def test_a_folder_that_cannot_be_listed_is_not_taken_for_empty(folder, monkeypatch):
    (folder / "more").mkdir()
    (folder / "more" / "losses.py").write_text("x = 1")
    plain = os.scandir

    def refused(path):
        if str(path).endswith("more"):
            raise PermissionError(13, "Permission denied", str(path))
        return plain(path)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(SubmissionProblem) as told:
        read_folder(folder, whole=True)
    assert list(Submission(folder).files) == ["softmax.py"], "a student's own, such as lost+found"
    assert str(told.value) == (
        "submission/ cannot be read: Permission denied, at 'more'; change its permissions"
    )


def test_a_sparse_file_of_two_gigabytes_is_not_read(folder):
    with (folder / "data.bin").open("wb") as file:
        file.truncate(2 << 30)
    with pytest.raises(SubmissionProblem, match=r"too large to grade: stopped at data\.bin"):
        _ = Submission(folder).files


def test_thousands_of_files_are_not_read(folder):
    for i in range(2100):
        (folder / f"f{i}").touch()
    with pytest.raises(SubmissionProblem, match="too large"):
        _ = Submission(folder).files


ODD = [
    "\x1b[2Jx.py",
    "a\nb.py",
    "<script>.py",
    "=1+1.py",
    os.fsdecode(b"\xff\xfe.py"),
    "\u202egpj.py",
    "x" * 251 + ".py",
    "-rf",
    " ",
]


def test_odd_names_are_names(folder, tmp_path):
    for name in ODD:
        (folder / name).write_text("y = 2\n")
    submission = Submission(folder)
    assert set(submission.files) == {"softmax.py", *ODD}
    assert len(submission.sha256) == 64
    pool = Pool(LIMITS, BarePlain())
    outcomes = run_topic(Transport(pool, submission.source(TOPIC)), TOPIC, Rules(1))
    pool.close()
    assert {o.status for o in outcomes.values()} == {FAILED}
    write_json(tmp_path / "r.json", {name: o.message for name, o in outcomes.items()})


@pytest.mark.parametrize(
    "name", ["../out.py", "/tmp/katagrad-out.py", "a/../../out.py", "a/../b/../../../out.py"]
)
def test_names_that_lead_out_are_refused(folder, name):
    submission = Submission(folder, edits={name: b"PWNED"})
    pool = Pool(LIMITS, BarePlain())
    outcomes = run_topic(Transport(pool, submission.source(TOPIC)), TOPIC, Rules(1))
    pool.close()
    assert PASSED not in {o.status for o in outcomes.values()}
    assert any("leads out of the folder" in o.message for o in outcomes.values())
    assert not os.path.exists("/tmp/katagrad-out.py")


def test_deeply_nested_source_is_no_crash(folder):
    for text in (
        "(" * 100_000,
        "x = " + "-" * 100_000 + "1",
        "[" * 5000 + "]" * 5000,
        "\0",
        "def softmax(:",
    ):
        (folder / "softmax.py").write_text(text)
        pool = Pool(LIMITS, BarePlain())
        outcomes = run_topic(
            Transport(pool, Submission(folder, STAND_IN).source(TOPIC)), TOPIC, Rules(1)
        )
        pool.close()
        assert PASSED not in {o.status for o in outcomes.values()}
