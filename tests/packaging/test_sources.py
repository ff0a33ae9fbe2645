"""docs/sources.md: every topic and every check that it names exists, and every topic covers something."""

import re
from pathlib import Path

from katagrad.grading.checks import manifest
from katagrad.topics import topics

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
ROWS = [line for line in TEXT.splitlines() if re.match(r"\| (?!item|---)", line)]


def test_every_check_that_is_named_exists():
    named = re.findall(r"`(\w+)`: `(test_\w+)`", TEXT)
    assert len(named) > 80
    checks = {name: {check.name for check in manifest(topics()[name])} for name, _ in named}
    assert [pair for pair in named if pair[1] not in checks[pair[0]]] == []


def test_every_row_says_what_covers_it():
    assert len(ROWS) > 80
    for row in ROWS:
        item, covered = (cell.strip() for cell in row.strip("|").split("|", 1))
        assert item
        assert re.search(r"`\w+`: `test_\w+`|`kata \w+`|\]\(\w+\.md\)", covered), row
