"""Messages say how gradients are weighted; unmet inputs distinguish models from tables of labels."""

from types import SimpleNamespace

import numpy as np
import pytest

from katagrad.authoring import unmet
from katagrad.authoring.expect import normal
from katagrad.authoring.gradients import gradient
from katagrad.errors import Failure
from katagrad.grading.checks import manifest
from katagrad.topics import topics

FRAMEWORKS = [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("torch", "tensorflow")]
WRONG = "old = scale\ndef scale(x, factor=2.0, shift=0.0): return old(x, 2 * factor, shift)"


def check(impl):
    def slope(c):
        return 3.0 * (c - c.mean(1, keepdims=True))

    known = {"twice the gradient": lambda c: 2 * slope(c)}
    args, given = [normal(3, 4)], {"factor": 3.0}
    gradient(impl, "scale", args, given, size=(3, 4), expected=slope, mistakes=known)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_gradient_shows_its_weights(grade, framework):
    grade(framework, "", check)
    with pytest.raises(Failure) as caught:
        grade(framework, WRONG, check)
    message = str(caught.value)
    assert message.startswith("element [0, 0] of d sum(c * scale(x, factor=3.0)) / dx is ")
    assert "; it equals twice the gradient" in message
    assert "c is drawn at random, x[0, 0] is " in message
    assert " and c[0, 0] is " in message


@pytest.mark.needs("torch")
def test_a_detached_result_has_no_gradient(grade):
    change = (
        "old = scale\ndef scale(x, factor=2.0, shift=0.0): return old(x, factor, shift).detach()"
    )
    with pytest.raises(
        Failure, match="is missing: the result does not depend on x through tensor operations"
    ):
        grade("torch", change, check)


def test_unmet_inputs_differ_from_those_that_are_known():
    x = normal(12, 16)
    for how, rows in [*unmet.images(x, 4), *unmet.rows(x)]:
        assert rows.shape == x.shape, how
        assert not (rows[:, None] == x[None]).all(-1).any(), how


def test_an_alphabet_moves_every_class():
    for classes in (2, 3, 10):
        moved = unmet.alphabet(classes)
        assert sorted(moved) == list(range(classes))
        assert (moved != np.arange(classes)).all()


def test_a_table_of_labels_does_not_agree():
    scores = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
    unmet.agree(np.array([0, 1, 1]), scores, of="predict(model, moved)")
    with pytest.raises(Failure) as caught:
        unmet.agree(np.array([0, 0, 0]), scores, of="predict(model, moved)")
    assert str(caught.value).startswith(
        "predict(model, moved)[1] is 0, but should be 1, the class of the largest score"
    )
    assert "(1 of 2 rows is off)" in str(caught.value)


def test_a_gradient_of_none_is_named_as_the_frameworks():
    nothing = SimpleNamespace(second_derivative=lambda f, x: None)
    checks = {check.name: check.function for check in manifest(topics()["derivative"])}
    with pytest.raises(Failure, match="the framework's gradient is None where a result does not"):
        checks["test_second_derivative_of_a_line_is_zero"](nothing)
