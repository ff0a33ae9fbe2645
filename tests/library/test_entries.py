"""Mutants as they are written down: what an entry changes, and one clear line for what cannot be used."""

import dataclasses

import pytest

from katagrad.mutation.coverage import cover
from katagrad.mutation.entries import Edit, kept
from katagrad.mutation.sentences import sentences, split
from katagrad.topics import topics

SOLUTION = """import torch

SIZE = 3


def double(x):
    return x + x


class Sum:
    def __init__(self, start):
        self.start = start

    def step(self, x):
        return self.start + x
"""
STUB = '''"""A title. It is no sentence that asks.

Two numbers are added. It is e.g. used for sums (see x.y. and z).

Shapes: N = rows. Every sum is a float:

- an int is refused. So is text;
- None is
  zero.

Sources: Somebody (1999), A book. Another book.
"""


def double(x):
    """Return x twice.

    x: tensor (N, ...) of any dtype. Returns a tensor:

        y = x + x     for numbers
        y = None
            otherwise

    >>> double(1)
    2
    """
    raise NotImplementedError("double")


class Sum:
    """As double."""

    def step(self, x):
        """As double."""
        raise NotImplementedError("Sum.step")
'''


@pytest.fixture
def read(tmp_path):
    """Read a text as the file of mutants of a topic."""
    topic = dataclasses.replace(topics()["softmax"], root=tmp_path)
    topic.mutants.parent.mkdir(parents=True)

    def of(text):
        topic.mutants.write_text(text, encoding="utf-8")
        return kept(topic)

    return of


def test_body_takes_the_place_of_its_namesake_and_brings_the_rest_before_it():
    body = "import math\n\nCACHE = {}\n\ndef helper():\n    pass\n\n\ndef double(x):\n    return 2 * x\n"
    text = Edit(body=body).apply(SOLUTION)
    names = {}
    exec(text.replace("import torch", ""), names)
    assert names["double"](4) == 8
    assert names["CACHE"] == {}
    assert text.index("CACHE") < text.index("def helper") < text.index("def double")
    assert text.count("def double") == 1
    assert text[text.index("class Sum") :] == SOLUTION[SOLUTION.index("class Sum") :]


def test_body_within_a_class_replaces_methods():
    text = Edit(body="def step(self, x):\n    return x\n", within="Sum").apply(SOLUTION)
    names = {}
    exec(text.replace("import torch", ""), names)
    assert names["Sum"](1).step(5) == 5
    assert "self.start = start" in text


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (Edit("x + y", "x"), "occurs 0 times"),
        (Edit("x", "y"), "times in the solution, not once"),
        (Edit(body="def other():\n    pass"), "defines other, none of which the solution has"),
        (Edit(body="def double(:"), "its body is not Python"),
        (Edit(body="def step(self):\n    pass", within="Mean"), "has no class Mean"),
    ],
)
def test_edit_that_does_not_fit_says_why(edit, said):
    with pytest.raises(ValueError, match=said):
        edit.apply(SOLUTION)


def test_one_entry_holds_the_changes_of_both_frameworks(read):
    found = read(
        """
        [[mutant]]
        name = "shared"
        caught_by = "test_a"
        breaks = ["one", "two"]
        replace = "a"
        with = ""
        [[mutant]]
        name = "each its own"
        caught_by = "test_a"
        tensorflow.caught_by = "test_b"
        torch.replace = "b"
        torch.with = "c"
        tensorflow.body = "def d(): pass"
        [[mutant]]
        name = "several edits"
        caught_by = "test_a"
        [[mutant.torch]]
        replace = "e"
        with = "f"
        [[mutant.torch]]
        replace = "g"
        with = "h"
        everywhere = true
        """
    )
    assert found.problems == []
    assert [m.name for m in found.mutants["torch"]] == ["shared", "each its own", "several edits"]
    assert [m.caught_by for m in found.mutants["tensorflow"]] == ["test_a", "test_b"]
    assert found.mutants["torch"][0].breaks == ("one", "two")
    assert found.mutants["torch"][2].edits == (Edit("e", "f"), Edit("g", "h", True))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[mutant]]\nname = "m"\ncaught_by = "t"\nreplace = "a"', "mutant 'm': torch: no `with`"),
        ('[[mutant]]\nname = "m"\nreplace = "a"\nwith = "b"', "mutant 'm': torch: no `caught_by`"),
        ('[[mutant]]\ncaught_by = "t"\nreplace = "a"\nwith = "b"', "every mutant needs a name"),
        ('[[mutant]]\nname = "m"\ncaught_by = "t"', "mutant 'm': it changes nothing"),
        ('[[mutant]]\nname = "m"\nfault = "t"\nreplace = "a"\nwith = "b"', "unknown key `fault`"),
        ('[[mutant]]\nname = "m"\ncaught_by = "t"\ntorch.with = "a"', "torch: no `replace`"),
        ('[[torch]]\nname = "m"', "has [[torch]]; it may have [[mutant]]"),
        ('[[explains]]\nwords = "a b"', "needs `words` and `why`"),
        ("[[mutant", "is not TOML"),
    ],
)
def test_what_cannot_be_used_is_one_line(read, text, said):
    problems = read(text).problems
    assert any(said in line for line in problems)
    assert all("\n" not in line for line in problems)


