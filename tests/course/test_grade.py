"""A course's grading: a ledger that survives being killed, and the same scores whatever happened on the way."""

import csv
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import psutil
import pytest

from katagrad.course.grade import GradingRequest, run
from katagrad.course.ledger import Ledger
from katagrad.course.sample_class import generate
from katagrad.course.worker_pool import GraderPool, Job, Plan
from katagrad.errors import NOT_GRADED, NotGraded
from katagrad.grading.checks import Rules
from katagrad.grading.submission import Submission
from katagrad.topics import topics
from katagrad.worker.limits import Limits

pytestmark = pytest.mark.needs("torch")
SMALL = [topics()[name] for name in ("softmax", "cross_entropy")]
STUDENTS = 10


def scores(ledger):
    with sqlite3.connect(ledger) as connection:
        return list(
            connection.execute(
                "SELECT student, topic, points, maximum, status FROM records ORDER BY student, topic"
            )
        )


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """(submissions, results, summary) of an undisturbed run with two workers."""
    folder = tmp_path_factory.mktemp("course")
    generate(folder / "class", STUDENTS, SMALL, seed=3, frameworks=["torch"])
    order = GradingRequest(folder / "class", folder / "out", SMALL, "process", 2, seed=7)
    return folder / "class", folder / "out", run(order)


def grade(submissions, out, *options):
    base = [
        sys.executable,
        "-m",
        "katagrad",
        "course",
        "grade",
        str(submissions),
        "--out",
        str(out),
    ]
    return [
        *base,
        "--topics",
        "softmax,cross_entropy",
        "--isolation",
        "process",
        "--seed",
        "7",
        *options,
    ]


def test_results_say_what_each_student_reached(graded):
    submissions, out, summary = graded
    assert summary.graded == STUDENTS * 2
    rows = list(csv.DictReader((out / "grades.csv").open()))
    assert [row["student"] for row in rows] == sorted(path.name for path in submissions.iterdir())
    one = json.loads((out / "records" / "student0000.json").read_text())
    assert one["isolation"] == "process"
    assert float(rows[0]["points"]) == one["points"]
    assert len({row["points"] for row in rows}) > 2, "the generated class should not be all alike"
    ledger = Ledger(out / "ledger.sqlite")
    handed_in = (submissions / "student0000" / "softmax.py").read_bytes()
    assert ledger.texts()["softmax"]["student0000"] == handed_in
    ledger.close()


def test_run_again_grades_nothing_and_a_changed_file_alone(graded):
    submissions, out, _ = graded
    order = GradingRequest(submissions, out, SMALL, "process", 2, seed=7)
    before = scores(out / "ledger.sqlite")
    again = run(order)
    assert (again.graded, again.kept) == (0, STUDENTS * 2)
    path = submissions / "student0003" / "softmax.py"
    path.write_text(path.read_text() + "\n# changed\n")
    assert run(order).graded == 2  # both topics of that student: helpers are shared between files
    assert scores(out / "ledger.sqlite") == before


def test_another_seed_is_refused_rather_than_mixed(graded):
    submissions, out, _ = graded
    with pytest.raises(NotGraded, match="was begun with the seed 7, not 8"):
        run(GradingRequest(submissions, out, SMALL, "process", 1, seed=8))


def test_killed_at_random_moments_it_ends_with_the_same_scores(graded, tmp_path):
    submissions, out, _ = graded
    draw = random.Random(os.getpid())
    for _ in range(3):
        process = subprocess.Popen(
            grade(submissions, tmp_path / "out", "--workers", "2"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(draw.uniform(1.5, 6.0))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    done = subprocess.run(
        grade(submissions, tmp_path / "out"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert scores(tmp_path / "out" / "ledger.sqlite") == scores(out / "ledger.sqlite")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_nothing_of_it_goes_on_when_it_is_ended(tmp_path, how):
    """Its processes end, too, although they wait for a submission that never would."""
    endless = (
        "import time\n\ndef softmax(*given, **named):\n    import torch\n    time.sleep(1000)\n"
    )
    (tmp_path / "class" / "ada").mkdir(parents=True)
    (tmp_path / "class" / "ada" / "softmax.py").write_text(endless)
    process = subprocess.Popen(
        grade(tmp_path / "class", tmp_path / "out", "--workers", "2"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        end = time.monotonic() + 60
        own = psutil.Process(process.pid)
        # Two graders, the tracker of their resources, a server and the submission itself.
        while len(below := own.children(recursive=True)) < 5 and time.monotonic() < end:
            time.sleep(0.1)
        assert len(below) >= 5
        process.send_signal(how)
        process.wait(30)
        _, alive = psutil.wait_procs(below, timeout=10)
        assert alive == []
    finally:
        process.kill()
        process.wait()


def test_one_worker_and_two_give_identical_records(graded, tmp_path):
    submissions, out, _ = graded
    run(GradingRequest(submissions, tmp_path / "one", SMALL, "process", 1, seed=7))

    def scores_in(folder):
        text = (folder / "records" / "student0004.json").read_text()
        record = json.loads(text)
        for topic in record["topics"].values():
            for check in topic["checks"]:
                check.pop("seconds")
        return record

    assert scores_in(tmp_path / "one") == scores_in(out)


def test_strangers_code_is_not_graded_without_walls_unless_told(tmp_path):
    (tmp_path / "class").mkdir()
    command = [
        sys.executable,
        "-m",
        "katagrad",
        "course",
        "grade",
        str(tmp_path / "class"),
        "--out",
        str(tmp_path / "out"),
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": "/nonexistent"},
    )
    assert done.returncode == 2
    assert "bubblewrap" in done.stderr
    assert "--isolation process" in done.stderr
    assert "Traceback" not in done.stderr


def test_progress_says_how_much_is_left(graded, tmp_path):
    submissions, _, _ = graded
    done = subprocess.run(
        grade(submissions, tmp_path / "out"), capture_output=True, text=True, check=True
    )
    assert f"graded {STUDENTS * 2} of {STUDENTS * 2}" in done.stderr
    assert f"{STUDENTS} students; {STUDENTS * 2} topics graded" in done.stdout


def test_no_formula_reaches_a_spreadsheet(tmp_path):
    home = tmp_path / "class" / "@cmd"
    home.mkdir(parents=True)
    (home / "softmax.py").write_text(topics()["softmax"].stub.read_text())
    summary = run(GradingRequest(tmp_path / "class", tmp_path / "out", SMALL[:1], "process", 1))
    text = (tmp_path / "out" / "grades.csv").read_text()
    assert summary.problems
    assert "'@cmd," in text
    assert "\n@cmd" not in text


def test_a_grader_that_died_while_it_had_nothing_to_do_is_replaced(graded):
    submissions, _, _ = graded
    plan = Plan(Rules(7, 5.0, full_size=False), Limits(), "process")
    home = submissions / "student0001"
    files = {"softmax.py": (home / "softmax.py").read_bytes()}
    job = Job("ada", SMALL[0], Submission(home, None, files))
    with GraderPool(plan, 1) as pool:
        (idle,) = pool.processes.values()
        idle.kill()
        idle.join()
        ((done, record),) = pool.work([job])
        assert done is job
        assert {check.status for check in record.checks} != {NOT_GRADED}
