"""The report of `kata bench regress` as Markdown: a comment for a merge request."""

from __future__ import annotations

from katagrad.bench import quantities
from katagrad.bench.regress.regress import NEW, Finding, Report
from katagrad.bench.regress.rule import CANNOT, FASTER, SAME, SLOWER
from katagrad.text import plural

# In the order of the table: results that need action come first.
ORDER = (SLOWER, CANNOT, FASTER, NEW, SAME)
# Rows that are shown; beyond that, benchmarks that are the same are counted only.
ROWS = 40
# By which a later run finds the comment that it replaces.
MARK = "<!-- katagrad: regress -->"


def comment(report: Report, against: str) -> str:
    """The verdict, and a table with a row for each benchmark that was timed."""
    counts = {word: sum(one.verdict == word for one in report.findings) for word in ORDER}
    found = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    lines = [MARK, f"### Speed: {_verdict(counts)}", ""]
    lines.append(
        f"Against {_code(against)} ({report.commit[:12]}): {found or 'nothing was timed'}."
    )
    rows = sorted(report.findings, key=lambda one: (ORDER.index(one.verdict), one.name))
    shown = [one for one in rows if one.verdict != SAME]
    shown += [one for one in rows if one.verdict == SAME][: max(ROWS - len(shown), 0)]
    if shown:
        lines += ["", "| benchmark | then | now | now / then | launches | verdict |"]
        lines += ["| --- | ---: | ---: | ---: | ---: | --- |", *map(_row, shown)]
    if len(shown) < len(rows):
        lines += ["", f"{len(rows) - len(shown)} more benchmarks are the same."]
    if report.unchanged:
        count = len(report.unchanged)
        counted = plural(count, report.kind)
        lines += ["", f"Not timed, since no file differs: {counted}."]
    lines += [f"\nNote: {_text(note)}." for note in report.notes]
    lines += ["", "A ratio above 1 is slower. It is the median over launches of fresh processes."]
    return "\n".join(lines) + "\n"


def _verdict(counts: dict[str, int]) -> str:
    if counts[SLOWER]:
        return "slower"
    if counts[CANNOT]:
        return "cannot be judged"
    return "no slower" if any(counts.values()) else "nothing was timed"


def _row(one: Finding) -> str:
    if one.reason or not one.ratios:
        reason = _text(one.reason.splitlines()[0]) if one.reason else "no figure"
        return f"| {_code(one.name)} | | | | | {one.verdict}: {reason} |"
    then, now = (_seconds(value) for value in one.seconds)
    spread = f"{min(one.ratios):.3f} to {max(one.ratios):.3f}"
    verdict = f"**{one.verdict}**" if one.verdict == SLOWER else one.verdict
    launches = f"{len(one.ratios)} ({spread})"
    return f"| {_code(one.name)} | {then} | {now} | {one.ratio:.3f} | {launches} | {verdict} |"


def _seconds(value: float) -> str:
    return quantities.seconds(value).replace(quantities.THIN, " ")


def _code(text: str) -> str:
    """A name as code; what would end the code or the cell is replaced."""
    return "`" + text.replace("`", "'").replace("|", "/").replace("\n", " ") + "`"


def _text(text: str) -> str:
    """One line of plain text: no cell ends in it, and no markup of a stranger's is rendered."""
    plain = " ".join(text.split()).rstrip(".")
    for mark in "\\`*_[]<>|#":
        plain = plain.replace(mark, f"\\{mark}")
    return plain.replace("@", "@\u200b")  # nobody is notified
