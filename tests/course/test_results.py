"""The files of a grading: nobody is silently zero, nothing is silently deleted, nothing hidden is handed out."""

import csv
import json
import shutil
import subprocess
import sys

import jsonschema
import pytest

from katagrad.course import grade
from katagrad.course.closing import lines
from katagrad.course.grade import GradingRequest, run
from katagrad.course.ledger import Ledger
from katagrad.course.redaction import without_detail
from katagrad.course.release import LEVELS, released
from katagrad.course.settings import read_course
from katagrad.errors import FAILED, NOT_GRADED, PASSED, BadOption
from katagrad.grading.checks import Outcome, manifest
from katagrad.grading.records import Result, topic_result
from katagrad.student.workspace import stub
from katagrad.topics import root, topics
from tests.course.archives import FAULTY, GOOD, honest

SOFTMAX, CROSS = (topics()[name] for name in ("softmax", "cross_entropy"))
SECRET = "0.31415926"
STUDENT = json.loads((root() / "docs" / "student.schema.json").read_text(encoding="utf-8"))


class QuickPool:
    """A pool that knows the verdict before it looks: every check passes, but where the file asks for less."""

    def __init__(self, plan, workers):
        self.plan = plan

    def work(self, jobs):
        for job in jobs:
            text = job.submission.files.get(f"{job.topic.name}.py", b"wrong")
            status = FAILED if b"wrong" in text else NOT_GRADED if b"lost" in text else PASSED
            outcomes = {c.name: Outcome(status, "because") for c in manifest(job.topic)}
            yield job, topic_result(job.topic, outcomes, "torch", isolation="process")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        pass


@pytest.fixture
def handed_in(tmp_path, monkeypatch):
    """A folder of submissions, graded by `grading`."""
    monkeypatch.setattr(grade, "GraderPool", QuickPool)
    home = tmp_path / "class"
    for name in ("ada", "bob"):
        (home / name).mkdir(parents=True)
        for topic in ("softmax", "cross_entropy"):
            (home / name / f"{topic}.py").write_bytes(GOOD)
    return home


def grading(home, wanted=(SOFTMAX, CROSS), **more):
    return run(GradingRequest(home, home.parent / "out", wanted, "process", 1, seed=7, **more))


def rows(home):
    with (home.parent / "out" / "grades.csv").open() as file:
        return {row["student"]: row for row in csv.DictReader(file)}


LOST = {
    "Softmax helpers.py": "found 'Softmax helpers.py'",
    "softmax.ipynb": "'softmax.ipynb' is not read as a notebook",
    "softmax.py.txt": "found 'softmax.py.txt'",
    "test_softmax.py": "found 'test_softmax.py'",
    "hw.zip": "'hw.zip' is damaged",
    "hw.rar": "'hw.rar' is not opened",
    "homework.py": "holds 'homework.py'",
    "notes.md": "holds no Python file",
    None: "holds no Python file",
}


@pytest.mark.parametrize("path", LOST)
def test_what_is_not_found_is_named_and_its_cell_is_empty(handed_in, path):
    (handed_in / "frank").mkdir()
    if path:
        (handed_in / "frank" / path).parent.mkdir(exist_ok=True)
        (handed_in / "frank" / path).write_bytes(b"")
    summary = grading(handed_in)
    assert LOST[path] in summary.problems["frank"]
    row = rows(handed_in)["frank"]
    assert row["softmax"] == row["cross_entropy"] == row["points"] == ""
    assert summary.totals["frank"] is None
    assert rows(handed_in)["ada"]["points"] != ""


def test_one_topic_that_is_not_found_leaves_the_others(handed_in):
    (handed_in / "bob" / "cross_entropy.py").rename(handed_in / "bob" / "test_cross_entropy.py")
    summary = grading(handed_in)
    row = rows(handed_in)["bob"]
    assert (row["cross_entropy"], row["points"]) == ("", "")
    assert float(row["softmax"]) > 0
    assert set(summary.problems) == {"bob"}


def test_a_topic_that_nobody_handed_in_is_no_problem(handed_in):
    (handed_in / "bob" / "cross_entropy.py").unlink()
    (handed_in / "bob" / "softmax_helpers.py").write_bytes(b"")
    assert grading(handed_in).problems == {}


