"""A function that thaws or freezes layers is told from one that leaves them, and old gradients are left."""

import pytest

from katagrad.authoring.expect import normal, opaque
from katagrad.authoring.states import expect_frozen, freeze, old_gradients
from katagrad.errors import Failure

FRAMEWORKS = [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("torch", "tensorflow")]
THAWS = {
    "torch": "def size(x): x.requires_grad_(True)",
    # In Keras, model.trainable = True changes nothing where only a layer is frozen.
    "tensorflow": "def size(x):\n    for layer in x.layers:\n        layer.trainable = True",
}
FREEZES = {
    "torch": "def size(x): x.requires_grad_(False)",
    "tensorflow": "def size(x): x.trainable = False",
}
LEAVES = "def size(x): return 0"
RAISES = "def size(x): raise RuntimeError('one of the tensors does not require grad')"


def model(impl):
    return impl.sequential(
        {"type": "dense", "kernel": normal(3, 4), "bias": normal(4)},
        "relu",
        {"type": "dense", "kernel": normal(4, 2), "bias": normal(2)},
    )


def judge(impl):
    one = model(impl)
    expect_frozen(impl, one, lambda: impl.size(one), "size(x)")


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_function_that_leaves_layers_frozen_passes(grade, framework):
    for change in (LEAVES, RAISES):
        grade(framework, change, judge)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_function_that_thaws_or_freezes_layers_falls(grade, framework):
    for change, left in ((THAWS[framework], 4), (FREEZES[framework], 0)):
        with pytest.raises(Failure, match=f"left {left} tensors that learn, but should leave 2"):
            grade(framework, change, judge)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_freeze_leaves_the_other_layers_learning(grade, framework):
    def body(impl):
        one = model(impl)
        return freeze(impl, one).learning(one)

    assert grade(framework, LEAVES, body) == [[False, False], [True, True]]


@pytest.mark.needs("torch")
def test_old_gradients_are_left_in_a_model(grade):
    def body(impl):
        one = model(impl)
        old_gradients(impl, one, normal(5, 3))
        found = one.parameters(returns=opaque).take(9, returns=opaque)
        return [p.get("grad") is not None for p in found]

    assert grade("torch", LEAVES, body) == [True] * 4
