"""The ledger: a file that is damaged, old, full or in use is one line, and nothing that was written is lost."""

import shutil
import sqlite3
import subprocess
import sys

import pytest

from katagrad.course.ledger import Delivered, Ledger
from katagrad.errors import PASSED, BadOption
from katagrad.grading.checks import Outcome, manifest
from katagrad.grading.records import topic_result
from katagrad.topics import topics

SOFTMAX = topics()["softmax"]
RESULT = topic_result(
    SOFTMAX, {c.name: Outcome(PASSED, "x" * 500) for c in manifest(SOFTMAX)}, "torch"
)


@pytest.fixture
def out(tmp_path):
    ledger = Ledger(tmp_path / "out" / "ledger.sqlite")
    for student in ("ada", "bob"):
        ledger.write(student, "softmax", "key", RESULT)
        ledger.deliver(student, "softmax", Delivered())
    ledger.adjust("ada", "softmax", 1.0, "because")
    ledger.close()
    return tmp_path / "out"


def change(out, *statements):
    with sqlite3.connect(out / "ledger.sqlite") as made:
        for statement in statements:
            made.execute(statement)
    made.close()


def refused(out, *words):
    """The one line of a command that cannot read or write the ledger."""
    command = [sys.executable, "-m", "katagrad", "course", *map(str, words), "--out", str(out)]
    done = subprocess.run(command, cwd=out.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    return done.stderr


def test_a_record_of_another_version_is_named_and_can_be_forgotten(out):
    change(out, "UPDATE records SET record = '{}' WHERE student = 'bob'")
    line = refused(out, "report")
    assert "the record of bob's softmax cannot be read" in line
    assert "kata course forget" in line
    ledger = Ledger(out / "ledger.sqlite")
    assert ledger.forget("bob") == 1
    assert [student for student, _, _ in ledger.records()] == ["ada"]
    assert list(ledger.deliveries()) == ["ada"]
    ledger.close()


def test_a_table_of_another_version_is_named(out):
    change(out, "DROP TABLE deliveries", "CREATE TABLE deliveries (student TEXT, topic TEXT)")
    assert "its table deliveries is of another version" in refused(out, "log")


def test_a_damaged_file_is_named(out):
    path = out / "ledger.sqlite"
    content = path.read_bytes()
    path.write_bytes(content[:4096] + bytes(255 - b for b in content[4096:]))
    with pytest.raises(BadOption, match=r"ledger\.sqlite cannot be used \(.*malformed|damaged"):
        list(Ledger(path).records())
    assert "put a copy of it back" in refused(out, "log")


def write_many(ledger):
    for i in range(100):
        ledger.write(f"s{i}", "softmax", "key", RESULT)


def test_a_full_disk_costs_no_record(out):
    ledger = Ledger(out / "ledger.sqlite")
    (pages,) = ledger.connection.execute("PRAGMA page_count").fetchone()
    ledger.connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(BadOption, match=r"is full.*; records that are there stay; make room"):
        write_many(ledger)
    there = ledger.students()
    ledger.close()
    again = Ledger(out / "ledger.sqlite")
    assert again.students() == there
    assert {"ada", "bob"} <= set(there)
    again.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of the size of files")
def test_a_disk_that_is_full_when_a_change_is_committed_is_one_line(out):
    import resource

    other = sqlite3.connect(out / "ledger.sqlite", isolation_level=None)
    for _ in range(16):  # 32 KiB are what SQLite needs beside the log that it writes ahead
        other.execute("INSERT INTO log VALUES (0, 'before')")
    limit = (1 << 15, 1 << 15)
    command = ["adjust", "ada", "softmax", "+1", "--why", "again", "--out", str(out)]
    done = subprocess.run(
        [sys.executable, "-m", "katagrad", "course", *command],
        cwd=out.parent, capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines() == [done.stderr.rstrip()]
    assert "records that are there stay; make room" in done.stderr
    other.close()
    ledger = Ledger(out / "ledger.sqlite")
    assert [change.why for change in ledger.adjustments()] == ["because"]
    ledger.close()


@pytest.mark.parametrize(
    ("said", "todo"),
    [
        ("disk I/O error", "make room, or make it writable"),
        ("attempt to write a readonly database", "make room, or make it writable"),
        ("database is locked", "wait for that to end"),
        ("file is not a database", "name another folder with --out"),
        ("unable to open database file", "make .* writable, or copy it"),
    ],
)
def test_a_ledger_that_cannot_be_opened_says_what_to_do(tmp_path, monkeypatch, said, todo):
    def refuse(*args, **more):
        raise sqlite3.OperationalError(said)

    (tmp_path / "ledger.sqlite").touch()
    monkeypatch.setattr(sqlite3, "connect", refuse)
    with pytest.raises(BadOption, match=todo):
        Ledger(tmp_path / "ledger.sqlite")


def test_a_change_whose_table_cannot_be_written_is_not_to_be_repeated(out):
    (out / "grades.csv").mkdir()
    line = refused(out, "adjust", "ada", "softmax", "+1", "--why", "again")
    assert "the change is made and logged" in line
    assert "do not repeat the change" in line
    ledger = Ledger(out / "ledger.sqlite")
    assert [change.why for change in ledger.adjustments()] == ["because", "again"]
    ledger.close()


def test_a_ledger_that_another_command_writes_to_is_named(out):
    other = sqlite3.connect(out / "ledger.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ledger = Ledger(out / "ledger.sqlite")
    ledger.connection.execute("PRAGMA busy_timeout = 1")
    with pytest.raises(BadOption, match=r"locked.*; another command writes to it; wait"):
        ledger.adjust("ada", "softmax", 1.0, "because")
    other.execute("ROLLBACK")
    other.close()
    ledger.adjust("ada", "softmax", 1.0, "because")
    assert len(ledger.adjustments()) == 2
    ledger.close()


def test_an_empty_folder_of_results_is_named(out):
    shutil.rmtree(out)
    out.mkdir()
    assert "there is no ledger in" in refused(out, "log")