@pytest.mark.parametrize("name", ["checksum.zip", "cut.tar.gz", "conflict.tar", "long.zip"])
def test_archive_that_cannot_be_read_stands_in_the_table(handed_in, name):
    (handed_in / name).write_bytes(FAULTY[name][0]())
    grading(handed_in)
    assert rows(handed_in)[name.split(".")[0]]["points"] == ""
    problems = json.loads((handed_in.parent / "out" / "problems.json").read_text())
    assert list(problems) == [name]


@pytest.mark.parametrize(
    "files",
    [
        {"softmax.py": b"# coding: rot13\n" + GOOD},
        {"softmax.py": b"import own\n" + GOOD, "own.py": b"x = " + b"-" * 100_000 + b"1"},
    ],
)
def test_a_file_that_its_reader_cannot_read_costs_nobody_else(handed_in, files):
    for name, content in files.items():
        (handed_in / "bob" / name).write_bytes(content)
    assert grading(handed_in).graded == 4
    assert float(rows(handed_in)["ada"]["points"]) > 0


def test_a_later_file_that_cannot_be_graded_replaces_what_the_student_reads(handed_in):
    grading(handed_in)
    (handed_in / "bob" / "softmax.py").rename(handed_in / "bob" / "test_softmax.py")
    (handed_in / "cem").mkdir()
    grading(handed_in)
    out = handed_in.parent / "out"
    shown = json.loads((out / "students" / "bob.json").read_text())
    jsonschema.validate(shown, STUDENT)
    most = {name: sum(c.points for c in manifest(topics()[name])) for name in shown["topics"]}
    assert shown["topics"]["softmax"] == {
        "chapter": SOFTMAX.chapter, "framework": None, "status": NOT_GRADED, "points": None,
        "maximum": most["softmax"], "problem": "found 'test_softmax.py', expected softmax.py",
    }  # fmt: skip
    assert (shown["points"], shown["maximum"]) == (None, sum(most.values()))
    assert shown["topics"]["cross_entropy"]["points"] == most["cross_entropy"]
    assert "softmax" in json.loads((out / "records" / "bob.json").read_text())["topics"]
    nothing = json.loads((out / "students" / "cem.json").read_text())
    jsonschema.validate(nothing, STUDENT)
    assert all("problem" in topic for topic in nothing["topics"].values())


def test_the_download_of_another_assignment_leaves_what_was_graded(handed_in):
    one, other = handed_in.parent / "softmax", handed_in.parent / "cross_entropy"
    for folder in (one, other):
        for name in ("ada", "bob"):
            (folder / name).mkdir(parents=True)
            (folder / name / f"{folder.name}.py").write_bytes(GOOD)
    (other / "bob" / "cross_entropy.py").unlink()
    (other / "bob" / "derivative.py").write_bytes(GOOD)
    assert grading(one).absent == 0
    before = rows(one)
    summary = grading(other)
    assert (summary.absent, summary.kept, summary.graded) == (2, 2, 2)
    assert {change.topic for change in summary.changes} == {"cross_entropy"}
    after = rows(other)
    assert [after[name]["softmax"] for name in after] == [row["softmax"] for row in before.values()]
    assert float(after["ada"]["cross_entropy"]) > 0 == float(after["bob"]["cross_entropy"])
    said = [line for line in lines(summary, other) if "not in this folder" in line]
    assert said == [
        "kept, though the work is not in this folder: 2 scores; kata course forget deletes scores"
    ]


def test_the_download_of_another_assignment_makes_no_zero_of_what_could_not_be_graded(handed_in):
    one, other = handed_in.parent / "softmax", handed_in.parent / "cross_entropy"
    for folder in (one, other):
        (folder / "bob").mkdir(parents=True)
        (folder / "bob" / f"{folder.name}.py").write_bytes(GOOD)
    (one / "Ada_1_assignsubmission_file_").mkdir()
    (one / "Ada_1_assignsubmission_file_" / "softmax.rar").write_bytes(b"Rar!")
    (other / "Ada_2_assignsubmission_file_cross_entropy.py").write_bytes(GOOD)
    grading(one)
    assert rows(one)["Ada"]["softmax"] == ""
    grading(other)
    assert (rows(other)["Ada"]["softmax"], rows(other)["Ada"]["points"]) == ("", "")
    assert float(rows(other)["Ada"]["cross_entropy"]) > 0
    said = "still not known: softmax (softmax not graded: found 'softmax.rar', expected softmax.py"
    assert grading(other).problems["Ada"].startswith(said), "though this folder has no fault"


