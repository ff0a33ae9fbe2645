"""The ledger: one SQLite file that holds every record, each written in one transaction."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from katagrad.grading.records import TopicResult

SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS records (
    student TEXT NOT NULL,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,      -- hash of all that decides the score: see `key`
    points REAL NOT NULL,
    maximum REAL NOT NULL,
    status TEXT NOT NULL,
    record TEXT NOT NULL,   -- JSON, of a katagrad.grading.records.TopicResult
    graded REAL NOT NULL,   -- seconds since 1970
    PRIMARY KEY (student, topic)
);
"""


def key(submission: str, graders: str, seed: int, versions: dict[str, str], rules: str) -> str:
    """A hash of all that decides a score, so that a record is good for as long as it stays the same."""
    told = json.dumps([submission, graders, seed, versions, rules], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


class Ledger:
    """Records by student and topic. A crash at any moment leaves all that was committed, and nothing half."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=30)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute(
            "PRAGMA synchronous=NORMAL"
        )  # kill -9 loses nothing; a power cut may lose the last records
        self.connection.executescript(SCHEMA)

    def about(self, name: str, default: str) -> str:
        """A fact about this grading, written down the first time it is asked for."""
        self.connection.execute("INSERT OR IGNORE INTO about VALUES (?, ?)", (name, default))
        return str(
            self.connection.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()[0]
        )

    def key_of(self, student: str, topic: str) -> str | None:
        """The key under which a record stands, or None."""
        found = self.connection.execute(
            "SELECT key FROM records WHERE student = ? AND topic = ?", (student, topic)
        ).fetchone()
        return str(found[0]) if found else None

    def write(self, student: str, topic: str, key: str, result: TopicResult) -> None:
        """Put a record in the place of an older one, in one transaction."""
        row = (
            student,
            topic,
            key,
            result.points,
            result.maximum,
            result.status,
            json.dumps(result.to_json(), ensure_ascii=False),
            time.time(),
        )
        self.connection.execute(
            "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row
        )

    def keep_only(self, wanted: set[tuple[str, str]]) -> None:
        """Forget the records of students and topics that are not graded any more."""
        gone = [
            pair
            for pair in self.connection.execute("SELECT student, topic FROM records")
            if pair not in wanted
        ]
        with self.connection:
            self.connection.executemany("DELETE FROM records WHERE student = ? AND topic = ?", gone)

    def records(self, student: str | None = None) -> Iterator[tuple[str, str, TopicResult]]:
        """(student, topic, result), in order of students."""
        chosen = (
            ("SELECT student, topic, record FROM records", ())
            if student is None
            else ("SELECT student, topic, record FROM records WHERE student = ?", (student,))
        )
        for name, topic, record in self.connection.execute(
            f"{chosen[0]} ORDER BY student, rowid", chosen[1]
        ):
            yield name, topic, TopicResult.from_json(json.loads(record))

    def close(self) -> None:
        """Close the file."""
        self.connection.close()
