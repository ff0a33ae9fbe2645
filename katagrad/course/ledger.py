"""The ledger: one SQLite file that holds every record, each written in one transaction."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from katagrad.course.tables import SCHEMA, columns, columns_of
from katagrad.errors import BadOption
from katagrad.grading.records import TopicResult
from katagrad.grading.table import number, signed


@dataclass(frozen=True)
class Delivered:
    """What came of a topic's intake. handed_in: seconds since 1970, None: not known. problem: why it is not graded."""

    handed_in: float | None = None
    source: str = ""
    problem: str = ""


# Kinds of changes by hand: points are added; they are the score; what was graded is the score again.
KINDS = ADDED, SET, GRADED = "added", "set", "graded"


@dataclass(frozen=True)
class Adjustment:
    """A change by hand. points: see `kind`. made: seconds since 1970. kind: one of KINDS."""

    student: str
    topic: str
    points: float
    why: str
    made: float
    kind: str = ADDED


def by_hand(points: float, kind: str) -> str:
    """A change by hand, as it is written on the command line."""
    return {ADDED: signed(points), SET: f"={number(points)}", GRADED: "=graded"}[kind]


def change_by_hand(points: str) -> tuple[str, float]:
    """The kind of a change that is written as on the command line, and its points. Raises BadOption."""
    if points == "=graded":
        return GRADED, 0.0
    kind = SET if points.startswith("=") else ADDED
    try:
        change = float(points.removeprefix("="))
    except ValueError:
        change = float("nan")
    good = 0 <= change < 1e6 if kind == SET else abs(change) < 1e6 and float(number(change))
    if not good:
        raise BadOption(
            f"{points!r} is no number of points; "
            "write +2 or -1.5 to add, =7 to set, or =graded to take back what was set"
        )
    return kind, change


