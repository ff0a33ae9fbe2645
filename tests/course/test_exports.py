"""Grades in the files of other systems: their form, and the same scores when they are read again."""

import csv
import datetime
import io
import json
import subprocess
import sys
from xml.etree import ElementTree

import jsonschema
import pytest

from katagrad.course import office
from katagrad.course.exports import FORMATS
from katagrad.course.grades import Grades
from katagrad.course.ledger import Delivered, Ledger
from katagrad.course.release import LEVELS
from katagrad.course.scores import standings
from katagrad.course.settings import read_course
from katagrad.errors import FAILED, NOT_GRADED, PASSED, BadOption
from katagrad.grading.checks import Outcome, manifest
from katagrad.grading.records import topic_result
from katagrad.grading.table import number
from katagrad.topics import topics

NAMES = ("softmax", "cross_entropy")
COURSE = """
roster = "roster.csv"
show = "messages"
[topics.softmax]
points = 10
weight = 2
due = 2026-10-01T12:00:00Z
[topics.cross_entropy]
points = 5
[late]
penalty = 0.1
[letters]
A = 90
B = 50
F = 0
"""
ROSTER = """\
id,name,email,section,canvas,lti
ada,Ada Lovelace,ada@example.org,1,222,lti-ada
bob,"=HYPERLINK(""x"")",bob@example.org,1,,lti-bob
cem,Cem,,2,224,
eve,Eve,eve@example.org,2,225,lti-eve
"""
DUE = datetime.datetime(2026, 10, 1, 12, tzinfo=datetime.timezone.utc).timestamp()
SECRET = "0.31415926"
WRONG = "test_softmax_normalizes_along_its_axis"
# As Gradescope's documents have it: tests or a score, and these words alone.
WORDS = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
KINDS = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
GRADESCOPE = {
    "type": "object",
    "anyOf": [{"required": ["score"]}, {"required": ["tests"]}],
    "additionalProperties": False,
    "properties": {
        "score": {"type": "number", "minimum": 0},
        "execution_time": {"type": "number"},
        "output": {"type": "string"},
        "output_format": KINDS,
        "test_output_format": KINDS,
        "test_name_format": KINDS,
        "visibility": WORDS,
        "stdout_visibility": WORDS,
        "extra_data": {"type": "object"},
        "leaderboard": {"type": "array"},
        "tests": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "score": {"type": "number", "minimum": 0},
                    "max_score": {"type": "number", "minimum": 0},
                    "status": {"enum": ["passed", "failed"]},
                    "name": {"type": "string"},
                    "name_format": KINDS,
                    "number": {"type": "string"},
                    "output": {"type": "string"},
                    "output_format": KINDS,
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "visibility": WORDS,
                    "extra_data": {"type": "object"},
                },
            },
        },
    },
}
# The message of LTI Assignment and Grade Services 2.0.
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d)$"}
LTI = {
    "type": "object",
    "required": ["userId", "activityProgress", "gradingProgress", "timestamp"],
    "additionalProperties": False,
    "dependentRequired": {"scoreGiven": ["scoreMaximum"]},
    "properties": {
        "userId": {"type": "string", "minLength": 1},
        "scoreGiven": {"type": "number", "minimum": 0},
        "scoreMaximum": {"type": "number", "exclusiveMinimum": 0},
        "comment": {"type": "string"},
        "timestamp": MOMENT,
        "activityProgress": {
            "enum": ["Initialized", "Started", "InProgress", "Submitted", "Completed"]
        },
        "gradingProgress": {
            "enum": ["NotReady", "Failed", "Pending", "PendingManual", "FullyGraded"]
        },
        "submission": {
            "type": "object",
            "properties": {"startedAt": MOMENT, "submittedAt": MOMENT},
            "additionalProperties": False,
        },
    },
}


def graded(ledger, student, topic, failing=(), status=FAILED, when=DUE):
    told = Outcome(status, f"softmax(x)[1, 2] is {SECRET}, but should be 0.5; it equals x", SECRET)
    outcomes = {
        c.name: told if c.name in failing else Outcome(PASSED) for c in manifest(topics()[topic])
    }
    ledger.write(student, topic, "key", topic_result(topics()[topic], outcomes, "torch"))
    ledger.deliver(student, topic, Delivered(when, f"{topic}.py"))


