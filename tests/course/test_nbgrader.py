"""nbgrader's own commands run what we write, and its gradebook holds what we graded."""

import csv
import datetime
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

pytest.importorskip("nbgrader")

from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.preprocessors import AssignLatePenalties

from katagrad.course.jupyter.autograde import LatePolicy
from katagrad.course.jupyter.folder import require_gradebook, write_course
from katagrad.course.jupyter.gradebook import write_gradebook
from katagrad.course.jupyter.source import notebook
from katagrad.course.ledger import Delivered, Ledger
from katagrad.course.scores import standings
from katagrad.course.settings import read_course
from katagrad.errors import FAILED, PASSED, BadOption
from katagrad.grading.checks import Outcome, manifest
from katagrad.grading.records import topic_result
from katagrad.topics import FRAMEWORKS, topics
from katagrad.worker.notebook import python_of

SOFTMAX = topics()["softmax"]
COURSE = """
roster = "roster.csv"
show = "messages"
[topics.softmax]
due = 2026-10-01T12:00:00Z
[late]
penalty = 0.1
"""
DUE = 1790856000.0


def tool(folder, *words):
    """Run a command of nbgrader, in its own process."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # it starts alembic by name
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *words],
        cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def kata(folder, *words):
    command = [sys.executable, "-m", "katagrad", "course", *map(str, words)]
    # As where the environment is not activated: none of its commands is on the path.
    bare = os.environ | {"PATH": os.pathsep.join(["/usr/bin", "/bin"])}
    return subprocess.run(
        command, cwd=folder, env=bare, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A course folder of nbgrader, with the assignment generated."""
    folder = tmp_path_factory.mktemp("nbgrader")
    (folder / "roster.csv").write_text('id,name,email\nada,"Lovelace, Ada",ada@example.org\n')
    (folder / "course.toml").write_text(COURSE)
    made = kata(folder, "nbgrader", "--framework", "torch", "--isolation", "process", "--out", "nb")
    assert made.returncode == 0, made.stderr
    done = tool(folder / "nb", "generate_assignment", "softmax")
    assert done.returncode == 0, done.stderr
    return folder / "nb"


def answers(home):
    source = nbformat.read(home / "source" / "softmax" / "softmax.ipynb", 4)
    return {c.metadata.nbgrader.grade_id: c.source for c in source.cells}


def hand_in(home, student, change, stamp="2026-10-01 11:00:00 UTC"):
    made = nbformat.read(home / "release" / "softmax" / "softmax.ipynb", 4)
    change(made)
    folder = home / "submitted" / student / "softmax"
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(made, folder / "softmax.ipynb")
    (folder / "timestamp.txt").write_text(stamp)


def released(home):
    return (home / "release" / "softmax" / "softmax.ipynb").read_text()


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("name", topics())
def test_every_topic_has_a_notebook(name, framework):
    made = notebook(topics()[name], framework)
    nbformat.validate(made)
    ids = [cell.metadata.nbgrader["grade_id"] for cell in made.cells]
    assert len(ids) == len(set(ids))
    for cell in made.cells:
        MetadataValidator().validate_cell(cell)
    assert sum(c.metadata.nbgrader.get("points", 0) for c in made.cells) == sum(
        check.points for check in manifest(topics()[name])
    )
    held = python_of(nbformat.writes(made).encode())[0]
    compile(held, f"{name}.py", "exec")


def test_release_holds_neither_solution_nor_hidden_check(home):
    text = released(home)
    assert "raise NotImplementedError" in text
    assert "YOUR CODE HERE" in text
    for line in SOFTMAX.solution("torch").read_text().splitlines():
        if len(line.strip()) > 25 and not line.startswith("def "):
            assert line.strip() not in text
    assert "points(" not in text
    assert "import points" not in text
    assert "softmax follows its definition along every axis" in text


@pytest.mark.needs("torch")
def test_validate_tells_a_student_what_is_left(home):
    (folder := home / "validated").mkdir()
    shutil.copy(home / "release" / "softmax" / "softmax.ipynb", folder)
    told = tool(folder, "validate", "softmax.ipynb").stdout
    assert "FAILED ON 3 CELL(S)" in told
    for name in ("softmax", "log_softmax", "softmax_jvp"):
        assert f"{name} is not written yet: " in told
    assert "softmax.py" not in told  # a notebook has no such file
    shutil.copy(home / "source" / "softmax" / "softmax.ipynb", folder)
    assert "Success!" in tool(folder, "validate", "softmax.ipynb").stdout


