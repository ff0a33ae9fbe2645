"""Note in the ledger what came from whom, and tell the work of an earlier grading that counts on."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from katagrad.course.intake import Intake, Taken
from katagrad.course.ledger import Delivered, Ledger
from katagrad.course.locate import is_stub
from katagrad.course.scores import PENDING
from katagrad.topics import Topic

# Between the entries of a student of which something cannot be graded.
BETWEEN = "\n"


def kept(ledger: Ledger, intake: Intake, topics: Sequence[Topic]) -> set[tuple[str, str]]:
    """(student, topic) of the work of earlier gradings that counts on: the folder that is graded now does not have it.

    It may be the download of another assignment, which says nothing of this one. An untouched stub is no work. What
    could not be graded is no zero either, unless the same entry is there, without it, and nothing else of earlier
    gradings is missing: then it is the same download, and the entry was mended.
    """
    names = [topic.name for topic in topics]
    missing = {
        (student, name): came
        for student, own in ledger.deliveries().items()
        for name, came in own.items()
        if name in names
        and (came.source or _lost(came))
        and not _there(ledger, intake, student, name)
    }
    other = not all(_lost(came) for came in missing.values())
    return {
        (student, name)
        for (student, name), came in missing.items()
        if other
        or not _lost(came)
        or ledger.text_of(student, name)
        or not {*came.source.split(BETWEEN)} & {*intake.sources.get(student, ())}
    }


def _lost(came: Delivered) -> bool:
    """Whether it could not be graded, and not only waits for the next run."""
    return bool(came.problem) and PENDING not in came.problem


def _there(ledger: Ledger, intake: Intake, student: str, topic: str) -> bool:
    """Whether the folder has work at a topic, be it such that cannot be graded."""
    taken = intake.work.get(student, {}).get(topic)
    if taken is None or not taken.source:
        return topic in intake.unfound.get(student, {}) or student in intake.unread
    if not is_stub(topic, _text(taken, topic)):
        return True
    before = ledger.text_of(student, topic)
    return before is not None and is_stub(topic, before)


def _text(taken: Taken, topic: str) -> bytes:
    return taken.submission.files.get(f"{topic}.py", b"")


def reported(intake: Intake, topics: Sequence[Topic]) -> set[tuple[str, str]]:
    """(student, topic) of what the folder has that cannot be graded, which the intake's own problems name."""
    names = [topic.name for topic in topics]
    found = {(student, name) for student in intake.unread for name in names}
    return found | {(student, name) for student, lost in intake.unfound.items() for name in lost}


def note_deliveries(
    ledger: Ledger,
    intake: Intake,
    topics: Sequence[Topic],
    due: Collection[tuple[str, str]],
    keep: Collection[tuple[str, str]],
) -> dict[tuple[str, str], Delivered]:
    """Write the result of the intake to the ledger: which attempt counts, its text and its time, or why none counts.

    due: the (student, topic) pairs that this run grades. Their scores are not known until then, even if the run is
    interrupted. keep: those of which what is known stays. Returns what is to be written with each of their records. A
    file that did not change keeps a time that was known. Otherwise a run without --times would make a late file timely.
    """
    later: dict[tuple[str, str], Delivered] = {}
    before = ledger.deliveries()
    for student in {**intake.sources, **dict.fromkeys(intake.unread)}:
        work, lost = intake.work.get(student, {}), intake.unfound.get(student, {})
        for topic in topics:
            name = topic.name
            if (student, name) in keep:
                continue
            if name in work:
                taken = work[name]
                text = _text(taken, name)
                old, when = before.get(student, {}).get(name), taken.when
                if when is None and old is not None and old.source == taken.source:
                    when = old.handed_in if text == ledger.text_of(student, name) else None
                found = Delivered(when, taken.source)
                if (student, name) in due:
                    later[student, name] = found
                    said = f"{name}: {PENDING}; run kata course grade again"
                    found = Delivered(when, taken.source, said)
                ledger.deliver(student, name, found)
                ledger.keep_text(student, name, text)
            elif name in lost or student in intake.unread:
                entries = BETWEEN.join(intake.sources.get(student, ()))
                ledger.deliver(
                    student, name, Delivered(None, entries, lost.get(name, "not graded"))
                )
    return later