@pytest.fixture
def home(tmp_path):
    """A graded class: ada is right but late, bob has a mistake, cem's could not be graded, eve handed in nothing."""
    (tmp_path / "roster.csv").write_text(ROSTER)
    (tmp_path / "course.toml").write_text(COURSE)
    ledger = Ledger(tmp_path / "out" / "ledger.sqlite")
    graded(ledger, "ada", "softmax", when=DUE + 86400)
    graded(ledger, "ada", "cross_entropy")
    graded(ledger, "bob", "softmax", [WRONG])
    graded(ledger, "cem", "softmax", [WRONG], NOT_GRADED)
    ledger.adjust("bob", "cross_entropy", 1.5, "a good idea")
    ledger.close()
    return tmp_path


@pytest.fixture
def grades(home):
    return made(home)


def made(home, show="messages"):
    course = read_course(home / "course.toml")
    ledger = Ledger(home / "out" / "ledger.sqlite")
    everybody = standings(ledger, course)
    ledger.close()
    now = datetime.datetime(2026, 11, 1, tzinfo=datetime.timezone.utc)
    return Grades(everybody, show, course.letters, now)


def points_of(grades, topic):
    return {one.student: one.scores[topic].points for one in grades.everybody}


def rows(text):
    return list(csv.reader(io.StringIO(text)))


def test_plain_csv_has_points_percent_and_letters(grades):
    head, *lines = rows(FORMATS["csv"](grades)["grades.csv"])
    found = {line[0]: dict(zip(head, line, strict=True)) for line in lines}
    assert found["ada"]["softmax"] == "9"
    assert (found["ada"]["points"], found["ada"]["maximum"]) == ("23", "25")
    assert (found["ada"]["percent"], found["ada"]["letter"]) == ("92.00", "A")
    assert found["cem"]["points"] == found["cem"]["letter"] == ""
    assert (found["eve"]["points"], found["eve"]["letter"]) == ("0", "F")
    assert found["bob"]["name"].startswith("'=")


