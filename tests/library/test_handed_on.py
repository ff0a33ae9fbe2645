"""The examples of stubs, run on submissions."""

import pytest

from katagrad.errors import Failure
from katagrad.grading.examples import Example, run_example

CACHES = """
import typing


class Kept(typing.NamedTuple):
    x: object


def forward(x):
    return x * 2, Kept(x)


def backward(dout, cache):
    return dout * 2 + 0 * cache.x
"""


def run(*steps):
    """The body of a grading that runs an example of these steps, (source, expected text) each."""
    example = Example("forward", tuple((*step, line) for line, step in enumerate(steps)))
    return lambda impl: run_example(impl, example)


FORWARD = ("out, cache = forward([1.0, 2.0])", "")


@pytest.mark.needs("torch")
def test_what_is_handed_on_arrives_as_it_was_returned(grade):
    grade("torch", CACHES, run(FORWARD, ("out", "[2.0, 4.0]")))
    grade("torch", CACHES, run(FORWARD, ("backward([3.0, 4.0], cache)", "[6.0, 8.0]")))
    grade("torch", CACHES, run(FORWARD, ("backward(dout=[3.0], cache=cache)", "[6.0, 6.0]")))
    with pytest.raises(Failure, match="should be 7"):
        grade("torch", CACHES, run(FORWARD, ("backward([3.0, 4.0], cache)", "[7.0, 8.0]")))


@pytest.mark.needs("torch")
def test_what_is_looked_at_is_compared(grade):
    with pytest.raises(Failure, match="should be 5"):
        grade("torch", CACHES, run(FORWARD, ("forward(out)", ""), ("out", "[2.0, 5.0]")))
    with pytest.raises(Failure, match="cannot be read"):
        grade("torch", CACHES, run(FORWARD, ("out +", "")))
