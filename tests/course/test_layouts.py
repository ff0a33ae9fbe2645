"""Submissions as course systems hand them over: each is its student's, and nothing is guessed silently."""

import io
import os
import random
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import nbformat
import py7zr
import pytest
from nbformat import v4

from katagrad.course.archives import Reader
from katagrad.course.intake import take_in
from katagrad.course.listing import lines, write_plain
from katagrad.course.moments import read_moment, read_times
from katagrad.course.settings import read_course
from katagrad.errors import BadOption, SubmissionProblem
from katagrad.topics import topics
from tests.course.archives import GOOD, mutated, pack

SOFTMAX, CROSS = (topics()[name] for name in ("softmax", "cross_entropy"))
# Seconds that an archive may take on a busy machine.
SOON = 15.0
COURSE = """
roster = "roster.csv"
[topics.softmax]
due = 2026-10-01T12:00:00Z
[topics.cross_entropy]
"""
ROSTER = """\
id,name,email,github,canvas,moodle
ada,Ada Lovelace,ada@example.org,countess,222,
alan,Alan Turing,alan@example.org,turing-a,,
sofia,Sofia Kovalevskaya,sofia@example.org,,,12347
"""
EXPORT = """\
---
submission_101:
  :submitters:
  - :name: A. Lovelace
    :sid: ''
    :email: ada@example.org
  - :name: Alan Turing
    :sid: alan
    :email: other@example.org
  :created_at: 2026-10-01 10:00:00.123456000 Z
  :score: 0.0
  :status: processed
  :history:
  - :id: 100
    :created_at: 2026-09-30 10:00:00 Z
submission_102:
  :submitters:
  - :name: Sofia Kovalevskaya
    :sid:
    :email:
  :created_at: !ruby/object:ActiveSupport::TimeWithZone
    utc: 2026-10-02 10:00:00 Z
    zone: !ruby/object:ActiveSupport::TimeZone
      name: Etc/UTC
    time: 2026-10-02 10:00:00 Z
"""


@pytest.fixture
def course(tmp_path):
    (tmp_path / "roster.csv").write_text(ROSTER)
    (tmp_path / "course.toml").write_text(COURSE)
    return read_course(tmp_path / "course.toml")


@pytest.fixture
def home(tmp_path):
    (tmp_path / "class").mkdir()
    return tmp_path / "class"


def put(path, content=GOOD):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def seven(files, **how):
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", **how) as archive:
        for name, content in files.items():
            archive.writestr(content, name)
    return out.getvalue()


def notebook(*cells, about=None):
    made = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
    made.metadata.update(about or {})
    return nbformat.writes(made).encode()


def text_of(found, student, topic="softmax"):
    return found.work[student][topic].submission.files[f"{topic}.py"]


PLACES = {
    "Ada Lovelace_12345_assignsubmission_file_/softmax.py": GOOD,
    "Ada Lovelace_12345_assignsubmission_file/hw.zip": pack("zip", {"x/y/softmax.py": GOOD}),
    "Ada Lovelace_12345_assignsubmission_file_softmax.py": GOOD,
    "lovelaceada_222_678_softmax.py": GOOD,
    "lovelaceada_LATE_222_678_softmax-3.py": GOOD,
    "lovelaceada_222_678_hw.zip": pack("zip", {"hw/softmax.py": GOOD}),
    "hw1_ada_attempt_2026-10-01-09-30-00_softmax.py": GOOD,
    "softmax-countess/softmax.py": GOOD,
    "ada/softmax.py": GOOD,
    "ada/hw1/softmax.py": GOOD,
    "ada/week 1/hw/code/softmax.py": GOOD,
    "ada/Softmax (1).py": GOOD,
    "ada/SOFTMAX.PY": GOOD,
    "ada/ada_lovelace_softmax_final.py": GOOD,
    "ada/hw.tar.gz": pack("tar.gz", {"softmax.py": GOOD}),
    "ada/inner.zip": pack("zip", {"in/hw.7z": seven({"softmax.py": GOOD})}),
    "Ada Lovelace.zip": pack("zip", {"softmax.py": GOOD}),
    "ada@example.org.tar.gz": pack("tar.gz", {"softmax.py": GOOD}),
    "ada.7z": seven({"hw/softmax.py": GOOD}),
    "ada_softmax.py": GOOD,
    "softmax-Ada-Lovelace.py": GOOD,
    "ada_softmax.ipynb": notebook(GOOD.decode()),
    "ada/homework.ipynb": notebook(GOOD.decode() + "def log_softmax(x, axis=-1): pass\ndef softmax_jvp(p, v): pass"),
}  # fmt: skip


