"""README.md as a front door: short, three sections, the topics that there are, a picture of a real terminal."""

import re
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from katagrad.mutation.front_page import BEGIN, END, refresh, table, with_table
from katagrad.topics import read_toml, root, topics

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LISTED = read_toml(ROOT / "exercises" / "topics.toml")


def test_it_is_short_and_has_its_sections():
    assert len(README.splitlines()) <= 120
    assert re.findall(r"^## (.*)", README, re.MULTILINE)[:3] == ["Students", "Courses", "Engineers"]
    first = README.split("\n\n")[1]
    assert len(first.splitlines()) <= 4


def test_the_table_has_every_topic_in_order():
    assert with_table(README, LISTED) == README, "run `kata contracts`"
    assert re.findall(r"\[`(\w+)`\]\(exercises/\w+\.py\)", README) == list(topics())
    for topic in topics().values():
        assert f"[`{topic.name}`](exercises/{topic.name}.py) {topic.title}" in README


def test_a_topic_that_is_new_is_written_into_it(tmp_path):
    (tmp_path / "exercises").mkdir()
    entry = '\n[new]\nchapter = "Networks"\ntitle = "A | B"\nhints = ["a", "b", "c"]\n'
    text = (ROOT / "exercises" / "topics.toml").read_text(encoding="utf-8")
    (tmp_path / "exercises" / "topics.toml").write_text(text + entry, encoding="utf-8")
    shutil.copy(ROOT / "README.md", tmp_path)
    assert refresh(tmp_path)
    assert r"[`new`](exercises/new.py) A \| B" in (tmp_path / "README.md").read_text(
        encoding="utf-8"
    )
    assert not refresh(tmp_path)


@pytest.mark.parametrize("text", ["# Title\n", f"{BEGIN}\n", f"{END}\n{BEGIN}\n"])
def test_a_page_without_a_place_for_it_stays(text):
    assert with_table(text, LISTED) == text
    assert table({}).count("\n") == 1


def test_the_picture_is_of_a_verdict_and_loads_nothing():
    (path,) = re.findall(r"!\[[^\]]+\]\((docs/\w+\.svg)\)", README)
    drawn = (ROOT / path).read_text(encoding="utf-8")
    tree = ElementTree.fromstring(drawn)
    words = " ".join(" ".join(tree.itertext()).replace("\u00a0", " ").split())
    for said in ("kata check softmax", "FAILED", "but should be", "it equals", "Look at:"):
        assert said in words
    assert "@font-face" not in drawn
    assert "url(http" not in drawn
    assert not re.search(r"(href|src)=", drawn)
    assert topics()["softmax"].title in words
    assert str(root()) not in drawn
