"""Careless mutation: each mutant is a program that does what a careless student does."""

import ast

import numpy as np
import pytest

from katagrad.mutation.careless import careless
from katagrad.mutation.spoiling import spoiled

SOURCE = '''
"""A docstring."""
import torch


def train(x, y, epochs, rng, scale=2.5, *, start=None):
    """Another."""
    if epochs < 0:
        raise ValueError("no")
    history = []
    for _ in range(epochs):
        order = rng.permutation(len(x))
        history.append(scale * float(order[0]))
    return history, (x - x.mean()).reshape(-1), x.clone()


def _inner(x):
    return x


class Sum:
    def __init__(self):
        self.seen = {}

    def add(self, x):
        return [x for _ in range(3)]
'''
FOUND = list(careless(SOURCE, "torch", {"train", "Sum", "Sum.add"}))


def made(what, after):
    (mutant,) = [m for m in FOUND if m.what == what and m.after == after]
    return mutant.source


def test_mutants_are_programs_that_differ_in_one_thing():
    texts = [m.source for m in FOUND]
    assert len(set(texts)) == len(texts) > 30
    assert ast.unparse(ast.parse(SOURCE)) not in texts
    for mutant in FOUND:
        ast.parse(mutant.source)
        assert "A docstring." in mutant.source


@pytest.mark.parametrize(
    ("what", "after", "line"),
    [
        ("ignored argument", "scale = 2.5", "    scale = 2.5"),
        ("ignored argument", "start = None", "    start = None"),
        ("part of the rows", None, "x, y = (x[:max(1, len(x) * 4 // 5)], y[:max("),
        ("part of a sequence", "list(range(epochs))[:-1]", "for _ in list(range(epochs))[:-1]:"),
        ("part of a sequence", "list(range(3))[:1]", "return [x for _ in list(range(3))[:1]]"),
        (
            "draw",
            "drawn once, before the loop",
            "    _drawn = rng.permutation(len(x))\n    for _ in",
        ),
        ("draw", "__import__('numpy').random.permutation(len(x))", "order = __import__('numpy')"),
        ("error", "(not raised)", '"""Another."""\n    history = []'),
        ("error", "(of another class)", "raise RuntimeError('no')"),
        ("error", "(raised at the end)", "raise ValueError('no')\n    return"),
        ("state", "kept between calls", None),
        ("no copy", "x", "x.mean()).reshape(-1), x)"),
        ("written in place", "x.sub_(x.mean())", "x.sub_(x.mean()).reshape(-1)"),
        ("view for reshape", "(x - x.mean()).view(-1)", "(x - x.mean()).view(-1)"),
        ("constant", "25.0", "scale=25.0"),
        ("constant", "0.25", "scale=0.25"),
        ("constant", "6", "range(6)"),
    ],
)
def test_every_kind_of_carelessness_is_tried(what, after, line):
    found = [m.source for m in FOUND if m.what == what and after in (None, m.after)]
    assert found
    assert line is None or line in found[0]


def test_state_is_kept_between_calls_of_a_function_and_between_objects():
    sources = [m.source for m in FOUND if m.what == "state"]
    assert len(sources) == 2
    names = {}
    exec(sources[1].replace("import torch", ""), names)
    one, other = names["Sum"](), names["Sum"]()
    one.seen["a"] = 1
    assert other.seen == {"a": 1}


def test_only_results_that_the_stub_asks_for_are_spoiled():
    spoiled = {m.before for m in FOUND if m.what == "result"}
    assert spoiled == {"train: its result", "Sum.add: its result"}


@pytest.mark.needs("torch")
def test_results_are_spoiled_in_torch():
    import torch

    values = {"f": torch.tensor([1.0, 1e6, 1e-9]), "i": [torch.tensor(3)], "n": None}
    expected = {
        "float64": lambda v: v["f"].dtype == torch.float64,
        "int32": lambda v: v["i"][0].dtype == torch.int32,
        "clipped to 1e4": lambda v: v["f"].max() == 1e4,
        "no smaller than 0.001": lambda v: v["f"].min() == np.float32(1e-3),
        "rounded to 4 digits": lambda v: v["f"].min() == 0,
        "a Python number": lambda v: v["i"] == [3],
    }
    for how, text, _ in spoiled("torch"):
        names = {"torch": torch}
        exec(text, names)
        result = names["_spoiled"](values)
        assert how == "float32" or expected[how](result), how
        assert result["n"] is None


@pytest.mark.needs("tensorflow")
def test_results_are_spoiled_in_tensorflow():
    import tensorflow as tf

    values = {"f": tf.constant([1.0, 1e6, 1e-9]), "i": [tf.constant(3, tf.int64)], "n": None}
    expected = {
        "float64": lambda v: v["f"].dtype == tf.float64,
        "int32": lambda v: v["i"][0].dtype == tf.int32,
        "clipped to 1e4": lambda v: max(v["f"].numpy()) == 1e4,
        "no smaller than 0.001": lambda v: min(v["f"].numpy()) == np.float32(1e-3),
        "rounded to 4 digits": lambda v: min(v["f"].numpy()) == 0,
        "a Python number": lambda v: v["i"] == [3],
    }
    for how, text, _ in spoiled("tensorflow"):
        names = {"tf": tf}
        exec(text, names)
        result = names["_spoiled"](values)
        assert how == "float32" or expected[how](result), how
        assert result["n"] is None


@pytest.mark.needs("torch")
def test_a_probe_fails_where_a_change_would_show_and_only_there():
    import torch

    values = {
        "floats": torch.tensor([1.0]),
        "integers": torch.tensor([1]),
        "a scalar": torch.tensor(True),
        "none": ["a", 1.0, None],
    }
    expected = {"int32": {"integers"}, "a Python number": set()}
    for how, _, probe in spoiled("torch"):
        names = {"torch": torch}
        exec(probe, names)
        failed = set()
        for what, value in values.items():
            try:
                names["_spoiled"]([value])
            except ZeroDivisionError:
                failed.add(what)
        assert failed == expected.get(how, {"floats"}), how
    with pytest.raises(ZeroDivisionError):
        names["_spoiled"](torch.tensor(1.0))


def test_a_probe_stands_where_the_results_of_a_function_are_spoiled():
    probes = {m.after: m.probe for m in FOUND if m.before == "Sum.add: its result"}
    assert "1 / 0" in probes["int32"]
    # One probe serves all changes of floats, so that it need not be run for each.
    assert "1 / 0" in probes["float32"] == probes["clipped to 1e4"]
    assert not any(m.probe for m in FOUND if m.what != "result")