@pytest.mark.parametrize("path", PLACES)
def test_every_layout_finds_its_student(home, course, path):
    put(home / path, PLACES[path])
    found = take_in(home, None, [SOFTMAX, CROSS], course=course)
    assert found.problems == {} or "is late, but by how much" in str(found.problems)
    assert list(found.work) == ["ada"]
    assert b"def softmax(x, axis=-1, temperature=1.0):" in text_of(found, "ada")
    assert found.work["ada"]["softmax"].source.startswith(path.split("/")[0])


def test_without_a_roster_the_name_is_the_student(home):
    put(home / "Ada Lovelace_1_assignsubmission_file_" / "softmax.py")
    put(home / "Ada Lovelace_2_assignsubmission_file_" / "softmax.py", GOOD + b"# two")
    put(home / "turingalan_222_678_softmax.py")
    put(home / "emmy_softmax.py")
    found = take_in(home, None, [SOFTMAX])
    assert found.problems == {}
    assert set(found.work) == {"Ada Lovelace_1", "Ada Lovelace_2", "turingalan", "emmy"}


def test_what_a_system_puts_there_by_itself_is_nobodys(home, course):
    put(home / "ada" / "softmax.py")
    put(home / "__MACOSX" / "ada" / "._softmax.py")
    for name in ("desktop.ini", "Thumbs.db", ".DS_Store"):
        put(home / name)
    found = take_in(home, None, [SOFTMAX], course=course)
    assert (set(found.work), found.problems) == ({"ada"}, {})


def test_who_handed_in_what_no_reader_is_for_is_counted(home, course):
    put(home / "ada" / "softmax.py")
    put(home / "alan.rar")
    said = lines(take_in(home, None, [SOFTMAX], course=course), [SOFTMAX], course)
    assert said[-1] == "1 of 2 students can be graded; 1 problem"


def test_gradescope_names_every_member_of_a_group_and_the_time(home, course):
    put(home / "submission_metadata.yml", EXPORT.encode())
    put(home / "submission_101" / "softmax.py")
    put(home / "submission_102" / "softmax.py")
    put(home / "submission_103" / "softmax.py")
    found = take_in(home, None, [SOFTMAX], course=course)
    assert set(found.work) == {"ada", "alan", "sofia"}
    assert int(found.work["ada"]["softmax"].when) == read_moment("2026-10-01 10:00:00 UTC")
    assert found.work["sofia"]["softmax"].when == read_moment("2026-10-02T10:00:00Z")
    assert found.problems == {
        "submission_103": "not graded: submission_metadata.yml names nobody for it"
    }
    folder = home.parent / "unpacked"
    (folder / "assignment_7_export").parent.mkdir()
    home.rename(folder / "assignment_7_export")
    assert set(take_in(folder, None, [SOFTMAX], course=course).work) == {"ada", "alan", "sofia"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "cannot be read"),
        ("- 1", "no list of submissions"),
        ("a: &x [1]\nb: *x", "an alias"),
        ("a: !!python/object/apply:os.system [ls]", "cannot be read"),
        ("submission_1: 3", "has no list of submitters"),
    ],
)
def test_a_list_of_gradescope_that_is_wrong_is_one_line(home, text, words):
    put(home / "submission_metadata.yml", text.encode())
    with pytest.raises(BadOption) as refused:
        take_in(home, None, [SOFTMAX])
    assert words in str(refused.value)
    assert str(refused.value).count("submission_metadata.yml") == 1
    assert len(str(refused.value).splitlines()) == 1


def test_words_of_gradescope_are_not_taken_for_numbers(home):
    export = """submission_1:
  :submitters:
  - :name: Yes
    :sid: 0017
  - :name: No
    :sid:
  - :name: Ada
    :sid: 1_0
  :created_at: 2026-10-01 10:00:00.000000000 Z
"""
    put(home / "submission_metadata.yml", export.encode())
    put(home / "submission_1" / "softmax.py")
    assert sorted(take_in(home, None, [SOFTMAX]).work) == ["0017", "1_0", "No"]


def test_the_end_of_a_name_is_nobody_elses(home, course):
    """A user whom the roster does not have, and whose name ends with another's."""
    for user in ("countess", "emmy-countess", "turing-a"):
        put(home / f"hw-1-{user}" / "softmax.py", user.encode())
    found = take_in(home, None, [SOFTMAX], course=course)
    assert list(found.work) == ["ada", "alan"]
    assert text_of(found, "ada") == b"countess"
    assert list(found.problems) == ["hw-1-emmy-countess"]
    assert "nobody of the roster is 'hw-1-emmy-countess'" in found.problems["hw-1-emmy-countess"]