def test_canvas_reads_the_same_scores(grades):
    head, possible, *lines = rows(FORMATS["canvas"](grades)["canvas.csv"])
    assert head[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert possible[0].strip() == "Points Possible"
    assert dict(zip(head, possible, strict=True))["softmax"] == "10"
    for line in lines:
        row = dict(zip(head, line, strict=True))
        for topic in NAMES:
            known = points_of(grades, topic)[row["SIS User ID"]]
            assert (
                row[topic] == ""
                if known is None
                else float(row[topic]) == pytest.approx(known, abs=1e-4)
            )
    assert next(line[0] for line in lines) == "Lovelace, Ada"


def test_moodle_has_grades_with_their_feedback(grades):
    head, *lines = rows(FORMATS["moodle"](grades)["moodle.csv"])
    assert len(set(head)) == len(head)
    found = {line[0]: dict(zip(head, line, strict=True)) for line in lines}
    assert float(found["bob"]["softmax"]) == pytest.approx(
        points_of(grades, "softmax")["bob"], abs=1e-4
    )
    assert "softmax follows its definition along every axis" in found["bob"]["softmax (feedback)"]
    assert found["ada"]["softmax (feedback)"].startswith("1 late day: -1")  # unescaped
    assert not any(cell[:1] in "=+-@" and cell for line in lines for cell in line[:3])


@pytest.mark.parametrize("show", LEVELS)
def test_gradescope_takes_the_results(home, show):
    grades = made(home, show)
    files = FORMATS["gradescope"](grades)
    assert set(files) == {"ada.json", "bob.json", "eve.json"}, "cem's total is not known"
    for name, text in files.items():
        record = json.loads(text)
        jsonschema.validate(record, GRADESCOPE)
        total = next(one.points for one in grades.everybody if f"{one.student}.json" == name)
        assert record["score"] == pytest.approx(total, abs=1e-3)
        assert ("tests" in record) is (show != "score" and name != "eve.json")
        assert all(test["visibility"] == "visible" for test in record.get("tests", ())), (
            "one hidden test would hide the total"
        )


def test_tests_of_gradescope_add_up_without_lateness_and_changes(grades):
    record = json.loads(FORMATS["gradescope"](grades)["bob.json"])
    softmax = points_of(grades, "softmax")["bob"]
    assert sum(test["score"] for test in record["tests"]) == pytest.approx(2 * softmax, abs=1e-3)
    assert sum(test["max_score"] for test in record["tests"]) == pytest.approx(20, abs=1e-3)


def test_lti_messages_follow_the_specification(grades):
    files = FORMATS["lti"](grades)
    assert set(files) == {"softmax.json", "cross_entropy.json"}
    for name, text in files.items():
        messages = json.loads(text)
        known = points_of(grades, name.removesuffix(".json"))
        for message in messages:
            jsonschema.validate(message, LTI)
            student = message["userId"].removeprefix("lti-")
            assert message["scoreGiven"] == pytest.approx(known[student], abs=1e-3)
    ada = json.loads(files["softmax.json"])[0]
    assert ada["submission"]["submittedAt"] == "2026-10-02T12:00:00.000+00:00"


def test_lti_has_no_score_of_a_topic_that_is_worth_nothing(home, capsys):
    (home / "course.toml").write_text(COURSE.replace("points = 5", "points = 0"))
    assert list(FORMATS["lti"](made(home))) == ["softmax.json"]
    office.export("lti", out=home / "out", to=home / "to", course_file=home / "course.toml")
    assert "left out: cross_entropy is worth 0 points" in capsys.readouterr().out


def test_junit_is_read_with_its_points(grades):
    root = ElementTree.fromstring(FORMATS["junit"](grades)["junit.xml"])
    assert root.tag == "testsuites"
    suites = {suite.get("name"): suite for suite in root}
    bob = suites["bob: softmax"]
    count = {kind: len(bob.findall(f"testcase/{kind}")) for kind in ("failure", "error")}
    assert (
        (int(bob.get("failures")), int(bob.get("errors")))
        == (count["failure"], count["error"])
        == (1, 0)
    )
    assert int(suites["cem: softmax"].get("errors")) == 1
    held = [
        float(p.get("value")) for p in bob.findall("testcase/properties/property[@name='points']")
    ]
    right = sum(check.points for check in manifest(topics()["softmax"]) if check.name != WRONG)
    assert sum(held) == right
    assert int(bob.get("tests")) == len(bob.findall("testcase"))


def lose(home):
    """bob hands in softmax again, and the file cannot be read."""
    ledger = Ledger(home / "out" / "ledger.sqlite")
    ledger.deliver("bob", "softmax", Delivered(problem="not graded: it is damaged"))
    ledger.close()


@pytest.mark.parametrize("kind", ["moodle", "junit"])
def test_what_cannot_be_graded_is_said_and_an_earlier_verdict_is_not(home, kind):
    assert "it equals x" in "".join(FORMATS[kind](made(home)).values())
    lose(home)
    text = "".join(FORMATS[kind](made(home)).values())
    mine = [
        line for line in text.splitlines() if line.startswith("bob") or '"bob: softmax"' in line
    ]
    assert "it equals x" not in "".join(mine)
    assert "could not be graded: it is damaged" in text


def test_moodle_has_the_reason_where_nothing_is_known(home):
    ledger = Ledger(home / "out" / "ledger.sqlite")
    ledger.deliver("cem", "cross_entropy", Delivered(problem="not graded: it is damaged"))
    ledger.close()
    head, *lines = rows(FORMATS["moodle"](made(home))["moodle.csv"])
    cem = next(dict(zip(head, line, strict=True)) for line in lines if line[0] == "cem")
    assert cem["softmax"] == ""
    assert cem["softmax (feedback)"].startswith("could not be graded: 1 of ")


def test_no_suite_of_junit_is_empty(home):
    lose(home)
    root = ElementTree.fromstring(FORMATS["junit"](made(home))["junit.xml"])
    suites = {suite.get("name"): suite for suite in root}
    assert all(int(suite.get("tests")) == len(suite.findall("testcase")) > 0 for suite in root)
    count = [suites["bob: softmax"].get(kind) for kind in ("tests", "failures", "errors")]
    assert count == ["1", "0", "1"]
    error = suites["bob: softmax"].find("testcase/error")
    assert error.get("message") == "could not be graded: it is damaged"
    failure = suites["eve: softmax"].find("testcase/failure")
    assert failure.get("message") == "nothing was handed in"


def test_junit_has_lateness_and_changes_by_hand(grades):
    root = ElementTree.fromstring(FORMATS["junit"](grades)["junit.xml"])
    held = {
        suite.get("name"): {p.get("name"): p.get("value") for p in suite.findall("properties/*")}
        for suite in root
    }
    assert held["ada: softmax"] == {
        "points": "9", "maximum": "10", "late_days": "1", "late_days_without_penalty": "0",
        "lost_by_lateness": "1", "changed_by_hand": "0",
    }  # fmt: skip
    assert held["bob: cross_entropy"]["changed_by_hand"] == "1.5"
    assert "points" not in held["cem: softmax"]


@pytest.mark.parametrize("show", LEVELS)
@pytest.mark.parametrize("kind", FORMATS)
def test_no_export_holds_what_a_student_may_not_read(home, kind, show):
    text = "".join(FORMATS[kind](made(home, show)).values())
    assert SECRET not in text
    told = show in ("messages", "hints") and kind in ("moodle", "gradescope", "lti", "junit")
    assert ("it equals x" in text) is told


def kata(home, *words):
    command = [sys.executable, "-m", "katagrad", "course", *map(str, words)]
    return subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)


