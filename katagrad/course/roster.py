"""The roster: a CSV of who takes the course, and which of them a name in a submission speaks of."""

from __future__ import annotations

import csv
import difflib
import io
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from katagrad.course.names import fold, is_name, plain
from katagrad.errors import BadOption

COLUMNS = ("id", "name", "email", "section", "github", "canvas", "moodle", "lti")
# Columns that other programs write for those above.
SPELLINGS = {"e-mail": "email", "mail": "email", "student_id": "id", "sid": "id"}


@dataclass(frozen=True)
class Person:
    """One line of the roster. github: the user name; canvas, moodle, lti: the number or id that the system gave."""

    id: str
    name: str = ""
    email: str = ""
    section: str = ""
    github: str = ""
    canvas: str = ""
    moodle: str = ""
    lti: str = ""

    @property
    def parts(self) -> tuple[str, str]:
        """(last name, first names), from "Lovelace, Ada" or "Ada Lovelace"."""
        last, comma, first = self.name.partition(",")
        if comma:
            return last.strip(), first.strip()
        first, _, last = self.name.strip().rpartition(" ")
        return last, first


class Ambiguous(Exception):
    """A name that fits more than one person; the message lists them."""


@dataclass
class Roster:
    """Everybody who takes the course, by id. Nobody is added after the first search."""

    people: dict[str, Person] = field(default_factory=dict)
    # By kind of word, the ids of those who have each word: a search does not go through everybody.
    indexes: dict[str, dict[str, list[str]]] = field(default_factory=dict, repr=False)

    def find(self, *clues: str, **systems: str) -> Person | None:
        """The one person whose id, e-mail or name is one of `clues`, or whose number in a system is given.

        systems: github="ada", canvas="12345". A system's number decides before a clue does, and an earlier clue
        before a later one. Raises Ambiguous where a clue fits several people equally, or one who has another number.
        """
        for system, given in systems.items():
            if given and (found := self._by(system, fold(given), given)):
                return found
        for clue in filter(None, clues):
            for kind, wanted in (("identity", fold(clue)), ("name", plain(clue))):
                if found := self._by(kind, wanted, clue):
                    return _not_another(found, clue, systems)
        return None

    def _by(self, kind: str, wanted: str, clue: str) -> Person | None:
        if kind not in self.indexes:
            index = self.indexes[kind] = dict[str, list[str]]()
            for person in self.people.values():
                for word in set(_words(kind, person)) - {""}:
                    index.setdefault(word, []).append(person.id)
        fits = self.indexes[kind].get(wanted, [])
        if len(fits) > 1:
            raise Ambiguous(f"{clue!r} fits {' and '.join(sorted(fits))} of the roster")
        return self.people[fits[0]] if fits else None

    def nearest(self, clue: str) -> str:
        """The name or id that is most like `clue`, for a message; "" where none is."""
        known = {word: person.id for person in self.people.values() for word in _names(person)}
        known |= {fold(person.id): person.id for person in self.people.values()}
        near = difflib.get_close_matches(plain(clue), known, n=1, cutoff=0.75)
        return known[near[0]] if near else ""


def _not_another(person: Person, clue: str, systems: Mapping[str, str]) -> Person:
    """The person, unless Canvas numbers somebody else: one of the same name, who has left the course.

    Moodle's numbers are those of an assignment's participants, which are others in the next assignment.
    """
    given = systems.get("canvas", "")
    if given and person.canvas and fold(given) != fold(person.canvas):
        raise Ambiguous(
            f"{clue!r} fits {person.id} of the roster, whose number in Canvas is {person.canvas}, not {given}"
        )
    return person


def _words(kind: str, person: Person) -> Iterable[str]:
    """The words of a kind that a person has: "identity", "name", or a column of the roster."""
    if kind == "identity":
        return _identities(person)
    return _names(person) if kind == "name" else [fold(getattr(person, kind))]