def test_who_is_not_on_the_roster_is_named_with_the_nearest(home, course):
    put(home / "Ada Lovelase" / "softmax.py")
    put(home / "emmy_softmax.py")
    put(home / "Participant_12347_assignsubmission_file_" / "softmax.py")
    found = take_in(home, None, [SOFTMAX], course=course)
    assert list(found.work) == ["sofia"], "by Moodle's number"
    assert found.problems == {
        "Ada Lovelase": "not graded: nobody of the roster is 'Ada Lovelase'; the nearest is ada",
        "emmy_softmax.py": "not graded: nobody of the roster is 'emmy'",
    }


def test_attempts_count_by_time_and_late_ones_by_policy(home, course):
    put(home / "ada_2026-10-01T10-00-00.zip", pack("zip", {"softmax.py": GOOD + b"# first"}))
    put(home / "ada_2026-10-03T10-00-00Z.zip", pack("zip", {"softmax.py": GOOD + b"# last"}))
    put(home / "ada_20261001-080000.zip", pack("zip", {"cross_entropy.py": GOOD + b"# other"}))
    found = take_in(home, None, [SOFTMAX, CROSS], course=course)
    assert found.problems == {}
    assert text_of(found, "ada").endswith(b"# last")
    assert text_of(found, "ada", "cross_entropy").endswith(b"# other")
    assert found.work["ada"]["softmax"].note == "the last of 2 attempts"
    path = course.path
    path.write_text(COURSE + '[late]\nattempts = "in time"\n')
    found = take_in(home, None, [SOFTMAX], course=read_course(path))
    assert text_of(found, "ada").endswith(b"# first")
    assert "that was in time" in found.work["ada"]["softmax"].note


def test_attempts_without_times_are_not_guessed(home, course):
    put(home / "ada" / "softmax.py", GOOD + b"# one")
    put(home / "Ada Lovelace.zip", pack("zip", {"softmax.py": GOOD + b"# two"}))
    found = take_in(home, None, [SOFTMAX], course=course)
    assert found.work["ada"] == {}
    assert "handed in 2 times" in found.problems["ada"]
    moments = {"ada": 2.0, "Ada Lovelace.zip": 1.0}
    found = take_in(home, None, [SOFTMAX], course=course, times=moments)
    assert found.problems == {}
    assert text_of(found, "ada").endswith(b"# one")


def test_the_same_again_costs_nothing(home, course):
    put(home / "ada_2026-10-01T10-00-00Z" / "softmax.py")
    put(home / "ada_2026-10-09T10-00-00Z" / "softmax.py")
    found = take_in(home, None, [SOFTMAX], course=course)
    assert found.work["ada"]["softmax"].when == read_moment("2026-10-01T10:00:00Z")


def test_two_files_of_one_topic_are_not_guessed(home):
    put(home / "ada" / "a" / "softmax.py", GOOD + b"# a")
    put(home / "ada" / "b" / "softmax.py", GOOD + b"# b")
    put(home / "bob" / "softmax.py")
    put(home / "bob" / "old" / "softmax.py", GOOD + b"# old")
    found = take_in(home, None, [SOFTMAX])
    assert "found 'a/softmax.py', 'b/softmax.py'; keep one" in found.problems["ada"]
    assert text_of(found, "bob") == GOOD


def test_canvas_numbers_say_which_file_is_newer(home):
    put(home / "lovelaceada_222_700_softmax-1.py", GOOD + b"# new")
    put(home / "lovelaceada_222_600_softmax.py", GOOD + b"# old")
    found = take_in(home, None, [SOFTMAX])
    assert text_of(found, "lovelaceada").endswith(b"# new")


def test_the_time_is_that_of_the_file_that_counts(home):
    put(home / "lovelaceada_222_600_softmax.py", GOOD + b"# old")
    put(home / "lovelaceada_222_700_softmax-1.py", GOOD + b"# new")
    put(home / "lovelaceada_222_800_cross_entropy.py")
    times = {path.name: float(at) for at, path in enumerate(sorted(home.iterdir()), 1)}
    work = take_in(home, None, [SOFTMAX, CROSS], times=times).work["lovelaceada"]
    assert [work[name].when for name in ("softmax", "cross_entropy")] == [2.0, 3.0]


def test_canvas_number_of_somebody_else_is_nobodys_of_the_same_name(home):
    """Somebody of the same name, who has left the course, would give a student a second attempt, or the only one."""
    roster = home.parent / "roster.csv"
    roster.write_text("id,name,canvas\nada,Ada Li,1\nbob,Bob Li,\n")
    (home.parent / "course.toml").write_text('roster = "roster.csv"\n[topics.softmax]\n')
    put(home / "liada_2_700_softmax.py")
    put(home / "libob_3_701_softmax.py")
    found = take_in(home, None, [SOFTMAX], course=read_course(home.parent / "course.toml"))
    assert list(found.work) == ["bob"], "his number is not in the roster"
    said = "'liada' fits ada of the roster, whose number in Canvas is 1, not 2; give the number"
    assert said in found.problems["liada_2_700_softmax.py"]
    put(home / "liada_1_702_softmax.py")
    found = take_in(home, None, [SOFTMAX], course=read_course(home.parent / "course.toml"))
    assert found.work["ada"]["softmax"].source == "liada_1_702_softmax.py"