def test_two_mutants_of_one_name_are_told(read):
    one = '[[mutant]]\nname = "m"\ncaught_by = "t"\nreplace = "a"\nwith = "b"\n'
    assert read(one + one).problems == ["mutant 'm': another mutant has this name"]


def test_sentences_of_a_stub():
    found = [(s.of, s.text, s.leads) for s in sentences(STUB)]
    assert found == [
        ("", "Two numbers are added.", 0),
        ("", "It is e.g. used for sums (see x.y. and z).", 0),
        ("", "Every sum is a float:", 3),
        ("", "an int is refused.", 0),
        ("", "So is text;", 0),
        ("", "None is zero.", 0),
        ("double", "Return x twice.", 0),
        ("double", "x: tensor (N, ...) of any dtype.", 0),
        ("double", "Returns a tensor:", 2),
        ("double", "y = x + x for numbers", 0),
        ("double", "y = None otherwise", 0),
        ("Sum", "As double.", 0),
        ("Sum.step", "As double.", 0),
    ]


def test_sentences_end_where_they_end():
    text = 'lr: 0.1 or so. It is (see. there) an int. "All." Is that so? Yes! Smith et al. say no.'
    assert split(text) == [
        "lr: 0.1 or so.",
        "It is (see. there) an int.",
        '"All."',
        "Is that so?",
        "Yes!",
        "Smith et al. say no.",
    ]


def entry(breaks, name="m", rest=""):
    return f'[[mutant]]\nname = "{name}"\nbreaks = {breaks}\ncaught_by = "t"\nreplace = "a"\nwith = "b"\n{rest}\n'


def test_coverage_counts_sentences_that_a_mutant_breaks(read):
    found = cover(
        STUB,
        read(
            entry('["Two  numbers", "None is"]')
            + entry('"As double"', "n", 'of = "Sum.step"')
            + '[[explains]]\nwords = ["used for sums", "As double."]\nof = ""\nwhy = "it tells a use"'
        ),
    )
    assert [s.text for s in found.broken] == [
        "Two numbers are added.",
        "Every sum is a float:",
        "None is zero.",
        "As double.",
    ]
    assert [s.text for s in found.explained] == [
        "It is e.g. used for sums (see x.y. and z).",
        "As double.",
    ]
    assert "Return x twice." in [s.text for s in found.open]
    assert not found.complete


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ('"No such words"', "is in no sentence of the stub"),
        ('"As double."', "is in 2 sentences (Sum, Sum.step)"),
        ('"added. It is"', "goes over the end of a sentence of the module"),
        ('"x"', "is too short a quotation"),
    ],
)
def test_quotation_that_cannot_be_placed_says_why(read, words, said):
    (problem,) = cover(STUB, read(entry(words))).problems
    assert said in problem
    assert "mutant 'm'" in problem


def test_mutant_without_a_quotation_keeps_a_topic_from_being_complete(read):
    whole = entry('["Two numbers"]').replace('breaks = ["Two numbers"]\n', "")
    assert cover('"""Title."""', read(whole)).unquoted == ["m"]
    assert not cover('"""Title."""', read(whole)).complete
