"""The table of docs/students.md names the topics that grade on each full-size set."""

import re
from pathlib import Path

from katagrad.data.registry import DATA_SETS
from katagrad.topics import topics

ROOT = Path(__file__).resolve().parents[2]


def test_the_table_names_every_set_with_the_topics_that_grade_on_it():
    used = {name: [] for name in DATA_SETS}
    for topic in topics().values():
        text = (ROOT / "graders" / f"{topic.name}.py").read_text()
        for name in dict.fromkeys(re.findall(r'full_size\("(\w+)"\)', text)):
            used[name].append(topic.name)
    page = (ROOT / "docs" / "students.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (`.*`) \|$", page, flags=re.MULTILINE)
    listed = {name: re.findall(r"`(\w+)`", row) for name, row in rows if name in used}
    assert listed == used