def test_export_is_a_command(home):
    done = kata(home, "export", "lti", "--out", "out", "--to", "lti")
    assert "left out: cem has no lti in the roster" in done.stdout
    assert "not whole: cem" in done.stdout
    assert (home / "lti" / "softmax.json").is_file()
    assert (
        "did you mean canvas?" in kata(home, "export", "canvs", "--out", "out", "--to", "x").stderr
    )
    assert "there is no ledger" in kata(home, "export", "csv", "--out", "no", "--to", "x").stderr


@pytest.mark.parametrize("to", ["out", "out/students", "out/../out/records", "out/feedback"])
def test_an_export_replaces_no_results(home, to):
    """Results and exports have files of the same names: grades.csv, ada.json."""
    for name in ("students", "records", "feedback"):
        (home / "out" / name).mkdir()
    for target in ("csv", "gradescope"):
        with pytest.raises(BadOption, match=r"holds the results of --out .*; name another folder"):
            office.export(target, home / "out", home / to, home / "course.toml")
    assert not list((home / "out").rglob("*.json"))
    assert not (home / "out" / "grades.csv").exists()


def test_an_export_to_a_file_is_refused(home):
    with pytest.raises(BadOption, match=r"--to .*roster.csv is a file; name a folder"):
        office.export("csv", home / "out", home / "roster.csv", home / "course.toml")
    assert (home / "roster.csv").read_text() == ROSTER


def test_a_place_that_the_system_refuses_is_named_with_what_to_do(home):
    with pytest.raises(BadOption, match=r"roster.csv/to/grades.csv: Not a directory; name another"):
        office.export("csv", home / "out", home / "roster.csv" / "to", home / "course.toml")
    (home / "to" / "grades.csv").mkdir(parents=True)
    with pytest.raises(BadOption, match=r"to/grades.csv: Is a directory; move the folder away"):
        office.export("csv", home / "out", home / "to", home / "course.toml")


def test_an_export_to_gradescope_takes_back_what_is_not_known_any_more(home, capsys):
    to = home / "to"
    course = home / "course.toml"
    office.export("gradescope", home / "out", to, course)
    (to / "notes.json").write_text("{}")
    assert (to / "bob.json").is_file()
    lose(home)
    office.export("gradescope", home / "out", to, course)
    assert sorted(p.name for p in to.iterdir()) == ["ada.json", "eve.json", "notes.json"]
    assert f"not known any more: {to / 'bob.json'}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "then", "now", "used"),
    [
        ("score", "messages", "messages", "score"),
        ("hints", "messages", "messages", "messages"),
        ("claims", "claims", "messages", "messages"),
        ("messages", "messages", "claims", "claims"),
        ("score", "claims", "hints", "score"),
        ("everything", "claims", "hints", "hints"),
    ],
)
def test_less_than_the_course_shows_is_kept_to(home, asked, then, now, used):
    (home / "out" / "run.json").write_text(json.dumps({"show": asked, "course_show": then}))
    (home / "course.toml").write_text(COURSE.replace("messages", now))
    assert office.shown(home / "out", read_course(home / "course.toml")) == used


def test_a_change_that_takes_off_more_than_there_is_says_so(home, capsys):
    office.adjust("ada", "softmax", "-12.25", home / "out", "copied", home / "course.toml")
    said = capsys.readouterr().out
    assert "-12.25, now 0 of 10; it would be -3.25, but no score is below 0\n" in said
    with pytest.raises(BadOption, match="is no number of points"):
        office.adjust("ada", "softmax", "0.00001", home / "out", "x", home / "course.toml")


