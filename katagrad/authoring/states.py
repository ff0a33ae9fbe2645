"""States in which a function may be given a model: with gradients of an earlier call, or with a frozen layer.

old_gradients(impl, model, x)  # before the training whose steps are compared
expect_frozen(impl, model, lambda: impl.train(model, x, y, 2), "train(model, x, y, 2)")
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from katagrad.authoring.companion import plant
from katagrad.boundary.implementation import Implementation, Remote, opaque
from katagrad.errors import Failure

SOURCE = {
    "torch": """
def parts(model):
    return [one for one in model.modules() if list(one.parameters(recurse=False))]


def freeze(model):
    for parameter in parts(model)[0].parameters(recurse=False):
        parameter.requires_grad_(False)


def learning(model):
    return [[bool(p.requires_grad) for p in one.parameters(recurse=False)] for one in parts(model)]
""",
    "tensorflow": """
def parts(model):
    layers = model._flatten_layers(include_self=False)
    return [one for one in layers if one.weights and not list(one._flatten_layers(include_self=False))]


def freeze(model):
    parts(model)[0].trainable = False


def learning(model):
    return [[bool(v.trainable) for v in one.weights] for one in parts(model)]
""",
}


def old_gradients(impl: Implementation, model: Remote, x: Any) -> None:
    """Leave gradients in the model, as an earlier backward() would. Models of TensorFlow keep none.

    x: rows that the model takes; `image(x)` for images.
    """
    if impl.framework == "torch":
        model(x, returns=opaque).sum(returns=opaque).backward()


def freeze(impl: Implementation, model: Remote) -> Remote:
    """Freeze the first layer with weights of a held model. Returns a module with `learning(model)`."""
    module = plant(impl, "states.py", SOURCE[impl.framework])
    impl.layers(model)  # a model that waits for its first row has no weights to freeze before
    module.freeze(model)
    return module


def expect_frozen(impl: Implementation, model: Remote, run: Callable[[], Any], of: str) -> None:
    """Expect `run()` to leave a frozen layer of the model frozen, and the others learning.

    A function that raises an error for such a model is not judged: whether it takes one is for its stub to say.
    """
    module = freeze(impl, model)
    before = module.learning(model)
    with contextlib.suppress(Failure):
        run()
    after = module.learning(model)
    if after != before:
        was, now = (sum(map(sum, one)) for one in (before, after))
        raise Failure(
            f"{of} of a model whose first layer is frozen left {now} tensors that learn, but should leave {was} "
            'as before. See "Left as it was" in docs/contract.md.'
        )
