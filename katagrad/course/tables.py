"""The tables of the ledger."""

from __future__ import annotations

import sqlite3
from functools import cache

SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS records (
    student TEXT NOT NULL,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,      -- hash of all that decides the score: see `key`; empty: to be graded again
    points REAL NOT NULL,
    maximum REAL NOT NULL,
    status TEXT NOT NULL,
    record TEXT NOT NULL,   -- JSON, of a katagrad.grading.records.TopicResult
    graded REAL NOT NULL,   -- seconds since 1970
    PRIMARY KEY (student, topic)
);
CREATE TABLE IF NOT EXISTS deliveries (
    student TEXT NOT NULL,
    topic TEXT NOT NULL,
    handed_in REAL,         -- seconds since 1970; NULL: not known
    source TEXT NOT NULL,   -- the file or folder that counts
    problem TEXT NOT NULL,  -- why it cannot be graded; empty: it can
    PRIMARY KEY (student, topic)
);
CREATE TABLE IF NOT EXISTS texts (
    student TEXT NOT NULL,
    topic TEXT NOT NULL,
    text BLOB NOT NULL,     -- TOPIC.py as it was handed in, compressed with zlib
    PRIMARY KEY (student, topic)
);
CREATE TABLE IF NOT EXISTS adjustments (
    student TEXT NOT NULL,
    topic TEXT NOT NULL,
    points REAL NOT NULL,
    why TEXT NOT NULL,
    made REAL NOT NULL
);
-- Of changes that do not add, since ledgers of earlier versions have no column for it.
CREATE TABLE IF NOT EXISTS kinds (
    adjustment INTEGER PRIMARY KEY, -- rowid
    kind TEXT NOT NULL              -- see katagrad.course.ledger.KINDS
);
CREATE TABLE IF NOT EXISTS log (moment REAL NOT NULL, entry TEXT NOT NULL);
"""


@cache
def columns() -> dict[str, list[str]]:
    """The columns of each table."""
    with sqlite3.connect(":memory:") as made:
        made.executescript(SCHEMA)
        names = [
            str(name)
            for (name,) in made.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {name: columns_of(made, name) for name in names}


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    """The columns of a table that is there."""
    return [str(row[1]) for row in connection.execute(f"PRAGMA table_info({table})")]