def _identities(person: Person) -> Iterator[str]:
    for word in (person.id, person.email, person.email.partition("@")[0], person.github):
        if word:
            yield fold(word)


def _names(person: Person) -> Iterator[str]:
    """The name in every order of its parts that a system writes: adalovelace, lovelaceada."""
    if person.name:
        last, first = person.parts
        yield plain(first + last)
        yield plain(last + first)


def read_roster(path: Path) -> Roster:
    """Read a roster. Raises BadOption in one line for a column, a cell or a file that is wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadOption(f"the roster {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise BadOption(f"the roster {path} is not UTF-8; save it as CSV in UTF-8") from None
    except ValueError as error:  # a null byte in its name
        raise BadOption(f"the roster {str(path)!r} cannot be read: {error}") from None
    first = text.split("\n", 1)[0]
    comma = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=comma, strict=True)
    lines, rows = [1], list[list[str]]()
    try:
        for row in reader:
            rows.append([_bare(cell) for cell in row])
            lines.append(reader.line_num + 1)
    except csv.Error as error:
        raise BadOption(f"{path}:{lines[-1]}: this is no CSV: {error}") from None
    rows = _without_empty_columns(rows)
    if not rows or not any(rows[0]):
        what = f"{path}:1: the first line" if any(map(any, rows)) else f"the roster {path}"
        raise BadOption(f"{what} is empty; it should name the columns: id,name")
    columns = list(_columns(path, rows[0]))
    found, ids = Roster(), set[str]()
    for number, row in zip(lines[1:], rows[1:], strict=False):
        if not any(row):
            continue
        if len(row) != len(columns):
            raise BadOption(
                f"{path}:{number}: {len(row)} cells, but the first line has {len(columns)}"
            )
        person = Person(**dict(zip(columns, row, strict=True)))
        _check(path, number, person, ids)
        ids.add(fold(person.id))
        found.people[person.id] = person
    if not ids:
        raise BadOption(f"the roster {path} names nobody; each line below the first is a student")
    return found


def _bare(cell: str) -> str:
    """A cell without spaces around it, and without marks that nobody sees, which a copied text may have there."""
    seen = [at for at, c in enumerate(cell) if not c.isspace() and unicodedata.category(c) != "Cf"]
    return cell[seen[0] : seen[-1] + 1] if seen else ""


def _without_empty_columns(rows: list[list[str]]) -> list[list[str]]:
    """Rows without the empty columns at their end that a spreadsheet writes."""
    width = max((at for row in rows for at, text in enumerate(row, 1) if text), default=0)
    return [row[:width] for row in rows]


def _columns(path: Path, header: Iterable[str]) -> Iterator[str]:
    seen = set()
    for cell in header:
        name = SPELLINGS.get(cell.lower(), cell.lower())
        if name not in COLUMNS:
            near = difflib.get_close_matches(name, COLUMNS, n=1, cutoff=0.5)
            guess = f"did you mean {near[0]}?" if near else f"there are {', '.join(COLUMNS)}"
            raise BadOption(f"{path}:1: there is no column {cell[:100]!r}; {guess}")
        if name in seen:
            raise BadOption(f"{path}:1: the column {name} occurs twice")
        seen.add(name)
        yield name
    if "id" not in seen:
        raise BadOption(f"{path}:1: the column id is missing; it names each student in the results")


def _check(path: Path, number: int, person: Person, ids: Collection[str]) -> None:
    if not person.id or not is_name(person.id) or "/" in person.id:
        raise BadOption(
            f"{path}:{number}: the id {person.id[:100]!r} cannot name a file; "
            "use letters, digits, space and . _ - @ + , '"
        )
    if fold(person.id) in ids:
        raise BadOption(f"{path}:{number}: the id {person.id!r} occurs twice")
    if person.email and not re.fullmatch(r"[^@\s]+@[^@\s]+", person.email):
        raise BadOption(f"{path}:{number}: {person.email[:100]!r} is no e-mail address")