def test_the_exchange_carries_a_notebook_there_and_back(home):
    pwd = pytest.importorskip("pwd")
    if os.getuid() not in {one.pw_uid for one in pwd.getpwall()}:
        pytest.skip("nbgrader's exchange needs a user with a name")
    known = answers(home)
    (home.parent / "exchange").mkdir(mode=0o777)
    (home.parent / "exchange").chmod(0o777)  # nbgrader refuses one that others cannot write to
    exchange = [
        f"--Exchange.root={home.parent / 'exchange'}",
        f"--Exchange.cache={home.parent / 'cache'}",
    ]
    (student := home.parent / "laptop").mkdir()

    def exchanged(folder, command):
        done = tool(folder, command, "softmax", "--course", home.name, *exchange)
        assert done.returncode == 0, done.stderr[-3000:]

    exchanged(home, "release_assignment")
    exchanged(student, "fetch_assignment")
    fetched = student / "softmax" / "softmax.ipynb"
    assert fetched.read_text() == released(home)
    made = nbformat.read(fetched, 4)
    for cell in made.cells:
        if cell.metadata.nbgrader.solution:
            cell.source = known[cell.metadata.nbgrader.grade_id]
    nbformat.write(made, fetched)
    exchanged(student, "submit")
    exchanged(home, "collect")
    (collected,) = home.glob("submitted/*/softmax/softmax.ipynb")
    assert collected.read_bytes() == fetched.read_bytes()
    shutil.rmtree(collected.parents[1])


@pytest.mark.needs("torch")
def test_autograde_gives_partial_credit_by_our_worker(home):
    known = answers(home)

    def fill(made, only=""):
        for cell in made.cells:
            about = cell.metadata.nbgrader
            if about.solution and only in about.grade_id:
                cell.source = known[about.grade_id]

    def half(made):
        fill(made, "answer-softmax_jvp")
        made.cells = [c for c in made.cells if "multiplies_by_the_jacobian" not in c.source]

    def forge(made):
        made.cells.insert(0, nbformat.v4.new_code_cell(
            "import katagrad.student.cells as c\nc.points = lambda *a: 99.0\nimport os\nos._exit(0)"
        ))  # fmt: skip
        for cell in made.cells:
            if cell.metadata.get("nbgrader", {}).get("grade"):
                cell.source, cell.metadata.nbgrader.points = "99.0", 99

    hand_in(home, "ada", fill, "2026-10-03 11:00:00 UTC")
    hand_in(home, "bob", lambda made: None)
    hand_in(home, "cem", half)
    hand_in(home, "eve", forge)
    done = tool(home, "autograde", "softmax")
    assert done.returncode == 0, done.stderr[-3000:]
    assert tool(home, "export").returncode == 0
    with (home / "grades.csv").open() as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    most = sum(check.points for check in manifest(SOFTMAX))
    raw = {student: float(row["raw_score"]) for student, row in rows.items()}
    assert {float(row["max_score"]) for row in rows.values()} == {most}
    assert (raw["ada"], raw["bob"], raw["eve"]) == (most, 0, 0)
    assert 0 < raw["cem"] < most
    assert float(rows["ada"]["late_submission_penalty"]) == pytest.approx(0.2 * most)
    assert rows["ada"]["email"] == "ada@example.org"


@pytest.mark.needs("torch")
def test_feedback_shows_what_the_course_allows(home):
    if not (home / "autograded" / "bob").is_dir():
        hand_in(home, "bob", lambda made: None)
        assert tool(home, "autograde", "softmax").returncode == 0
    done = tool(home, "generate_feedback", "softmax", "--student", "bob")
    assert done.returncode == 0, done.stderr[-3000:]
    text = (home / "feedback" / "bob" / "softmax" / "softmax.html").read_text()
    assert "not started" in text


def test_what_is_there_is_left_alone(home):
    path = home / "source" / "softmax" / "softmax.ipynb"
    before = path.read_text()
    path.write_text(before + "\n\n")
    again = kata(
        home.parent, "nbgrader", "--framework", "torch", "--isolation", "process", "--out", "nb"
    )
    assert "left alone, because it differs: source/softmax/softmax.ipynb" in again.stdout
    assert path.read_text() == before + "\n\n"
    path.write_text(before)


# -- our grades in its gradebook --------------------------------------------------------------------


