"""Mutation scores in the documents are those that are kept."""

import pytest

from katagrad.mutation import scores
from katagrad.mutation.scores import Score
from katagrad.topics import root, topics

PAGE = "# Title\n\n" + scores.BEGIN + "old\n" + scores.END + "\nThe rest.\n"


def test_the_document_shows_the_scores_that_are_kept():
    page = (root() / "docs" / "mutation.md").read_text(encoding="utf-8")
    kept = scores.load(root())
    order = [name for name in topics() if name in kept]
    assert set(order) == set(kept)
    assert page == scores.shown(page, kept, order), "docs/mutation.md was changed by hand"


@pytest.fixture
def clone(tmp_path):
    for folder in ("docs", "exercises", "tests/mutants"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "docs" / "mutation.md").write_text(PAGE)
    listed = "".join(f'[{n}]\nchapter = "c"\ntitle = "t"\n' for n in ("softmax", "losses"))
    (tmp_path / "exercises" / "topics.toml").write_text(listed)
    return tmp_path


def test_a_score_is_kept_and_shown_with_the_totals_of_its_family(clone):
    scores.keep("losses", "torch", "generic", Score(3, 4, 1), clone)
    scores.keep("softmax", "torch", "generic", Score(10, 10, 0), clone)
    scores.keep("softmax", "tensorflow", "careless", Score(5, 6, 2), clone)
    page = (clone / "docs" / "mutation.md").read_text()
    assert page.startswith("# Title\n")
    assert page.endswith("\nThe rest.\n")
    assert "old" not in page
    assert "| softmax | 10/10 (0) |  |  | 5/6 (2) |\n| losses | 3/4 (1) |  |  |  |\n" in page
    assert (
        "Generic mutants, the 2 topics with a score: 13 of 14 that are not listed as equivalent"
        in page
    )
    assert "are caught (13 of 14 in PyTorch, 0 of 0 in TensorFlow); 1 are listed" in page
    scores.keep("losses", "torch", "generic", Score(4, 4, 1), clone)
    assert scores.load(clone)["losses"]["torch"]["generic"] == Score(4, 4, 1)
    assert scores.load(clone)["softmax"]["tensorflow"]["careless"] == Score(5, 6, 2)


def test_nothing_is_kept_outside_of_a_clone(tmp_path):
    scores.keep("softmax", "torch", "generic", Score(1, 1, 0), tmp_path)
    assert list(tmp_path.iterdir()) == []
