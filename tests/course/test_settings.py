"""course.toml and the roster: what they say counts, and a typo is one line that names what was meant."""

import datetime
import json
import subprocess
import sys

import pytest

from katagrad.course import roster as module
from katagrad.course.office import shown
from katagrad.course.roster import Ambiguous, read_roster
from katagrad.course.settings import course_of, find_course, read_course
from katagrad.errors import BadOption

FULL = """
name = "Deep learning"
timezone = "Europe/Berlin"
roster = "roster.csv"
framework = "torch"
show = "messages"
hints = 1

[topics.softmax]
points = 20
weight = 2
due = 2026-10-01T23:59:00

[topics.cross_entropy]
due = 2026-10-08T23:59:00+02:00
framework = "any"

[late]
penalty = 0.1
days = 2
grace = 15
last_day = 5
attempts = "in time"

[letters]
A = 90
B = 75
"""
ROSTER = """\
id,name,email,section,github,canvas
ada,Ada Lovelace,ada@example.org,1,countess,222
alan,"Turing, Alan",alan@example.org,1,,
sofia,Sofia Kovalevskaya,,2,,
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "roster.csv").write_text(ROSTER)
    (tmp_path / "course.toml").write_text(FULL)
    return tmp_path / "course.toml"


def test_everything_that_a_course_says_is_read(file):
    course = read_course(file)
    assert (course.name, course.show, course.hints) == ("Deep learning", "messages", 1)
    assert list(course.topics) == ["softmax", "cross_entropy"], "teaching order"
    softmax = course.topics["softmax"]
    assert (softmax.points, softmax.weight) == (20.0, 2.0)
    assert softmax.due.utcoffset() == datetime.timedelta(hours=2)
    assert course.framework_of("softmax") == "torch"
    assert course.framework_of("cross_entropy") is None
    assert course.late.attempts == "in time"
    assert course.letters == {"A": 90.0, "B": 75.0}
    assert list(course.roster.people) == ["ada", "alan", "sofia"]


def test_late_days_are_days_begun_after_the_grace(file):
    course = read_course(file)
    due = course.topics["softmax"].due
    at = [0, 15 * 60, 15 * 60 + 1, 86400 + 15 * 60, 86400 + 15 * 60 + 1]
    found = [course.late.late_days(due, due.timestamp() + seconds) for seconds in at]
    assert found == [0, 0, 1, 1, 2]
    assert course.late.late_days(due, None) == 0
    assert course.late.kept(3) == pytest.approx(0.7)


@pytest.mark.parametrize("due", ["2026-10-24T23:59:00", "2026-10-24T23:59:00+02:00"])
def test_a_day_ends_at_the_hour_of_the_due_time_where_clocks_are_changed(tmp_path, due):
    text = f'timezone = "Europe/Berlin"\n[topics.softmax]\ndue = {due}\n'
    (tmp_path / "course.toml").write_text(text)
    course = read_course(tmp_path / "course.toml")
    # On 25 October 2026, a day of 25 hours, the clocks go back from summer time to UTC+1.
    moments = [
        "2026-10-24T21:59:00",
        "2026-10-24T21:59:01",
        "2026-10-25T22:59:00",
        "2026-10-25T22:59:01",
        "9999-12-31T23:59:59",
    ]
    at = [datetime.datetime.fromisoformat(f"{m}+00:00").timestamp() for m in moments]
    found = [course.late.late_days(course.topics["softmax"].due, when) for when in at]
    assert found[:4] == [0, 1, 1, 2]
    spring = course.topics["softmax"].due.replace(month=3, day=28)
    sunday = datetime.datetime.fromisoformat("2026-03-29T21:59:01+00:00").timestamp()
    assert course.late.late_days(spring, sunday) == 2, "a day of 23 hours"


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize(
    "due", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59", "0001-01-01T00:00:00Z"]
)
def test_a_due_time_at_the_end_of_all_times_is_read(tmp_path, zone, due):
    (tmp_path / "course.toml").write_text(f'timezone = "{zone}"\n[topics.softmax]\ndue = {due}\n')
    course = read_course(tmp_path / "course.toml")
    now = datetime.datetime(2026, 10, 1, tzinfo=datetime.timezone.utc).timestamp()
    late = course.late.late_days(course.topics["softmax"].due, now)
    assert (late > 0) == due.startswith("0001")


@pytest.mark.parametrize("offset", ["+02:00", "+01:00"])
def test_what_is_due_in_the_hour_that_the_clocks_show_twice_is_in_time_until_then(tmp_path, offset):
    due = f"2026-10-25T02:30:00{offset}"
    text = f'timezone = "Europe/Berlin"\n[topics.softmax]\ndue = {due}\n'
    (tmp_path / "course.toml").write_text(text)
    course = read_course(tmp_path / "course.toml")
    moment = datetime.datetime.fromisoformat(due).timestamp()
    at = [-3601, -1, 0, 1, 86400, 90001]
    found = [course.late.late_days(course.topics["softmax"].due, moment + s) for s in at]
    assert found == [0, 0, 0, 1, 1, 2]


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        ("framework = \"torch\"", "framwork = \"torch\"", "did you mean framework?"),
        ("framework = \"torch\"", "framework = \"pytorch\"", "did you mean torch?"),
        ("[topics.softmax]", "[topics.sofmax]", "did you mean softmax?"),
        ("[late]", "[lates]", "did you mean late?"),
        ("penalty = 0.1", "penalt = 0.1", "[late] there is no key 'penalt'; did you mean penalty?"),
        ("penalty = 0.1", "penalty = 10", "penalty is 10, but should be a number from 0 to 1"),
        ("points = 20", "points = true", "[topics.softmax] points is True"),
        ("points = 20", "points = nan", "points is nan, but should be a number"),
        ("points = 20", "point = 20", "did you mean points?"),
        ("days = 2", "days = -1", "days is -1, but should be a whole number"),
        ("days = 2", 'days = "2"', "days is '2', but should be a whole number"),
        ("in time", "intime", "did you mean in time?"),
        ("messages", "mesages", "did you mean messages?"),
        ("hints = 1", "hints = 4", "hints is 4, but should be a whole number from 0 to 3"),
        ('"roster.csv"', '"a\\u0000"', "cannot be read: embedded null"),
        ("Europe/Berlin", "Europe/Berln", "did you mean Europe/Berlin?"),
        ('timezone = "Europe/Berlin"', "", "due has no offset from UTC"),
        ("2026-10-01T23:59:00", "2026-10-01", "due is 2026-10-01, but should be a date with a time"),
        ("2026-10-01T23:59:00", '"tomorrow"', "should be a date with a time"),
        ("[late]", "[late", "is not valid TOML"),
        ('name = "Deep learning"', "topics.softmax = 3", "is not valid TOML"),
        ("roster.csv", "rooster.csv", "rooster.csv cannot be read"),
        ('name = "Deep learning"', "name = 3", "name is 3, but should be a string"),
        ("A = 90", "A = 101", "A is 101"),
        ("A = 90", f"A = {'[' * 3000}{']' * 3000}", "nested too deeply"),
    ],
)  # fmt: skip
def test_a_typo_is_one_line(file, right, wrong, words):
    assert right in FULL
    file.write_text(FULL.replace(right, wrong, 1))
    with pytest.raises(BadOption) as refused:
        read_course(file)
    assert words in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert str(file.parent) in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,nmae\n1,x\n", "roster.csv:1: there is no column 'nmae'; did you mean name?"),
        ("name,email\nx,y@z\n", "the column id is missing"),
        ("id,id\n1,2\n", "twice"),
        ("id,name\n1\n", "roster.csv:2: 1 cells, but the first line has 2"),
        ("id,name\nada,x\nAda,y\n", "roster.csv:3: the id 'Ada' occurs twice"),
        ("id\n../ada\n", "cannot name a file"),
        ("id,email\nada,nobody\n", "is no e-mail address"),
        ("", "is empty"),
        ("id,name\n,\n", "names nobody"),
        (b"id\n\xe9\n", "is not UTF-8"),
        ("\nid,name\nada,x\n", "roster.csv:1: the first line is empty; it should name the columns"),
        ('id,name\nada,"Ada\nLovelace"\nbob\n', "roster.csv:4: 1 cells, but the first line has 2"),
        ('id,name\nada,x\nbob,"B" ob\n', "roster.csv:3: this is no CSV: ',' expected after"),
        ('id,name\nada,x\nbob,"Bob\ncem,z\n', "roster.csv:3: this is no CSV: unexpected end"),
    ],
)
def test_a_fault_of_the_roster_is_one_line(tmp_path, text, words):
    path = tmp_path / "roster.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadOption) as refused:
        read_roster(path)
    assert words in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_empty_columns_of_a_spreadsheet_are_nothing(tmp_path):
    (tmp_path / "roster.csv").write_text("id;name;;\nada;Ada Lovelace;;\n;;;\n")
    assert list(read_roster(tmp_path / "roster.csv").people) == ["ada"]


def test_marks_that_nobody_sees_are_not_part_of_a_cell(tmp_path):
    text = "id,name,email\n\u200e007\u200f,\u200fדנה\u200c כהן\u200f,\ufeffd@x.org \u200b\n"
    (tmp_path / "roster.csv").write_text(text, encoding="utf-8")
    (found,) = read_roster(tmp_path / "roster.csv").people.values()
    assert (found.id, found.name, found.email) == ("007", "דנה\u200c כהן", "d@x.org")


def test_people_are_found_by_what_systems_write(file):
    roster = read_course(file).roster
    for clue in (
        "ada",
        "Ada Lovelace",
        "lovelaceada",
        "Lovelace, Ada",
        "ADA@example.org",
        "countess",
    ):
        assert roster.find(clue).id == "ada", clue
    assert roster.find("turingalan").id == roster.find("Alan Turing").id == "alan"
    assert roster.find("nobody of that name", canvas="222").id == "ada"
    assert roster.find("lovelace") is None
    assert roster.nearest("ada lovelaec") == "ada"


def test_a_large_roster_is_folded_once(tmp_path, monkeypatch):
    """A search through everybody for each entry took minutes in a course of thousands."""
    many = "".join(f"s{i},First{i} Last{i},u{i}@x.org,{i}\n" for i in range(300))
    (tmp_path / "roster.csv").write_text("id,name,email,canvas\n" + many)
    calls = []
    plain = module.fold
    monkeypatch.setattr(module, "fold", lambda name: calls.append(name) or plain(name))
    roster = read_roster(tmp_path / "roster.csv")
    for i in range(300):
        assert roster.find(f"last{i}first{i}", github="none").id == f"s{i}"
        assert roster.find("", canvas=str(i)).id == f"s{i}"
    assert len(calls) < 20 * 300


def test_two_people_of_one_name_are_not_told_apart(tmp_path):
    (tmp_path / "roster.csv").write_text("id;name\n1;Ada Li\n2;Ada Li\n")
    with pytest.raises(Ambiguous, match="fits 1 and 2"):
        read_roster(tmp_path / "roster.csv").find("Ada Li")


@pytest.mark.parametrize("command", [["grade", "x", "--out", "y"], ["intake", "x", "--dry-run"]])
def test_every_command_reads_the_course_of_its_folder(file, command):
    (file.parent / "x").mkdir()
    file.write_text(FULL.replace("penalty", "penalti"))
    done = subprocess.run(
        [sys.executable, "-m", "katagrad", "course", *command],
        cwd=file.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert (
        done.stderr
        == "kata: course.toml: [late] there is no key 'penalti'; did you mean penalty?\n"
    )


@pytest.fixture
def graded(tmp_path):
    """Results of a course, and a folder without one."""
    for name in ("here", "other", "nowhere", "out"):
        (tmp_path / name).mkdir()
    for name in ("here", "other"):
        (tmp_path / name / "course.toml").write_text(f'name = "{name}"\n[topics.softmax]\n')
    said = {"show": "score", "course": str(tmp_path / "here" / "course.toml")}
    (tmp_path / "out" / "run.json").write_text(json.dumps(said))
    return tmp_path


def test_results_keep_their_course_in_another_folder(graded, monkeypatch):
    """Without it, exports would lose the points of the course, its due dates and its roster, and nobody would see."""
    for name in ("here", "nowhere"):
        monkeypatch.chdir(graded / name)
        assert course_of(None, graded / "out").name == "here"
    assert course_of(graded / "other", graded / "out").name == "other"
    assert course_of(None, graded / "new") is None
    monkeypatch.chdir(graded / "other")
    with pytest.raises(BadOption, match=r"but there is another course\.toml here; name one"):
        course_of(None, graded / "out")
    (graded / "here" / "course.toml").unlink()
    assert course_of(None, graded / "out").name == "other"
    monkeypatch.chdir(graded / "nowhere")
    with pytest.raises(BadOption, match="which is not there any more; name the course"):
        course_of(None, graded / "out")
    (graded / "out" / "run.json").write_text('{"course": null}')
    assert course_of(None, graded / "out") is None


@pytest.mark.parametrize("broken", ["", "[]", "{", '{"course": 3}', "\0", "[" * 100_000])
def test_a_damaged_record_of_the_options_is_named(graded, monkeypatch, broken):
    """Whoever took it for none would export the points of the checks, and show what the course hides."""
    monkeypatch.chdir(graded / "here")
    (graded / "out" / "run.json").write_text(broken)
    for read in (lambda: course_of(None, graded / "out"), lambda: shown(graded / "out", None)):
        with pytest.raises(BadOption, match=r"run\.json, .* cannot be read \(.*\); delete it, and"):
            read()
    assert course_of(graded / "other", graded / "out").name == "other"
    (graded / "out" / "run.json").unlink()
    assert course_of(None, graded / "out").name == "here"


def test_no_course_is_no_fault_and_a_named_one_must_exist(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_course(None) is None
    with pytest.raises(BadOption, match=r"course\.toml cannot be read"):
        find_course(tmp_path)