def key(submission: str, graders: str, seed: int, versions: dict[str, str], rules: str) -> str:
    """A hash of all that decides a score, so that a record stays valid as long as the hash stays the same."""
    text = json.dumps([submission, graders, seed, versions, rules], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _remedy(said: str) -> str:
    """What to do about an error of SQLite that is not the file's fault; "" for any other."""
    if "full" in said or "readonly" in said or "disk I/O" in said:
        return "records that are there stay; make room, or make it writable, and run the same command again"
    if "locked" in said:
        return "another command writes to it; wait for that to end"
    return ""


class Ledger:
    """Records by student and topic. A crash at any moment leaves everything that was committed, and no partial record.

    Only `forget` deletes. Every method raises BadOption, in one line, for a file that is no ledger, or that cannot be
    read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(path, isolation_level=None, timeout=30)
            self.connection.execute("PRAGMA journal_mode=WAL")
            # kill -9 loses nothing; a power cut may lose the last records
            self.connection.execute("PRAGMA synchronous=NORMAL")
            self.connection.executescript(SCHEMA)
            other = next(
                (t for t, own in columns().items() if own != columns_of(self.connection, t)), ""
            )
        except (sqlite3.Error, OSError) as error:
            todo = _remedy(str(error)) or "name another folder with --out"
            if "unable to open" in str(error) and path.is_file():
                # SQLite writes beside the file even to read it.
                todo = f"make {path.parent} writable, or copy it to where it is"
            raise BadOption(f"{path} cannot be used as a ledger ({error}); {todo}") from None
        if other:
            raise BadOption(
                f"{path} cannot be used as a ledger: its table {other} is of another version of katagrad; "
                "name another folder with --out"
            )

    def _do(self, sql: str, values: Sequence[Any] = ()) -> None:
        try:
            self.connection.execute(sql, values)
        except sqlite3.Error as error:
            raise BadOption(self._fault(error)) from None

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        try:
            yield from self.connection.execute(sql, values)
        except sqlite3.Error as error:
            raise BadOption(self._fault(error)) from None

    def _fault(self, error: sqlite3.Error) -> str:
        todo = _remedy(str(error)) or "put a copy of it back, or name another folder with --out"
        return f"the ledger {self.path} cannot be used ({error}); {todo}"

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """All that is written in it, or nothing. The disk may be full only when it ends."""
        self._do("BEGIN")
        try:
            yield
            self._do("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                with contextlib.suppress(BadOption):  # what is wrong is said already
                    self._do("ROLLBACK")
            raise

    def about(self, name: str, default: str) -> str:
        """A fact about this grading, stored on first use."""
        self._do("INSERT OR IGNORE INTO about VALUES (?, ?)", (name, default))
        (found,) = self._rows("SELECT value FROM about WHERE name = ?", (name,))
        return str(found[0])

    def key_of(self, student: str, topic: str) -> str | None:
        """The key of a record, or None."""
        wanted = "SELECT key FROM records WHERE student = ? AND topic = ?"
        return next((str(found) for (found,) in self._rows(wanted, (student, topic))), None)

    def points_of(self, student: str, topic: str) -> float | None:
        """The points of a record; None where there is none, or it has no key: its points are not known."""
        wanted = "SELECT points FROM records WHERE student = ? AND topic = ? AND key <> ''"
        return next((float(found) for (found,) in self._rows(wanted, (student, topic))), None)

    def write(
        self,
        student: str,
        topic: str,
        key: str,
        result: TopicResult,
        came: Delivered | None = None,
        entry: str = "",
    ) -> None:
        """Replace an older record. came, entry: what is known of its intake, and a line of the log.

        All of it is one transaction.
        """
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
        with self._transaction():
            self._do("INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            if came is not None:
                self.deliver(student, topic, came)
            if entry:
                self.note(entry)

    def forget(self, student: str, topics: Sequence[str] | None = None) -> int:
        """Delete what is known of a student, or of some of the student's topics; returns the number of these topics.

        Changes by hand stay.
        """
        there = [name for who, name in self._known() if who == student]
        gone = [name for name in there if topics is None or name in topics]
        with self._transaction():
            for table in ("records", "deliveries", "texts"):
                for name in gone:
                    self._do(
                        f"DELETE FROM {table} WHERE student = ? AND topic = ?", (student, name)
                    )
            if gone:
                self.note(f"forget {student}: {', '.join(gone)}")
        return len(gone)

    def students(self) -> list[str]:
        """Names of those who have a record, or who handed in something that cannot be graded."""
        return sorted({student for student, _ in self._known()})

    def _known(self) -> list[tuple[str, str]]:
        """(student, topic) of all records and deliveries, in order."""
        rows = self._rows(
            "SELECT student, topic FROM records UNION SELECT student, topic FROM deliveries"
        )
        return [(str(student), str(topic)) for student, topic in rows]

    def deliver(self, student: str, topic: str, found: Delivered) -> None:
        """Replace what is known of a topic's intake."""
        row = (student, topic, found.handed_in, found.source, found.problem)
        self._do("INSERT OR REPLACE INTO deliveries VALUES (?, ?, ?, ?, ?)", row)

    def deliveries(self) -> dict[str, dict[str, Delivered]]:
        """What is known of the intake, by student and topic."""
        found: dict[str, dict[str, Delivered]] = {}
        for student, topic, *rest in self._rows("SELECT * FROM deliveries"):
            found.setdefault(student, {})[topic] = Delivered(*rest)
        return found

    def keep_text(self, student: str, topic: str, text: bytes) -> None:
        """Replace the file that a student handed in for a topic."""
        row = (student, topic, zlib.compress(text))
        self._do("INSERT OR REPLACE INTO texts VALUES (?, ?, ?)", row)

    def text_of(self, student: str, topic: str) -> bytes | None:
        """The file that a student handed in for a topic, or None."""
        wanted = "SELECT text FROM texts WHERE student = ? AND topic = ?"
        return next((zlib.decompress(t) for (t,) in self._rows(wanted, (student, topic))), None)

    def texts(self) -> dict[str, dict[str, bytes]]:
        """What was handed in, by topic and student."""
        found: dict[str, dict[str, bytes]] = {}
        for student, topic, text in self._rows("SELECT * FROM texts"):
            found.setdefault(topic, {})[student] = zlib.decompress(text)
        return found

    def adjust(self, student: str, topic: str, points: float, why: str, kind: str = ADDED) -> None:
        """Change a student's points of a topic by hand, and log it, in one transaction. kind: one of KINDS."""
        with self._transaction():
            row = (student, topic, points, why, time.time())
            self._do("INSERT INTO adjustments VALUES (?, ?, ?, ?, ?)", row)
            if kind != ADDED:
                self._do("INSERT INTO kinds VALUES (last_insert_rowid(), ?)", (kind,))
            self.note(f"adjust {student} {topic} {by_hand(points, kind)}: {why}")

    def adjustments(self) -> list[Adjustment]:
        """All changes by hand, the first made first."""
        kinds = "LEFT JOIN kinds ON adjustment = adjustments.rowid ORDER BY adjustments.rowid"
        rows = self._rows(
            f"SELECT adjustments.*, COALESCE(kind, '{ADDED}') FROM adjustments {kinds}"
        )
        return [Adjustment(*row) for row in rows]

    def note(self, entry: str) -> None:
        """Add an entry to the log."""
        self._do("INSERT INTO log VALUES (?, ?)", (time.time(), entry))

    def log(self) -> list[tuple[float, str]]:
        """(seconds since 1970, entry), the first first."""
        return list(self._rows("SELECT moment, entry FROM log ORDER BY rowid"))

    def records(self, student: str | None = None) -> Iterator[tuple[str, str, TopicResult]]:
        """(student, topic, result), in order of students."""
        chosen = (
            ("SELECT student, topic, record FROM records", ())
            if student is None
            else ("SELECT student, topic, record FROM records WHERE student = ?", (student,))
        )
        for name, topic, record in self._rows(f"{chosen[0]} ORDER BY student, rowid", chosen[1]):
            try:
                result = TopicResult.from_json(json.loads(record))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise BadOption(
                    f"{self.path}: the record of {name}'s {topic} cannot be read ({type(error).__name__}: {error}), as "
                    "if another version of katagrad had written it; delete it with kata course forget, and grade again"
                ) from None
            yield name, topic, result

    def close(self) -> None:
        """Close the file."""
        self.connection.close()
