"""Where Adam adds its epsilon: the oracle knows both places, and takes the one that a submission has."""

import numpy as np
import pytest

from katagrad.authoring.adam import expect_history, nearer
from katagrad.authoring.oracle import Adam
from katagrad.errors import Failure

# A gradient that is small, but not as small as epsilon, and then one of the usual size.
SLOPES = (1e-5, 1.0, 1e-5)


def way(corrected):
    adam, value, seen = Adam(0.1, corrected=corrected), np.zeros(1), []
    for slope in SLOPES:
        value = adam.moved("value", value, np.full(1, slope))
        seen.append(float(value[0]))
    return seen, corrected


def test_epsilon_has_two_places():
    """The first step is lr g / (|g| + epsilon), where Keras's epsilon counts 1 / sqrt(1 - 0.999) times."""
    (paper, _), (keras, _) = way(True), way(False)
    assert paper[0] == pytest.approx(-0.1 / (1 + 1e-2), rel=1e-6)
    assert keras[0] == pytest.approx(-0.1 / (1 + 1e-2 / np.sqrt(0.001)), rel=1e-6)


@pytest.mark.parametrize("corrected", [True, False])
def test_the_nearer_run_is_taken(corrected):
    found = [value * (1 + 1e-6) for value in way(corrected)[0]]
    assert nearer(found, way)[1] is corrected


@pytest.mark.parametrize("corrected", [True, False])
def test_a_history_is_right_in_either_form_and_in_no_other(corrected):
    found = way(corrected)[0]
    assert expect_history(found, lambda form: way(form)[0], "train") is corrected
    with pytest.raises(Failure, match="the loss of epoch 1 of train is"):
        expect_history([found[0], 1.01 * found[1], found[2]], lambda form: way(form)[0], "train")
    with pytest.raises(Failure, match="has 2 items, but should have 3"):
        expect_history(found[:2], lambda form: way(form)[0], "train")


@pytest.mark.needs("tensorflow")
def test_the_second_place_is_that_of_keras():
    import keras

    variable = keras.Variable(np.zeros(1, np.float32))
    optimizer = keras.optimizers.Adam(0.1, epsilon=1e-7)
    for slope, wanted in zip(SLOPES, way(False)[0], strict=True):
        optimizer.apply([np.full(1, slope, np.float32)], [variable])
        assert float(np.asarray(variable)[0]) == pytest.approx(wanted, rel=1e-4)