def test_results_are_those_of_their_course_in_any_folder(home):
    here = kata(home, "export", "csv", "--out", "out", "--to", "one")
    assert here.returncode == 0
    record = {"show": "everything", "course": str(home / "course.toml")}
    (home / "out" / "run.json").write_text(json.dumps(record))
    there = home / "elsewhere"
    there.mkdir()
    for words in (("export", "csv", "--to", "two"), ("report", "--no-similarity")):
        assert kata(there, *words, "--out", home / "out").returncode == 0
    kept = [folder / "grades.csv" for folder in (home / "one", there / "two")]
    assert kept[0].read_text() == kept[1].read_text()
    why = ("--why", "x", "--out", home / "out")
    assert "now 8 of 10" in kata(there, "adjust", "ada", "softmax", "-1", *why).stdout


def test_a_change_by_hand_is_counted_and_logged(home):
    done = kata(home, "adjust", "ada", "softmax", "-2.5", "--why", "a late note\nx", "--out", "out")
    assert done.stdout.startswith("ada softmax: -2.5, now 6.5 of 10\n"), done.stderr
    table = {row["student"]: row for row in csv.DictReader((home / "out" / "grades.csv").open())}
    assert table["ada"]["softmax"] == "6.5"
    lost = kata(home, "adjust", "cem", "softmax", "3", "--why", "read by hand", "--out", "out")
    assert "cem softmax: +3, which counts when it can be graded (softmax: 1 of " in lost.stdout
    log = kata(home, "log", "--out", "out").stdout.splitlines()[:-1]
    assert log[-1].endswith("adjust ada softmax -2.5: a late note\\nx")
    for words, said in {
        ("adda", "softmax", "1"): "did you mean ada?",
        ("ada", "sofmax", "1"): "did you mean softmax?",
        ("ada", "softmax", "many"): "is no number of points",
        ("ada", "softmax", "0"): "is no number of points",
        ("ada", "softmax", "nan"): "is no number of points",
    }.items():
        refused = kata(home, "adjust", *words, "--why", "x", "--out", "out")
        assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)
        assert said in refused.stderr


def test_a_score_that_cannot_be_graded_is_set_by_hand(home):
    why = ("--why", "read on paper", "--out", "out")

    def points(name="cem"):
        with (home / "out" / "grades.csv").open() as file:
            return {row["student"]: row["softmax"] for row in csv.DictReader(file)}[name]

    kata(home, "adjust", "cem", "softmax", "+2", *why)
    assert points() == ""
    done = kata(home, "adjust", "cem", "softmax", "=7", *why)
    assert done.stdout.startswith("cem softmax: =7, now 7 of 10\n"), done.stderr
    assert points() == "7"  # the change before it does not count
    kata(home, "adjust", "cem", "softmax", "+1.5", *why)
    assert points() == "8.5"
    kata(home, "report", "--no-similarity", "--out", "out")
    page = (home / "out" / "feedback" / "cem.md").read_text()
    assert "softmax: 8.5 of 10 points" in page
    assert "set by hand to 8.5" in page
    assert "could not be graded" not in page
    for system in FORMATS:
        assert kata(home, "export", system, "--to", system, "--out", "out").returncode == 0
    suite = ElementTree.parse(home / "junit" / "junit.xml").find("testsuite[@name='cem: softmax']")
    assert suite.find("properties/property[@name='points']").get("value") == "8.5"
    back = kata(home, "adjust", "cem", "softmax", "=graded", *why)
    assert "=graded, which counts when it can be graded" in back.stdout
    assert points() == ""
    entries = [
        line.split("UTC  ")[1] for line in kata(home, "log", "--out", "out").stdout.splitlines()
    ]
    assert [e.split(" ")[3] for e in entries if e.startswith("adjust cem")] == [
        "+2:", "=7:", "+1.5:", "=graded:",
    ]  # fmt: skip
    for words in ("=", "=-1", "=many", "=nan", "==3"):
        refused = kata(home, "adjust", "cem", "softmax", words, *why)
        assert refused.returncode == 2
        assert "=7 to set" in refused.stderr


def test_a_large_number_of_points_keeps_its_decimals():
    shown = [number(value) for value in (12345.67, 99999.995, 200.0, 0.12346, -0.00001)]
    assert shown == ["12345.67", "99999.995", "200", "0.1235", "0"]
