"""Honest results of unusual kinds arrive as the values that they equal, or are named for what they are."""

import dataclasses
import warnings
from pathlib import Path

import numpy as np
import pytest

from katagrad.authoring.conformance import conform
from katagrad.authoring.expect import at_most
from katagrad.boundary import Implementation, Pool
from katagrad.boundary.transport import Transport
from katagrad.errors import FAILED, Failure, FormFailure
from katagrad.grading.checks import Rules, run_case
from katagrad.grading.submission import Submission
from katagrad.isolation import sandbox
from katagrad.isolation.launcher import PlainLauncher
from katagrad.topics import topics
from katagrad.worker.limits import Limits

LIMITS = dataclasses.replace(Limits(), wall=60.0)
X = np.ones((2, 3))
TORCH = """
import enum

import numpy as np
import torch


class Number(enum.IntEnum):
    one = 1


class Text(str, enum.Enum):
    a = "b"


class Own:
    def __getitem__(self, key):
        return {}[key]


def softmax(x, axis=-1, temperature=1.0):
    if axis == -1:
        return x.bfloat16()
    labels, counts = np.unique(np.array([1, 1, 2]), return_counts=True)
    return {
        "words": list(np.array(["a", "b"])),
        "bytes": np.bytes_(b"a"),
        "integer keys": dict(zip(labels, counts.tolist())),
        "float keys": {np.float64(0.5): 1, np.float32(0.25): 2},
        "word keys": {np.str_("a"): 1, Text.a: 2},
        "bool keys": {np.bool_(True): 1},
        "enum keys": {Number.one: 1},
        "enum of text": Text.a,
        "numbers": [1.0, 2.0],
        "nothing": None,
        "dict": {"a": x},
        "own": Own(),
        "large": x.double() * 1e300,
        "hash": hash("katagrad"),
    }[axis]
"""
TENSORFLOW = """
import tensorflow as tf


def softmax(x, axis=-1, temperature=1.0):
    return tf.ragged.constant([[1.0, 2.0], [3.0]])
"""


def opened(pool, framework, text):
    files = {"softmax.py": text.encode()}
    source = Submission(Path("/nonexistent"), framework, files).source(topics()["softmax"])
    transport = Transport(pool, source)
    transport.begin(3, 60)
    return transport


@pytest.fixture(scope="module")
def impl():
    pool = Pool(LIMITS)
    transport = opened(pool, "torch", TORCH)
    yield Implementation(transport)
    transport.close()
    pool.close()


@pytest.mark.needs("torch")
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("words", ["a", "b"]),
        ("bytes", b"a"),
        ("integer keys", {1: 2, 2: 1}),
        ("float keys", {0.5: 1, 0.25: 2}),
        ("word keys", {"a": 1, "b": 2}),
        ("bool keys", {True: 1}),
        ("enum keys", {1: 1}),
        ("enum of text", "b"),
    ],
)
def test_what_equals_a_built_in_value_arrives_as_one(impl, kind, value):
    found = impl.softmax(X, kind)
    assert found == value
    assert repr(found) == repr(value)


@pytest.mark.needs("torch")
@pytest.mark.parametrize(
    ("kind", "output", "words"),
    [
        ("numbers", (), "softmax returned a list, but should return a torch.Tensor"),
        ("nothing", (), "softmax returned None, but should return a torch.Tensor"),
        ("nothing", 0, "softmax returned None, but should return a result with the item 0"),
        ("dict", "b", "softmax returned a dict, but should return a result with the item 'b'"),
        ("own", "b", r"softmax raised KeyError: 'b'\n  softmax.py:18"),
    ],
)
def test_no_gradient_of_another_kind_of_result(impl, kind, output, words):
    with pytest.raises(Failure, match=words):
        impl.grad("softmax", X, kind, output=output)


@pytest.mark.needs("torch")
def test_a_dtype_that_numpy_lacks_was_returned_and_not_raised(impl):
    words = r"^softmax\(x\) returned a tensor of dtype bfloat16, which no check accepts"
    with pytest.raises(FormFailure, match=words):
        conform(impl, "softmax", [X])


@pytest.mark.needs("torch")
def test_numbers_that_overflow_in_a_grader_are_judged(impl):
    def check(graded):
        large = graded.softmax(X, "large")
        at_most((large * large).sum(), 1, of="the sum of squares")

    with warnings.catch_warnings():
        warnings.simplefilter("error")  # as in the project's own runs of pytest
        outcome = run_case(impl._transport, "check", "", 60, Rules(1), check)
    wanted = FAILED, "the sum of squares is inf, but should be at most 1"
    assert (outcome.status, outcome.message) == wanted


@pytest.mark.needs("tensorflow")
def test_a_ragged_tensor_is_not_padded():
    pool = Pool(LIMITS)
    transport = opened(pool, "tensorflow", TENSORFLOW)
    try:
        with pytest.raises(FormFailure, match=r"RaggedTensor .* its rows may differ in length"):
            Implementation(transport).softmax(X)
    finally:
        transport.close()
        pool.close()


@pytest.mark.needs("torch")
def test_what_the_grader_cannot_send_is_not_called_forged():
    pool = Pool(dataclasses.replace(LIMITS, message=1 << 20))
    transport = opened(pool, "torch", TORCH)
    try:
        words = "a message to the worker would hold 4 MiB in tensors and arrays, but at most 1 MiB"
        with pytest.raises(Failure, match=words):
            Implementation(transport).softmax(np.ones(1 << 20), "nothing")
        assert Implementation(transport).softmax(X, "nothing") is None
    finally:
        transport.close()
        pool.close()


@pytest.mark.needs("torch")
@pytest.mark.parametrize("level", ["process", "namespace"])
def test_hashes_are_those_of_every_run(level):
    """The order of a set of words decides a vocabulary, and so the training of a submission."""
    try:
        launcher = PlainLauncher() if level == "process" else sandbox.find()
    except sandbox.Unavailable as reason:
        pytest.skip(str(reason))
    found = set()
    for _ in range(2):
        pool = Pool(LIMITS, launcher)
        transport = opened(pool, "torch", TORCH)
        found.add(Implementation(transport).softmax(X, "hash"))
        transport.close()
        pool.close()
    assert len(found) == 1
