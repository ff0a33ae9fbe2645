"""Submissions as they arrive: whatever cannot be graded is reported by name, and the rest is graded."""

import io
import tarfile
import zipfile

import pytest

from katagrad.course.intake import take_in
from katagrad.topics import topics

GOOD = b"import torch\n"


@pytest.fixture
def folder(tmp_path):
    home = tmp_path / "class"
    (home / "ada").mkdir(parents=True)
    (home / "ada" / "softmax.py").write_bytes(GOOD)
    return home


def zipped(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def test_folder_and_archives_are_read(folder):
    zipped(
        folder / "bob.zip",
        {"handed in/softmax.py": GOOD, "handed in/own/part.py": b"", "__MACOSX/x.py": b""},
    )
    with tarfile.open(folder / "cem.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("softmax.py")
        info.size = len(GOOD)
        archive.addfile(info, io.BytesIO(GOOD))
    found = take_in(folder)
    assert found.problems == {}
    assert set(found.work) == {"ada", "bob", "cem"}
    assert found.work["cem"]["softmax"].submission.files == {"softmax.py": GOOD}


def test_a_wrapping_folder_is_dropped(folder):
    zipped(folder / "bob.zip", {"hw1/softmax.py": GOOD, "hw1/own/part.py": b"x"})
    files = take_in(folder).work["bob"]["softmax"].submission.files
    assert set(files) == {"softmax.py", "own/part.py"}


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("broken.zip", lambda p: p.write_bytes(b"no archive"), "not graded: it is damaged"),
        (
            "broken.tar.gz",
            lambda p: p.write_bytes(b"\x1f\x8b garbage"),
            "not graded: it is damaged",
        ),
        (
            "climber.zip",
            lambda p: zipped(p, {"../../ada/softmax.py": b"x"}),
            "outside the submission",
        ),
        ("absolute.zip", lambda p: zipped(p, {"/etc/passwd": b"x"}), "outside the submission"),
        ("notes.txt", lambda p: p.write_text("hello"), "neither a folder nor"),
        ("empty", lambda p: p.mkdir(), "holds no Python file"),
        ("we<b>ird", lambda p: p.mkdir(), "the name cannot be a student's"),
        ("bell\x07", lambda p: p.mkdir(), "the name cannot be a student's"),
        (
            "Ada",
            lambda p: (p.mkdir(), (p / "softmax.py").write_bytes(GOOD + b"#")),
            "handed in 2 times",
        ),
        ("ada.zip", lambda p: zipped(p, {"softmax.py": GOOD + b"#"}), "handed in 2 times"),
    ],
)
def test_what_cannot_be_graded_is_named(folder, name, make, words):
    make(folder / name)
    found = take_in(folder)
    problems = {**found.problems}
    assert any(words in text for text in problems.values()), problems
    twice = "handed in 2 times" in words
    assert [student for student, work in found.work.items() if "softmax" in work] == (
        [] if twice else ["ada"]
    )


def test_bomb_and_link_are_refused(folder):
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("softmax.py", b"\0" * (33 << 20))
    (folder / "linked").symlink_to(folder / "ada")
    with tarfile.open(folder / "cem.tar", "w") as archive:
        info = tarfile.TarInfo("softmax.py")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    found = take_in(folder)
    assert [student for student, work in found.work.items() if work] == ["ada"]
    assert "too large" in found.problems["bomb.zip"]
    assert "neither a folder" in found.problems["linked"]
    assert "no Python file" in found.problems["cem.tar"]


def test_what_is_wrong_reads_as_a_sentence(tmp_path):
    (tmp_path / "gus.zip").write_bytes(b"PK\x03\x04 torn")
    (tmp_path / "eve").mkdir()
    for name in ("softmax.py", "Softmax.py"):
        (tmp_path / "eve" / name).write_text("")
    problems = take_in(tmp_path, wanted=[topics()["softmax"]]).problems
    assert problems["gus.zip"].startswith("not graded: it is damaged")
    assert problems["eve"].startswith("not graded: it holds 'Softmax.py' and 'softmax.py'")
