"""Note in the ledger what came from whom, and tell the work of an earlier grading that counts on."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from katagrad.course.intake import Intake, Taken
from katagrad.course.ledger import Delivered, Ledger
from katagrad.course.scores import PENDING
from katagrad.topics import Topic

# Between the entries of a student of which something cannot be graded.
BETWEEN = "\n"


def stays(taken: Taken, before: Delivered | None, entries: Collection[str]) -> bool:
    """Whether work of an earlier grading counts on: the folder that is graded now does not have it.

    It may be the download of another assignment, which says nothing of this one. entries: what the student has in it.
    What could not be graded is no zero either, unless the same entry is there, without it.
    """
    if taken.source or before is None or not before.source:
        return False
    lost = before.problem and PENDING not in before.problem
    return not lost or not {*before.source.split(BETWEEN)} & {*entries}


def note_deliveries(
    ledger: Ledger, intake: Intake, topics: Sequence[Topic], due: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Delivered]:
    """Write the result of the intake to the ledger: which attempt counts, its text and its time, or why none counts.

    due: the (student, topic) pairs that this run grades. Their scores are not known until then, even if the run is
    interrupted. Returns what is to be written with each of their records. A file that did not change keeps a time that
    was known. Otherwise a run without --times would make a late file timely.
    """
    later: dict[tuple[str, str], Delivered] = {}
    before = ledger.deliveries()
    for student in {**intake.sources, **dict.fromkeys(intake.unread)}:
        work, lost = intake.work.get(student, {}), intake.unfound.get(student, {})
        for topic in topics:
            name = topic.name
            if name in work:
                taken = work[name]
                text = taken.submission.files.get(f"{name}.py", b"")
                old, when = before.get(student, {}).get(name), taken.when
                if stays(taken, old, intake.sources.get(student, ())):
                    continue
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
