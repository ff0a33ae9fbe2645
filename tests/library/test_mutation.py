"""Generic mutation: every mutant differs from the source in one place and is a program."""

import ast

import pytest

from katagrad.mutation.entries import equivalents
from katagrad.mutation.operators import mutants
from katagrad.mutation.validate import Validator
from katagrad.topics import FRAMEWORKS, topics

LISTED = [(n, f) for n, topic in topics().items() for f in FRAMEWORKS if equivalents(topic, f)]

SOURCE = '''
"""A docstring with 1 number."""
import torch


def f(x, axis=-1):
    if axis < 0:
        axis += x.ndim
    y = -x.sum(dim=axis, keepdim=True) / 2.0
    return y, x[1:].exp()
'''


def test_mutants_are_programs_that_differ():
    found = list(mutants(SOURCE))
    texts = [m.source for m in found]
    assert len(set(texts)) == len(texts) > 15
    plain = ast.unparse(ast.parse(SOURCE))
    for mutant in found:
        ast.parse(mutant.source)
        assert mutant.source != plain
        assert "A docstring with 1 number." in mutant.source


def test_every_kind_of_change_is_made():
    made = {(m.before, m.after) for m in mutants(SOURCE)}
    assert ("axis < 0", "axis <= 0") in made
    assert ("axis += x.ndim", "(removed)") in made
    assert ("x.sum(dim=axis, keepdim=True)", "x.sum(dim=axis)") in made
    assert ("x.sum", "x.mean") in made
    assert ("2.0", "4.0") in made
    assert ("x[1:].exp()", "x[1:]") in made
    assert any(before.startswith("-x.sum") and not after.startswith("-") for before, after in made)


@pytest.mark.parametrize(("topic", "framework"), LISTED, ids=str)
def test_what_is_listed_as_equivalent_is_a_mutant_of_the_solution(topic, framework):
    # The claim behind a mutation score: it leaves out mutants of the solution as it stands, and nothing else.
    validator = Validator(topics()[topic], framework, pool=object())
    found = validator.family("generic") + validator.family("careless")
    for entry in equivalents(validator.topic, framework):
        assert any(entry.matches(mutant, validator.solution) for mutant in found), (
            f"no mutant {entry.before} -> {entry.after}"
        )