@pytest.mark.parametrize("lost", ["softmax.rar", "Softmax helpers.py", None])
@pytest.mark.parametrize("later", ["folder", "stub"])
def test_a_plain_folder_of_the_same_name_makes_no_zero_of_what_could_not_be_graded(
    handed_in, lost, later
):
    one, other = handed_in, handed_in.parent / "other"
    (one / "cem").mkdir()
    if lost:
        (one / "cem" / lost).write_bytes(b"")
    for name in ("ada", "cem"):
        (other / name).mkdir(parents=True)
        (other / name / "derivative.py").write_bytes(GOOD)
        if later == "stub":
            (other / name / "softmax.py").write_bytes(SOFTMAX.contract.read_bytes())
    grading(one)
    assert rows(one)["cem"]["softmax"] == ""
    summary = grading(other)
    assert (rows(other)["cem"]["softmax"], rows(other)["cem"]["points"]) == ("", "")
    assert float(rows(other)["ada"]["softmax"]) > 0
    assert "still not known: softmax" in summary.problems["cem"]


def test_an_entry_of_a_kind_that_is_not_read_is_no_zero_in_the_next_assignment(handed_in):
    one, other = handed_in, handed_in.parent / "other"
    roster, course = handed_in.parent / "roster.csv", handed_in.parent / "course.toml"
    roster.write_text("id\nada\nbob\ncem\n")
    course.write_text('roster = "roster.csv"\n[topics.softmax]\n[topics.cross_entropy]\n')
    (one / "cem.rar").write_bytes(b"")
    (other / "cem").mkdir(parents=True)
    (other / "cem" / "cross_entropy.py").write_bytes(GOOD)
    grading(one, course=read_course(course))
    assert rows(one)["cem"]["softmax"] == ""
    assert "still not known: softmax" in grading(other, course=read_course(course)).problems["cem"]
    assert rows(other)["cem"]["softmax"] == ""


def test_an_entry_that_was_mended_is_zero_in_what_it_lacks(handed_in):
    (handed_in / "cem").mkdir()
    (handed_in / "cem" / "work.py").write_bytes(b"")
    grading(handed_in)
    assert rows(handed_in)["cem"]["softmax"] == rows(handed_in)["cem"]["cross_entropy"] == ""
    (handed_in / "cem" / "work.py").rename(handed_in / "cem" / "cross_entropy.py")
    (handed_in / "cem" / "cross_entropy.py").write_bytes(GOOD)
    assert grading(handed_in).problems == {}
    assert rows(handed_in)["cem"]["softmax"] == "0"
    assert float(rows(handed_in)["cem"]["cross_entropy"]) > 0


def test_an_entry_that_was_graded_and_then_could_not_be_read_is_no_zero(handed_in):
    grading(handed_in)
    (handed_in / "bob" / "softmax.py").rename(handed_in / "bob" / "softmax.rar")
    grading(handed_in)
    (handed_in / "bob" / "softmax.rar").unlink()
    assert "softmax.rar" in grading(handed_in).problems["bob"]
    assert rows(handed_in)["bob"]["softmax"] == ""


def stubs():
    """The untouched stub of softmax, as students have it: its text, and what they may have done to it."""
    plain = SOFTMAX.contract.read_bytes()
    return {
        "plain": plain,
        "windows": plain.replace(b"\n", b"\r\n"),
        "with the import of kata init": stub(SOFTMAX, "torch").encode(),
        "with a name": b"# Ada Lovelace\n\n" + plain,
        "with a byte order mark": b"\xef\xbb\xbf" + plain,
    }


@pytest.mark.parametrize("kind", stubs())
def test_an_untouched_stub_in_a_later_folder_replaces_no_work(handed_in, kind):
    grading(handed_in)
    before, other = rows(handed_in), handed_in.parent / "other"
    (other / "ada").mkdir(parents=True)
    (other / "ada" / "softmax.py").write_bytes(stubs()[kind])
    (other / "ada" / "cross_entropy.py").write_bytes(GOOD)
    summary = grading(other)
    assert (summary.absent, summary.changes) == (1, [])
    assert rows(other) == before
    (other / "cem").mkdir()
    (other / "cem" / "softmax.py").write_bytes(b"import torch  # wrong")
    grading(other)
    (other / "cem" / "softmax.py").write_bytes(stubs()[kind] + b"\nmine = 1\n")
    assert len(grading(other).changes) == 1, "a file with code of its own is work"