def test_what_canvas_marks_late_without_a_time_is_said(home, course):
    put(home / "lovelaceada_LATE_222_700_softmax.py")
    assert (
        "by how much is not known" in take_in(home, None, [SOFTMAX], course=course).problems["ada"]
    )


def test_the_untouched_stub_does_not_hide_the_notebook(home):
    put(home / "ada" / "softmax.py", SOFTMAX.contract.read_bytes())
    put(home / "ada" / "softmax.ipynb", notebook("import torch", "def softmax(x): return x"))
    assert b"return x" in text_of(take_in(home, None, [SOFTMAX]), "ada")


@pytest.mark.parametrize("name", ["softmax_mine.py", "work/homework.py", "Untitled.ipynb"])
def test_work_beside_the_untouched_stub_is_no_zero(home, name):
    written = SOFTMAX.contract.read_bytes().replace(b"raise NotImplementedError", b"return x", 1)
    put(home / "ada" / "softmax.py", SOFTMAX.contract.read_bytes())
    put(home / "ada" / name, notebook(written.decode()) if name.endswith("ipynb") else written)
    put(home / "ada" / "cross_entropy.py", written)  # another topic's, whatever it defines
    found = take_in(home, None, [SOFTMAX, CROSS])
    assert f"untouched stub, but {name!r} defines the same" in found.problems["ada"]
    assert found.work["ada"].keys() == {"cross_entropy"}
    (home / "ada" / name).unlink()
    found = take_in(home, None, [SOFTMAX, CROSS])
    assert found.problems == {}
    assert found.work["ada"].keys() == {"softmax", "cross_entropy"}


def test_a_folder_named_by_one_and_the_user_name_of_another_is_nobodys(home, course, tmp_path):
    (tmp_path / "roster.csv").write_text("id,name,github\nada,Ada,x\nbob,Bob,ada\n")
    put(home / "ada" / "softmax.py")
    found = take_in(home, None, [SOFTMAX], course=read_course(tmp_path / "course.toml"))
    assert "fits ada and bob" in found.problems["ada"]
    assert not found.work


def test_helpers_of_each_folder_stay_with_their_topic(home):
    for folder, topic in (("hw1", "softmax"), ("hw2", "cross_entropy")):
        put(home / "ada" / folder / f"{topic}.py")
        put(home / "ada" / folder / "own.py", folder.encode())
    work = take_in(home, None, [SOFTMAX, CROSS]).work["ada"]
    assert [work[n].submission.files["own.py"] for n in ("softmax", "cross_entropy")] == [
        b"hw1",
        b"hw2",
    ]


def test_framework_policy_binds_the_submission(home, course):
    put(home / "ada" / "softmax.py")
    course.path.write_text(
        COURSE.replace("[topics.softmax]", '[topics.softmax]\nframework = "tensorflow"')
    )
    work = take_in(home, None, [SOFTMAX], course=read_course(course.path)).work["ada"]
    with pytest.raises(
        SubmissionProblem, match="imports torch, but --framework or the course asks for tensorflow"
    ):
        work["softmax"].submission.source(SOFTMAX).ready()


def test_seven_zip_is_read_within_limits(tmp_path, monkeypatch):
    monkeypatch.setattr(py7zr.py7zr, "check_archive_path", lambda _: True)
    with Reader() as reader:

        def read(data):
            try:
                return reader.read_bytes("x.7z", data)
            except SubmissionProblem as problem:
                return str(problem)

        good = seven({"softmax.py": GOOD, "own/part.py": b"x", ".git/config": b"y"})
        assert read(good) == {"softmax.py": GOOD, "own/part.py": b"x"}
        assert "too large" in read(seven({"zeros.py": bytes(33 << 20)}))
        assert "outside the submission" in read(seven({"../x.py": b"x"}))
        assert "damaged" in read(good[:-7])
        assert "damaged" in read(b"7z\xbc\xaf'\x1c" + bytes(40))
        assert "more than 10,000 members" in read(seven({f".d/{i}": b"" for i in range(10_001)}))
        path = tmp_path / "locked.7z"
        with py7zr.SevenZipFile(path, "w", password="x", header_encryption=True) as archive:
            archive.writestr(GOOD, "softmax.py")
        assert "is encrypted" in read(path.read_bytes())
        assert read(good) == {"softmax.py": GOOD, "own/part.py": b"x"}


