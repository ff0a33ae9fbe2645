"""How the arguments of a call read in a failure message."""

import numpy as np
import pytest

from katagrad.boundary.given import LONGEST, given
from katagrad.boundary.implementation import exact, image, kernel
from katagrad.worker.wire import Random

IMAGES, KERNELS = np.zeros((2, 5, 4, 3)), np.zeros((3, 2, 5, 7))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.zeros((2, 3)), "float32 (2, 3)"),
        (np.zeros(3, np.int32), "int64 (3,)"),
        (np.zeros(3, np.uint8), "uint8 (3,)"),
        (np.float64(2), "float32 ()"),
        (exact(np.zeros(3, np.int8)), "int8 (3,)"),
        (Random(3), "rng"),
        ([3, 4], "[3, 4]"),
        ((np.zeros(2), None), "(float32 (2,), None)"),
        ({"w": np.zeros((2, 3))}, "{'w': float32 (2, 3)}"),
        (list(range(9)), "[0, 1, 2, 3, 4, ...]"),
        ("both", "'both'"),
    ],
)
def test_tensors_have_their_dtype_and_shape(value, words):
    assert given([value], {}, "torch", "float32") == words
    assert given([], {"name": value}, "tensorflow", "float32") == f"name={words}"


def test_images_have_the_layout_of_the_framework():
    args = [image(IMAGES), kernel(KERNELS)]
    assert given(args, {}, "torch", "float64") == "float64 (2, 3, 5, 4), float64 (7, 5, 3, 2)"
    assert given(args, {}, "tensorflow", "float32") == "float32 (2, 5, 4, 3), float32 (3, 2, 5, 7)"


def test_many_arguments_are_cut():
    words = given([np.zeros((2, 3))] * 99, {}, "torch", "float32")
    assert len(words) <= LONGEST
    assert words.endswith(" ...")
