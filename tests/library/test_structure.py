"""Messages about results of the wrong form say what is missing, and nothing else."""

import math

import numpy as np
import pytest

from katagrad.authoring import structure
from katagrad.errors import Failure, FormFailure
from katagrad.worker.wire import NotATensor


def says(words, function, *args, kind=Failure, **kwargs):
    with pytest.raises(kind) as caught:
        function(*args, **kwargs)
    assert words in str(caught.value), str(caught.value)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ((1.0, 0.5), "fit returned is a tuple ((1.0, 0.5)), but should be a list of Python floats"),
        (
            [1.0, 1],
            "item 1 of the history that fit returned is an int (1), but should be a Python float",
        ),
        ([1.0, np.ones(())], "is a tensor of shape (), but should be a Python float"),
        ([1.0], "has 1 items, but should have 2, one for each epoch"),
        (
            [1.0, float("nan")],
            "item 1 of the history that fit returned is nan, but should be finite",
        ),
        ({"loss": [1.0]}, "is a dict"),
    ],
)
def test_a_history_of_the_wrong_form_is_no_wrong_number(found, words):
    says(words, structure.recorded, found, [1.0, 0.5], of="fit", kind=FormFailure)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([2.0, 0.5], "it equals twice the loss"),
        ([1.0, 0.6], "the loss of epoch 1 of fit is 0.6, but should be 0.5"),
        ([1.0, 0.7], "it equals the sum of both"),
    ],
)
def test_recorded_compares_losses(found, words):
    mistakes = {"twice the loss": 2.0, "the sum of both": [9.0, 0.7]}
    structure.recorded([1.0, 0.5], [1.0, 0.5], of="fit")
    says(words, structure.recorded, found, [1.0, 0.5], of="fit", mistakes=mistakes)


def test_recorded_refuses_a_history_that_was_rounded():
    exact = [1.23456789, 0.34567891, 0.12345678]
    for digits in (3, 4, 6):
        rounded = [round(value, digits) for value in exact]
        words = f"the losses of fit are {', '.join(map(repr, rounded))}, which were rounded"
        says(words, structure.recorded, rounded, exact, of="fit", rtol=1e-2)
    # Numbers of float32, and decimals that are right, were not rounded.
    structure.recorded([float(np.float32(value)) for value in exact], exact, of="fit")
    structure.recorded([0.3, 0.25], [0.1 + 0.2, 0.25], of="fit")
    structure.recorded([150.0, 0.5, 0.0], [150.001, 0.5001, 1e-6], of="fit")
    structure.recorded([0.6, exact[1]], [0.6001, exact[1]], of="fit")


@pytest.mark.parametrize(
    "found",
    [[1.0, 0.5], (1.0, 0.5), np.array([1.0, 0.5]), [np.ones(()), np.array([0.5]).view(NotATensor)]],
    ids=["list", "tuple", "tensor", "tensors"],
)
def test_losses_reads_numbers_of_every_kind(found):
    assert structure.losses(found, 2) == [1.0, 0.5]


def test_a_pair_says_what_was_returned():
    assert structure.pair((1, 2), "fit(x)") == (1, 2)
    words = "fit(x) returned a dict ({}), but should return 2 things: w, b"
    says(words, structure.pair, {}, "fit(x)", ("w", "b"), kind=FormFailure)
    words = "fit(x) returned 1 thing, but should return 2 things: w, b"
    says(words, structure.pair, [1], "fit(x)", ("w", "b"), kind=FormFailure)


def test_one_thing_is_asked_for_in_a_tuple_or_a_list():
    assert structure.items([3], "fit(x)", ["w"]) == [3]
    words = (
        "fit(x) returned a dict ({}), but should return a tuple or a list that holds one thing: w"
    )
    says(words, structure.items, {}, "fit(x)", ["w"], kind=FormFailure)
    words = "fit(x) returned 2 things, but should return a tuple or a list that holds one thing: w"
    says(words, structure.items, [1, 2], "fit(x)", ["w"], kind=FormFailure)


def test_a_missing_key_is_named():
    assert structure.keys({"w": 1}, "params", ["w"]) == {"w": 1}
    says("'b' is missing", structure.keys, {"w": 1}, "params", ["w", "b"], kind=FormFailure)
    says("'c' is not asked for", structure.keys, {"w": 1, "c": 1}, "params", ["w"])


def test_an_epoch_that_is_left_out_is_counted():
    structure.every_epoch([0.0, 1e-9, 0.0], 3, "train(model)")
    words = "the history that train(model) returned has 1 items, but should have 3, one for each"
    says(words, structure.every_epoch, [0.0], 3, "train(model)", kind=FormFailure)


def test_losses_of_a_training_that_diverges():
    diverging = [1.0, math.inf, math.nan]
    says(
        "item 1 of the history that train returned is inf, but should be finite",
        structure.losses,
        diverging,
        3,
    )
    assert structure.losses(diverging, 3, finite=False)[:2] == [1.0, math.inf]
    words = "the history that train returned has 2 items, but should have 3, one for each epoch"
    says(words, structure.losses, diverging[:2], 3, finite=False, kind=FormFailure)