METHODS = {
    "lzma": {"id": py7zr.FILTER_LZMA},
    "bzip2": {"id": py7zr.FILTER_BZIP2},
    "deflate": {"id": py7zr.FILTER_DEFLATE},
    "ppmd": {"id": py7zr.FILTER_PPMD, "order": 6, "mem": 24},
    "copy": {"id": py7zr.FILTER_COPY},
}


@pytest.mark.parametrize("method", METHODS)
def test_seven_zip_of_every_method_is_read_soon_or_refused_in_one_line(method):
    good = seven({"softmax.py": GOOD * 20}, filters=[METHODS[method]])
    draw = random.Random(method)
    with Reader(SOON) as reader:
        assert reader.read_bytes("x.7z", good) == {"softmax.py": GOOD * 20}
        for _ in range(8):
            try:
                reader.read_bytes("x.7z", mutated(good, draw))
            except SubmissionProblem as problem:
                said = str(problem)
                assert len(said.splitlines()) == 1
                assert "takes longer" not in said


def test_dry_run_prints_who_handed_in_what_and_writes_nothing(home, course):
    put(home / "Ada Lovelace_1_assignsubmission_file_" / "hw.zip", PLACES["Ada Lovelace.zip"])
    put(home / "alan_2026-10-04T12-00-01Z.zip", PLACES["Ada Lovelace.zip"])
    command = [sys.executable, "-m", "katagrad", "course", "intake", str(home), "--dry-run"]
    before = sorted(home.rglob("*"))
    done = subprocess.run(command, cwd=home.parent, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    assert lines[:2] == [
        "  ada   softmax  Ada Lovelace_1_assignsubmission_file_: hw.zip/softmax.py, time not known",
        "  alan  softmax  alan_2026-10-04T12-00-01Z.zip: softmax.py, 2026-10-04 12:00:01 UTC, 4 late days",
    ]
    assert lines[2:] == ["handed in nothing: sofia", "2 of 2 students can be graded; 0 problems"]
    assert done.returncode == 0
    assert sorted(home.rglob("*")) == before


def test_what_is_written_plainly_is_read_alike(home, course, tmp_path):
    put(home / "softmax-countess" / "deep" / "softmax.py")
    put(
        home / "alan_2026-10-04T12-00-01Z.zip",
        pack("zip", {"a/softmax.py": GOOD, "b/cross_entropy.py": GOOD}),
    )
    command = [sys.executable, "-m", "katagrad", "course", "intake", str(home), "--out"]
    command.append(str(tmp_path / "plain"))
    told = {"cwd": tmp_path, "capture_output": True, "text": True, "check": False}
    done = subprocess.run(command, **told)
    assert "2 students written" in done.stdout
    first, second = (
        take_in(f, None, [SOFTMAX, CROSS], course=course) for f in (home, tmp_path / "plain")
    )
    for student in ("ada", "alan"):
        assert text_of(first, student) == text_of(second, student)
    assert second.work["alan"]["softmax"].when == first.work["alan"]["softmax"].when
    again = subprocess.run(command, **told)
    assert "is there already; name a new folder" in again.stderr


def test_an_attempt_that_does_not_count_is_not_written_plainly(home, course, tmp_path):
    """The first softmax was in time, and the second cross_entropy came later: each folder has one file that counts."""
    course.path.write_text(COURSE + '[late]\nattempts = "in time"\n')
    policy = read_course(course.path)
    for day, mark in (("01", b"# first"), ("03", b"# last")):
        for topic in ("softmax", "cross_entropy"):
            put(home / f"ada_2026-10-{day}T10-00-00Z" / f"{topic}.py", GOOD + mark)
        put(home / f"ada_2026-10-{day}T10-00-00Z" / "own.py", mark)
    write_plain(take_in(home, None, [SOFTMAX, CROSS], course=policy), tmp_path / "plain")
    again = take_in(tmp_path / "plain", None, [SOFTMAX, CROSS], course=policy)
    assert again.problems == {}
    assert text_of(again, "ada").endswith(b"# first")
    assert text_of(again, "ada", "cross_entropy").endswith(b"# last")
    assert (tmp_path / "plain" / "ada" / "cross_entropy" / "own.py").read_bytes() == b"# last"


def test_a_file_that_another_imports_is_written_along(home, course, tmp_path):
    put(home / "ada" / "softmax.py", b"from cross_entropy import helper\n" + GOOD)
    put(home / "ada" / "cross_entropy.py", GOOD + b"# one")
    put(home / "Ada Lovelace.zip", pack("zip", {"cross_entropy.py": GOOD + b"# two"}))
    write_plain(take_in(home, None, [SOFTMAX, CROSS], course=course), tmp_path / "plain")
    assert (tmp_path / "plain" / "ada" / "cross_entropy.py").is_file()


def test_what_cannot_be_written_plainly_is_no_zero_later(home, course, tmp_path):
    """alan's archive is damaged, and sofia's cross_entropy is one of two: the plain folder holds neither."""
    put(home / "ada" / "softmax.py")
    put(home / "alan.zip", b"no archive")
    put(home / "sofia" / "softmax.py")
    put(home / "sofia" / "cross_entropy.py")
    put(home / "Sofia Kovalevskaya.zip", pack("zip", {"cross_entropy.py": GOOD + b"# other"}))
    first = take_in(home, None, [SOFTMAX, CROSS], course=course)
    write_plain(first, tmp_path / "plain")
    again = take_in(tmp_path / "plain", None, [SOFTMAX, CROSS], course=course)
    assert {s: sorted(w) for s, w in again.work.items() if w} == {
        "ada": ["cross_entropy", "softmax"],
        "sofia": ["softmax"],
    }
    assert again.unread == ["alan"]
    assert again.problems.keys() == {"alan", "sofia"}
    assert "is damaged" in again.problems["alan"]
    assert "it is not known when" in again.problems["sofia"]
    assert again.unfound["alan"].keys() == {"softmax", "cross_entropy"}
    for student in ("alan", "sofia"):  # what somebody adds there counts
        put(tmp_path / "plain" / student / "cross_entropy.py")
    mended = take_in(tmp_path / "plain", None, [CROSS], course=course)
    assert mended.problems == {}
    assert all(mended.work[student]["cross_entropy"].source for student in ("alan", "sofia"))


def test_a_class_of_nbgrader_is_read_from_submitted(home):
    put(home / "gradebook.db", b"")
    put(home / "source" / "ps" / "softmax.ipynb", notebook("x"))
    put(
        home / "submitted" / "ada" / "ps" / "softmax.ipynb",
        notebook("import torch", "def softmax(x): return x"),
    )
    put(home / "submitted" / "ada" / "ps" / "timestamp.txt", b"2026-10-01 11:00:00.5 UTC")
    found = take_in(home, None, [SOFTMAX])
    assert list(found.work) == ["ada"]
    assert found.work["ada"]["softmax"].when == read_moment("2026-10-01T11:00:00Z")


def test_a_timestamp_that_a_student_wrote_is_not_believed(home, course):
    """Only nbgrader's own place counts: beside the assignment, in submitted/."""
    early = b"2020-01-01 00:00:00 UTC"
    own = {"hw/softmax.py": GOOD, "hw/timestamp.txt": early, "timestamp.txt": early}
    put(home / "lovelaceada_LATE_222_700_hw.zip", pack("zip", own))
    for name in ("softmax-turing-a", "Sofia Kovalevskaya_12347_assignsubmission_file_"):
        for path, content in own.items():
            put(home / name / path, content)
    found = take_in(home, None, [SOFTMAX], course=course)
    assert {s: w["softmax"].when for s, w in found.work.items()} == dict.fromkeys(found.work)
    assert "by how much is not known" in found.problems["ada"]
    class_ = home.parent / "nb"
    for path in ("ada/ps/deep", "alan", "sofia/ps"):
        put(class_ / "submitted" / path / "softmax.py")
        put(class_ / "submitted" / path / "timestamp.txt", early)
    put(class_ / "submitted" / "ada" / "ps" / "timestamp.txt", b"2026-10-03 11:00:00 UTC")
    put(class_ / "submitted" / "sofia" / "ps" / "timestamp.txt", b"2026-10-03 13:00:00 CEST")
    found = take_in(class_ / "submitted", None, [SOFTMAX], course=course)
    assert found.work["ada"]["softmax"].when == read_moment("2026-10-03T11:00:00Z")
    assert found.work["alan"]["softmax"].when is None
    assert found.work["sofia"]["softmax"].when is None
    assert "'2026-10-03 13:00:00 CEST' in timestamp.txt cannot be read" in found.problems["sofia"]


@pytest.mark.parametrize("clock", ["UTC", "Asia/Tokyo"])
def test_times_without_an_offset_are_those_of_the_course(home, course, monkeypatch, clock):
    monkeypatch.setenv("TZ", clock)
    time.tzset()
    course.path.write_text('timezone = "Europe/Berlin"\n' + COURSE)
    berlin = read_course(course.path)
    put(home / "ada_2026-10-01T13-30-00.zip", pack("zip", {"softmax.py": GOOD}))
    put(home / "hw_alan_attempt_2026-10-01-13-30-00_softmax.py")
    put(home / "sofia" / "softmax.py")
    (home.parent / "times.csv").write_text("entry,time\nsofia/,2026-10-01T13:30:00\n")
    times = read_times(home.parent / "times.csv", berlin.zone)
    found = take_in(home, None, [SOFTMAX], course=berlin, times=times)
    assert found.problems == {}
    monkeypatch.undo()
    time.tzset()
    moments = {work["softmax"].when for work in found.work.values()}
    assert moments == {read_moment("2026-10-01T11:30:00Z")}


def test_times_of_nothing_are_named(home, course):
    put(home / "ada.zip", pack("zip", {"softmax.py": GOOD}))
    found = take_in(home, None, [SOFTMAX], course=course, times={"ada.zp": 1.0, "ada.zip": 2.0})
    assert found.problems == {
        "ada.zp": "--times names it, but nothing of that name is there; the nearest is ada.zip"
    }
    path = home.parent / "times.csv"
    path.write_text("entry,time\nada.zip,2026-10-01T10:00:00Z\nada.zip,2026-10-02T10:00:00Z\n")
    with pytest.raises(BadOption, match=r"times\.csv:3: 'ada\.zip' has another time above"):
        read_times(path)
    # As a spreadsheet writes it where the comma is the decimal sign.
    path.write_bytes("\ufeffEntry;Time\r\nada.zip;2026-10-01T10:00:00Z\r\n;\r\n".encode())
    assert read_times(path) == {"ada.zip": read_moment("2026-10-01T10:00:00Z")}
    with pytest.raises(BadOption, match=r"cannot be read: No such file or directory$"):
        read_times(home.parent / "none.csv")


def test_what_no_reader_is_for_is_no_zero_of_its_student(home, course):
    put(home / "ada_softmax.rar", b"Rar!")
    (home / "alan").symlink_to(home.parent)
    put(home / "Sofia Kovalevskaya_12347_assignsubmission_onlinetext_" / "onlinetext.html")
    put(home / "README.md")
    found = take_in(home, None, [SOFTMAX], course=course)
    assert len(found.problems) == 4
    assert set(found.unfound) == {"ada", "alan", "sofia"} == set(found.unread)
    put(home / "ada.zip", pack("zip", {"softmax.py": GOOD}))
    found = take_in(home, None, [SOFTMAX], course=course)
    assert "ada" not in found.unread
    assert list(found.work["ada"]) == ["softmax"]
    assert not any("handed in nothing" in line for line in lines(found, [SOFTMAX], course))


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_a_time_that_is_none_is_no_traceback(home, tmp_path, zone):
    (tmp_path / "course.toml").write_text(f'timezone = "{zone}"\n[topics.softmax]\n')
    course = read_course(tmp_path / "course.toml")
    put(home / "hw1_ada_attempt_2026-13-01-12-00-00_softmax.py")
    put(home / "hw1_bob_attempt_9999-12-31-23-59-59_softmax.py")
    put(home / "cem 9999-12-31T23-59-59" / "softmax.py")
    put(home / "dan 0001-01-01T00-00-00" / "softmax.py")
    found = take_in(home, None, [SOFTMAX], course=course)
    assert found.problems == {}
    assert {"ada", "bob"} <= set(found.work)
    assert len(lines(found, [SOFTMAX], course)) == 5
    times = tmp_path / "times.csv"
    for told in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        times.write_text(f"entry,time\nada,{told}\n")
        with pytest.raises(BadOption, match="expected the name of an entry and a time"):
            read_times(times)


@pytest.mark.parametrize("listed", [True, False])
def test_what_is_not_read_beside_a_file_of_another_topic_is_no_zero(home, course, listed):
    put(home / "ada_softmax.rar", b"Rar!")
    put(home / "ada_cross_entropy.py")
    (home / "alan_softmax.py").symlink_to(home.parent / "elsewhere.py")
    put(home / "alan_cross_entropy.py")
    put(home / "Sofia Kovalevskaya_12347_assignsubmission_onlinetext_" / "onlinetext.html")
    put(home / "Sofia Kovalevskaya_12347_assignsubmission_file_" / "cross_entropy.py")
    found = take_in(home, None, [SOFTMAX, CROSS], course=course if listed else None)
    assert len(found.problems) == 3
    for name in ("ada", "alan"):
        assert set(found.unfound[name]) == {"softmax"}, name
        assert list(found.work[name]) == ["cross_entropy"], name
    sofia = found.work["sofia" if listed else "Sofia Kovalevskaya"]
    assert list(sofia) == ["softmax", "cross_entropy"], "a comment in Moodle is no file"


def test_a_file_whose_name_tells_no_topic_is_no_zero_of_its_student(home, course):
    put(home / "Ada Lovelace.py")
    put(home / "ada_cross_entropy.py")
    put(home / "Alan Turing.py")
    put(home / "work.py")
    found = take_in(home, None, [SOFTMAX, CROSS], course=course)
    assert {name: set(lost) for name, lost in found.unfound.items()} == {
        "ada": {"softmax"},
        "alan": {"softmax", "cross_entropy"},
    }
    assert found.unread == ["work", "alan"]


def test_an_untouched_stub_is_no_attempt(home, course):
    stub = SOFTMAX.contract.read_bytes()
    put(home / "softmax-countess" / "softmax.py")
    put(home / "cross_entropy-countess" / "softmax.py", stub)
    put(home / "cross_entropy-countess" / "cross_entropy.py")
    put(home / "alan 2026-10-01T12-00-00" / "softmax.py")
    put(home / "alan 2026-10-02T12-00-00" / "softmax.py", stub)
    put(home / "sofia 2026-10-01T12-00-00" / "softmax.py", stub)
    put(home / "sofia 2026-10-02T12-00-00" / "softmax.py", stub + b"\n")
    found = take_in(home, None, [SOFTMAX], course=course)
    assert found.problems == {}
    sources = {name: work["softmax"].source for name, work in found.work.items()}
    assert sources == {
        "ada": "softmax-countess: softmax.py",
        "alan": "alan 2026-10-01T12-00-00: softmax.py",
        "sofia": "sofia 2026-10-02T12-00-00: softmax.py",
    }


def test_a_pipe_is_no_submission(home):
    put(home / "ada" / "softmax.py")
    for name in ("eve.zip", "bob_softmax.py"):
        os.mkfifo(home / name)
    found = take_in(home, None, [SOFTMAX])
    assert list(found.work["ada"]) == ["softmax"]
    assert found.problems["eve.zip"] == "not graded: it is no regular file; hand in the file itself"
    assert "is no regular file" in found.problems["bob_softmax.py"]


NAMED_WRONGLY = {
    "a.zip": seven({"softmax.py": GOOD}),
    "b.7z": pack("zip", {"softmax.py": GOOD}),
    "c.zip": pack("tar.gz", {"softmax.py": GOOD}),
    "d.tar": pack("zip", {"softmax.py": GOOD}),
    "e.zip": pack("tar", {"softmax.py": GOOD}),
}
OF_NO_READER = {
    "a.zip": (b"Rar!\x1a\x07\x01\x00x", "is a RAR archive; hand in a .zip"),
    "b.7z": (b"(\xb5/\xfdx", "is compressed with Zstandard; hand in a .zip"),
    "c.zip": (
        b"\n<!DOCTYPE html><title>Log in</title>",
        "is a web page, perhaps one that asks to log",
    ),
}


def test_an_archive_is_what_it_holds_and_not_what_it_is_called(home):
    for name, content in NAMED_WRONGLY.items():
        put(home / name, content)
    found = take_in(home, None, [SOFTMAX])
    assert found.problems == {}
    assert {text_of(found, student) for student in "abcde"} == {GOOD}
    for name, (content, words) in OF_NO_READER.items():
        put(home / name, content)
        assert words in take_in(home, None, [SOFTMAX]).problems[name]


def test_an_archive_that_lies_too_deep_is_said_to_be_closed(home):
    inner = pack("zip", {"softmax.py": GOOD})
    for i in range(4):
        put(home / f"ada{i}.zip", inner)
        inner = pack("zip", {f"in{i}.zip": inner})
    found = take_in(home, None, [SOFTMAX])
    assert list(found.problems) == ["ada3.zip"]
    assert "is not opened, as it lies in more than 2 archives" in found.problems["ada3.zip"]


def test_what_cannot_be_written_plainly_leaves_nothing(home, monkeypatch):
    put(home / "ada" / "softmax.py")
    put(home / "bob" / "softmax.py")
    found = take_in(home, None, [SOFTMAX])
    plain = Path.write_bytes

    def full(path, content):
        if "bob" in path.parts:
            raise OSError(28, "No space left on device", str(path))
        return plain(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(
        BadOption, match=r"nothing was written: .*No space left on device; make room"
    ):
        write_plain(found, home.parent / "plain")
    assert not (home.parent / "plain").exists()


def test_a_link_is_named_and_not_followed(home):
    put(home.parent / "secret" / "softmax.py")
    (home / "eve").symlink_to(home.parent / "secret")
    found = take_in(home, None, [SOFTMAX])
    assert not found.work
    assert "a link" in found.problems["eve"]


def test_zip_of_directories_only(home):
    with zipfile.ZipFile(home / "ada.zip", "w") as archive:
        archive.mkdir("empty")
    assert "holds no Python file" in take_in(home, None, [SOFTMAX]).problems["ada.zip"]