def test_what_the_harness_could_not_grade_is_no_zero(handed_in):
    (handed_in / "bob" / "softmax.py").write_bytes(b"import torch  # lost")
    summary = grading(handed_in)
    assert rows(handed_in)["bob"]["softmax"] == rows(handed_in)["bob"]["points"] == ""
    assert "checks not graded: because" in summary.problems["bob"]
    shown = json.loads((handed_in.parent / "out" / "students" / "bob.json").read_text())
    jsonschema.validate(shown, STUDENT)
    assert shown["points"] is shown["topics"]["softmax"]["points"] is None
    assert "because" not in json.dumps(shown)


def test_other_topics_and_students_stay(handed_in):
    grading(handed_in)
    before = rows(handed_in)
    shutil.rmtree(handed_in / "bob")
    (handed_in / "cem.zip").write_bytes(honest("zip"))
    grading(handed_in, wanted=(SOFTMAX,))
    after = rows(handed_in)
    assert after["ada"] == before["ada"]
    assert after["bob"] == before["bob"]
    assert (after["cem"]["cross_entropy"], after["cem"]["softmax"] != "") == ("", True)


def kata(*words):
    command = [sys.executable, "-m", "katagrad", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_forget_deletes_what_it_is_told_by_name(handed_in):
    grading(handed_in)
    out = handed_in.parent / "out"
    assert "did you mean ada?" in kata("course", "forget", "adda", "--out", out).stderr
    done = kata("course", "forget", "ada", "--out", out, "--topics", "softmax")
    assert "1 record of ada deleted" in done.stdout
    ledger = Ledger(out / "ledger.sqlite")
    left = [(student, topic) for student, topic, _ in ledger.records()]
    ledger.close()
    assert left == [("ada", "cross_entropy"), ("bob", "softmax"), ("bob", "cross_entropy")]
    (out / "feedback").mkdir()
    (out / "feedback" / "bob.md").write_text("# Bob")
    assert kata("course", "forget", "bob", "--out", out).returncode == 0
    assert not (out / "students" / "bob.json").exists()
    assert not (out / "feedback" / "bob.md").exists()
    assert kata("course", "forget", "bob", "--out", handed_in).returncode == 2


def test_places_that_cannot_be_meant_are_one_line(handed_in):
    home = handed_in
    (home.parent / "file").write_text("")
    (home.parent / "none").mkdir()
    (home.parent / "spoilt").mkdir()
    (home.parent / "spoilt" / "ledger.sqlite").write_text("no ledger " * 100)
    cases = {
        (home, home / "out"): "is inside",
        (home, home): "is inside",
        (home, home.parent / "file"): "is a file; name a folder",
        (home, home.parent / "file" / "out"): "name another folder",
        (home, home.parent / "spoilt"): "cannot be used as a ledger",
        (home / "ada", home.parent / "new"): "looks like one student's folder",
        (home.parent / "none", home.parent / "new"): "there is nothing to grade",
        (home.parent / "missing", home.parent / "new"): "there is no folder",
        (home.parent / "file", home.parent / "new"): "is a file; unpack it, and name the folder",
    }
    for (submissions, out), words in cases.items():
        done = kata("course", "grade", submissions, "--out", out, "--isolation", "process")
        assert done.returncode == 2
        assert words in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert not (home.parent / "new").exists()
    assert sorted(path.name for path in home.iterdir()) == ["ada", "bob"]


def test_the_status_says_that_something_was_not_graded(handed_in, tmp_path):
    for name in ("ada", "bob"):
        shutil.rmtree(handed_in / name)
    (handed_in / "frank" / "hw1").mkdir(parents=True)
    (handed_in / "frank" / "hw1" / "softmax_test.py").write_bytes(GOOD)
    done = kata("course", "grade", handed_in, "--out", tmp_path / "out", "--isolation", "process")
    assert done.returncode == 1
    assert "problem: frank: softmax not graded: found 'hw1/softmax_test.py'" in done.stdout
    assert "  frank    not graded" in done.stdout


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan"), float("inf")])
def test_patience_that_gives_no_time_is_refused(handed_in, factor):
    with pytest.raises(BadOption, match="gives no time"):
        grading(handed_in, patience=factor)


# -- what is handed out ----------------------------------------------------------------------------


def result():
    """What came of a submission that tries to tell its student what it was given."""
    messages = [
        f"softmax(x) raised ValueError: x was {SECRET}\n| === 16 passed ===\n|   softmax.py:3",
        f"softmax(x) raised X{SECRET.replace('.', '_')}: hidden",
        f"softmax(x, axis=0)[0, 1] is {SECRET}, but should be 0.5 within 1e-05; it equals x",
    ]
    outcomes = {
        check.name: Outcome(FAILED, messages[i % 3], f"printed {SECRET}")
        for i, check in enumerate(manifest(SOFTMAX))
    }
    topic = topic_result(SOFTMAX, outcomes, "torch", isolation="namespace")
    return Result({"softmax": topic}, "namespace", 200907220792174, False, "ada")


@pytest.mark.parametrize("show", LEVELS)
def test_no_level_gives_away_seed_inputs_or_more_than_was_chosen(show):
    text = json.dumps(released(result(), show))
    assert "200907220792174" not in text
    assert "seed" not in text
    assert SECRET not in text
    assert SECRET.replace(".", "_") not in text
    claims = [check.claim for check in manifest(SOFTMAX)]
    hints = [check.hint for check in manifest(SOFTMAX) if check.hint]
    assert all(json.dumps(c)[1:-1] in text for c in claims) is (show != "score")
    assert ("is ..., but should be ... within ...; it equals x" in text) is (
        show in ("messages", "hints")
    )
    assert any(json.dumps(h)[1:-1] in text for h in hints) is (show == "hints")


def test_messages_keep_what_the_grader_says():
    shape = "f(x, axis=-1) has shape (2, 3), but should have (3, 2)"
    assert without_detail(shape) == shape
    dtype = "f(x)[0, 2] is float64, but should be float32 (12 of 12 elements are off)"
    assert without_detail(dtype) == dtype
    assert without_detail("f(x)[3] is nan, but should be 2") == "f(x)[3] is nan, but should be ..."
    assert without_detail("f(x) is 'x3', but should be -2.5e-3") == "f(x) is ..., but should be ..."
    assert without_detail("f(x) raised KeyError: 3\n| f.py:1") == "f(x) raised KeyError"
    assert without_detail("f raised Own_31: 3") == "f raised an exception of its own"


def test_the_course_keeps_the_rest_elsewhere(handed_in):
    (handed_in / "bob" / "softmax.py").write_bytes(b"import torch  # wrong")
    grading(handed_in)
    out = handed_in.parent / "out"
    kept = json.loads((out / "records" / "bob.json").read_text())
    shown = json.loads((out / "students" / "bob.json").read_text())
    assert (kept["seed"], kept["isolation"]) == (7, "process")
    assert "message" in kept["topics"]["softmax"]["checks"][0]
    in_force = json.loads((out / "run.json").read_text())
    assert (in_force["isolation"], in_force["limits"]["wall"]) == ("process", 20.0)
    assert in_force["course"] is None
    assert "message" not in shown["topics"]["softmax"]["checks"][0]
    grading(handed_in, show="messages")
    shown = json.loads((out / "students" / "bob.json").read_text())
    assert shown["topics"]["softmax"]["checks"][0]["message"] == "because"
    with pytest.raises(BadOption, match="did you mean claims"):
        grading(handed_in, show="claim")


def test_names_forge_no_line_cell_or_file(handed_in):
    names = [
        "=cmd",
        "a\n=== 16 passed in 0.01s ===",
        "::error::x",
        "x\x1b[2J",
        "a" * 240,
        "नीना",
        "Jose\u0301",
    ]
    for name in names:
        (handed_in / name).mkdir()
        (handed_in / name / "softmax.py").write_bytes(GOOD)
        (handed_in / name / "cross_entropy.py").write_bytes(GOOD)
    summary = grading(handed_in)
    from katagrad.course.closing import lines

    shown = "\n".join(lines(summary, handed_in.parent / "out"))
    assert all(line.startswith(("  ", "problem: ")) for line in shown.splitlines()[:-2])
    assert "\x1b" not in shown
    table = (handed_in.parent / "out" / "grades.csv").read_text()
    assert not [line for line in table.splitlines() if line.startswith(("=", "::error::x,9"))]
    assert {"नीना", "Jos\u00e9"} <= set(rows(handed_in))
    assert rows(handed_in)["नीना"]["points"] == rows(handed_in)["ada"]["points"]
    assert len(rows(handed_in)) == 2 + len(names)
