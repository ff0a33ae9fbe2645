"""What the operators of a call do: how many run, and the largest tensor that one makes."""

import numpy as np
import pytest

from katagrad.authoring.footprint import largest, operators

FUNCTIONS = {
    "torch": """
def outer_sum(x):
    return (x[:, None] + x).sum()


def row_by_row(x):
    return sum(x.unbind())
""",
    "tensorflow": """
import tensorflow as tf


def outer_sum(x):
    return tf.reduce_sum(x[:, None] + x)


def row_by_row(x):
    return sum(tf.unstack(x))
""",
}
FRAMEWORKS = [pytest.param(name, marks=pytest.mark.needs(name)) for name in FUNCTIONS]


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_loop_runs_more_operators_and_an_outer_sum_makes_a_larger_tensor(grade, framework):
    def body(impl):
        x = {n: np.ones(n) for n in (3, 24)}
        for n in x:
            assert largest(impl, lambda n=n: impl.outer_sum(x[n])) == n * n
            assert largest(impl, lambda n=n: impl.row_by_row(x[n])) <= n
        few, many = (operators(impl, lambda n=n: impl.outer_sum(x[n])) for n in x)
        assert few == many > 0
        few, many = (operators(impl, lambda n=n: impl.row_by_row(x[n])) for n in x)
        assert many >= few + 21

    grade(framework, FUNCTIONS[framework], body)
