"""Whose each submission is: by the roster where there is one, else by the name under which it came."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from katagrad.course.deliveries import Delivery, Notes
from katagrad.course.layouts import Claim
from katagrad.course.names import NO_NAME, fold, is_name
from katagrad.course.roster import Ambiguous, Person, Roster
from katagrad.course.traces import topic_of
from katagrad.text import one_line
from katagrad.topics import topics


def match(
    everything: Sequence[Delivery], roster: Roster | None, found: Notes
) -> list[tuple[Delivery, Person]]:
    """(submission, student) of each that is somebody's; a problem of `found` for each other.

    Without a roster, names that differ only in capitals or Unicode form are one student's, and names that a system
    numbers differently are different students'.
    """
    matched: list[tuple[Delivery, Person]] = []
    first: dict[str, str] = {}
    numbers: dict[str, set[str]] = {}
    for one in everything:
        key = fold(one.claim.clues[0])
        numbers.setdefault(key, set()).update(_number(one.claim))
    assignments = _assignments(everything)
    for one in everything:
        claim = one.claim
        if roster is not None:
            person = _in_roster(one, roster, assignments, found)
            if person is not None:
                matched.append((one, person))
            continue
        name = claim.clues[0]
        several = len(numbers[fold(name)]) > 1
        student = f"{name}_{next(iter(_number(claim)), '')}" if several else name
        if not is_name(student):
            found.add_problem(one.shown, f"not graded: {NO_NAME}")
            found.unread.append(one_line(student, 120))
            continue
        student = first.setdefault(fold(student), student)
        matched.append((one, Person(student)))
    return matched


def whose(
    ignored: Iterable[tuple[str, Claim]], roster: Roster | None, students: Iterable[str]
) -> dict[str, list[tuple[str, Claim]]]:
    """By id, which of the entries that are not read somebody handed in.

    Without a roster, these are only people who handed in something else, too: `students`.
    """
    people: dict[str, list[tuple[str, Claim]]] = {}
    known = {fold(student): student for student in students}
    for shown, claim in ignored:
        student = known.get(fold(claim.clues[0]))
        if roster is not None:
            student = None
            with contextlib.suppress(Ambiguous):
                person = roster.find(*claim.clues, **claim.systems)
                student = person.id if person else None
        if student is not None:
            people.setdefault(student, []).append((shown, claim))
    return people


def _number(claim: Claim) -> set[str]:
    """The number that a system gave."""
    return set(claim.systems.values())


def _assignments(everything: Sequence[Delivery]) -> set[str]:
    """What may be an assignment's name at the beginning of repositories' names.

    Several begin with it, or it is a topic's. Otherwise hw1-anna-maria, of somebody who is not on the roster, would be
    maria's.
    """
    count = Counter(name for one in everything for name in _beginnings(one.claim))
    alone = sum(bool(one.claim.repository) for one in everything) == 1
    known = list(topics())
    return {name for name, n in count.items() if n > 1 or alone or topic_of(name, known)}


def _beginnings(claim: Claim) -> list[str]:
    """What stands before each end of a repository's name."""
    return [claim.clues[0][: -len(end) - 1] for end in claim.repository]


def _in_roster(
    one: Delivery, roster: Roster, assignments: Collection[str], found: Notes
) -> Person | None:
    claim = one.claim
    try:
        person = roster.find(*claim.clues, **claim.systems)
        ends = zip(claim.repository, _beginnings(claim), strict=True)
        for end, name in ends if person is None else ():
            person = person or (roster.find(github=end) if name in assignments else None)
    except Ambiguous as reason:
        found.add_problem(
            one.shown, f"not graded: {reason}; give the number or user name in the roster"
        )
        return None
    if person is None:
        near = roster.nearest(claim.clues[0])
        guess = f"; the nearest is {near}" if near else ""
        found.add_problem(
            one.shown,
            f"not graded: nobody of the roster is {one_line(claim.clues[0], 120)!r}{guess}",
        )
    return person
