"""What can be said of a topic without running it: its files, and which sentences of its stub its mutants break."""

from __future__ import annotations

from katagrad.mutation.coverage import Coverage, cover
from katagrad.mutation.entries import kept
from katagrad.mutation.findings import Findings
from katagrad.mutation.layout import layout
from katagrad.topics import Topic


def coverage(topic: Topic) -> Coverage:
    """Which sentences of a topic's stub its mutants break."""
    return cover(topic.stub.read_text(encoding="utf-8"), kept(topic))


def contract(topic: Topic) -> Findings:
    """What can be said of a topic without running it: its files, and the coverage of its contract."""
    findings = Findings(topic.name, "")
    findings.problems += layout(topic)
    if not topic.stub.is_file() or not topic.mutants.is_file():
        return findings
    found = coverage(topic)
    findings.problems += found.problems
    if found.unquoted:
        findings.problems.append(
            f"{len(found.unquoted)} mutants quote no words of the stub (`breaks`): "
            + "; ".join(found.unquoted[:3])
            + (" ..." if len(found.unquoted) > 3 else "")
        )
    findings.problems += [f"no mutant breaks: {sentence}" for sentence in found.open]
    findings.notes.append(
        f"contract: {len(found.broken)} of {found.total} sentences are broken by a mutant, "
        f"{len(found.explained)} ask for nothing"
    )
    findings.notes += [f"broken in {one} only: {s}" for s, one in found.one_framework]
    return findings