@pytest.fixture(scope="module")
def blank(tmp_path_factory):
    """A new gradebook; nbgrader takes seconds to make one."""
    path = tmp_path_factory.mktemp("blank") / "gradebook.db"
    with require_gradebook()(f"sqlite:///{path}"):
        return path


@pytest.fixture
def course(tmp_path, blank):
    shutil.copy(blank, tmp_path)
    (tmp_path / "roster.csv").write_text('id,name,email\nada,"Lovelace, Ada",ada@example.org\n')
    (tmp_path / "course.toml").write_text(COURSE)
    return read_course(tmp_path / "course.toml")


@pytest.fixture
def ledger(tmp_path):
    found = Ledger(tmp_path / "out" / "ledger.sqlite")
    yield found
    found.close()


def graded(ledger, failing=(), when=DUE):
    outcomes = {
        check.name: Outcome(FAILED, "f(x) is 0.1234, but should be 2.5")
        if check.name in failing
        else Outcome(PASSED)
        for check in manifest(SOFTMAX)
    }
    ledger.write("ada", "softmax", "key", topic_result(SOFTMAX, outcomes, "torch"))
    ledger.deliver("ada", "softmax", Delivered(when, "softmax.ipynb"))


def test_scores_comments_and_penalties_reach_the_gradebook(ledger, course, tmp_path):
    wrong = "test_softmax_normalizes_along_its_axis"
    graded(ledger, [wrong], DUE + 86400)
    assert write_gradebook(tmp_path, standings(ledger, course), course, "messages") == []
    with require_gradebook()(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        found = book.find_submission("softmax", "ada")
        most = sum(check.points for check in manifest(SOFTMAX))
        raw = most - next(c.points for c in manifest(SOFTMAX) if c.name == wrong)
        assert (found.score, found.max_score) == (raw, most)
        assert found.late_submission_penalty == pytest.approx(raw * 0.1)
        assert found.total_seconds_late == 86400
        assert not found.needs_manual_grade
        comment = book.find_comment("softmax-answer-softmax", "softmax", "softmax", "ada").comment
        assert "softmax follows its definition along every axis: failed" in comment
        assert "should be ..." in comment
        assert "0.1234" not in comment
        assert (found.student.first_name, found.student.last_name) == ("Ada", "Lovelace")


def test_grades_given_by_hand_stay(ledger, course, tmp_path):
    graded(ledger)
    write_gradebook(tmp_path / "gradebook.db", standings(ledger, course), course, "claims")
    name = "softmax-test_softmax_normalizes_along_its_axis"
    with require_gradebook()(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        grade = book.find_grade(name, "softmax", "softmax", "ada")
        grade.manual_score, grade.extra_credit = 0.5, 0.25
        comment = book.find_comment("softmax-answer-softmax", "softmax", "softmax", "ada")
        comment.manual_comment = "by hand"
        book.db.commit()
    graded(ledger, ["test_softmax_normalizes_along_its_axis"])
    write_gradebook(tmp_path / "gradebook.db", standings(ledger, course), course, "claims")
    with require_gradebook()(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        grade = book.find_grade(name, "softmax", "softmax", "ada")
        assert (grade.auto_score, grade.manual_score, grade.score) == (0, 0.5, 0.75)
        assert grade.needs_manual_grade, "its points changed since"
        comment = book.find_comment("softmax-answer-softmax", "softmax", "softmax", "ada")
        assert comment.comment == "by hand"


def test_what_is_not_known_is_not_a_zero_in_the_gradebook(ledger, course, tmp_path):
    graded(ledger)
    ledger.deliver("ada", "softmax", Delivered(problem="not graded: damaged"))
    left = write_gradebook(tmp_path, standings(ledger, course), course, "claims")
    assert left == ["ada: not graded: damaged"]
    with require_gradebook()(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        assert list(book.find_assignment("softmax").submissions) == []


def test_who_handed_in_what_cannot_be_read_is_named(ledger, course, tmp_path):
    graded(ledger)
    ledger.deliver("bob", "softmax", Delivered(problem="not graded: damaged"))
    left = write_gradebook(tmp_path, standings(ledger, course), course, "claims")
    assert left == ["bob: not graded: damaged"]


def test_a_change_by_hand_that_has_no_cell_there_is_named(ledger, course, tmp_path):
    graded(ledger)
    ledger.adjust("ada", "softmax", -2.5, "copied")
    left = write_gradebook(tmp_path, standings(ledger, course), course, "claims")
    assert left == ["ada: softmax: -2.5 by hand"]


def test_points_given_by_hand_there_are_late_too(ledger, course, tmp_path):
    graded(ledger, [check.name for check in manifest(SOFTMAX)], DUE + 86400)
    write_gradebook(tmp_path, standings(ledger, course), course, "claims")
    name = "softmax-test_softmax_normalizes_along_its_axis"
    with require_gradebook()(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        book.find_grade(name, "softmax", "softmax", "ada").manual_score = 2.0
        book.db.commit()
    write_gradebook(tmp_path, standings(ledger, course), course, "claims")
    with require_gradebook()(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        found = book.find_submission("softmax", "ada")
        assert (found.score, found.late_submission_penalty) == (2.0, pytest.approx(0.2))


def test_a_gradebook_that_is_not_there_is_not_made(tmp_path):
    (tmp_path / "gradebook.db").touch()
    (tmp_path / "class" / "ada").mkdir(parents=True)
    words = ["grade", "class", "--out", "out", "--isolation", "process", "--gradebook"]
    for name in ("gradbook.db", "nowhere/gradebook.db", "class"):
        done = kata(tmp_path, *words, name)
        assert done.returncode == 2
        assert f"--gradebook {name}: there is no gradebook" in done.stderr
        assert ("did you mean gradebook.db?" in done.stderr) is (name == "gradbook.db")
        assert len(done.stderr.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["class", "gradebook.db"]


# The clocks of Berlin are put back on 2026-10-25: the day after the due time has 25 hours.
@pytest.mark.parametrize(("zone", "days"), [("Europe/Berlin", 1), ("", 2)])
def test_autograde_counts_days_by_the_calendar_of_the_course(tmp_path, blank, zone, days):
    shutil.copy(blank, tmp_path)
    with require_gradebook()(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        due = datetime.datetime(2026, 10, 24, 21, 59)
        book.add_assignment("softmax", duedate=due)
        book.add_student("ada")
        late = due + datetime.timedelta(hours=24.5)
        handed = book.add_submission("softmax", "ada", timestamp=late)
        step = AssignLatePenalties()
        step.assignment_id, step.gradebook = "softmax", book
        policy = LatePolicy(parent=step, penalty=0.1, timezone=zone)
        lost = policy.late_submission_penalty("ada", 10.0, handed.total_seconds_late)
    assert lost == pytest.approx(days)


def test_the_settings_for_nbgrader_name_the_zone(tmp_path, blank):
    shutil.copy(blank, tmp_path)
    (tmp_path / "course.toml").write_text('timezone = "Europe/Berlin"\n[topics.softmax]\n')
    write_course([SOFTMAX], "torch", tmp_path, read_course(tmp_path / "course.toml"), "process")
    assert 'c.LatePolicy.timezone = "Europe/Berlin"' in (
        tmp_path / "nbgrader_config.py"
    ).read_text().replace("'", '"')


def test_a_file_that_is_no_gradebook_is_one_line(ledger, course, tmp_path):
    for name in ("gradebook.db", "notes.txt"):
        (tmp_path / name).write_text("no database " * 100)
    with pytest.raises(
        BadOption, match=r"notes\.txt cannot be used as a gradebook \(.*not a database"
    ):
        write_gradebook(tmp_path / "notes.txt", standings(ledger, course), course, "claims")
    with pytest.raises(BadOption, match=r"gradebook\.db cannot be used as a gradebook"):
        write_course([SOFTMAX], "torch", tmp_path, None, "process")
    assert (tmp_path / "notes.txt").read_text() == "no database " * 100


def test_a_notebook_of_another_encoding_is_left_alone(tmp_path):
    there = tmp_path / "source" / "softmax" / "softmax.ipynb"
    there.parent.mkdir(parents=True)
    there.write_bytes(b"\xff\xfe")
    (tmp_path / "gradebook.db").write_text("no database " * 100)
    # The gradebook comes after the files.
    with pytest.raises(BadOption, match="cannot be used as a gradebook"):
        write_course([SOFTMAX], "torch", tmp_path, None, "process")
    assert there.read_bytes() == b"\xff\xfe"


def test_an_assignment_of_another_kind_is_one_line(ledger, course, tmp_path):
    graded(ledger)
    with require_gradebook()(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        book.add_assignment("softmax")
        book.add_notebook("softmax", "softmax")
    with pytest.raises(BadOption, match="make it with kata course nbgrader"):
        write_gradebook(tmp_path, standings(ledger, course), course, "claims")
