"""The order of the axes of images, where a failure message has another one than the submission."""

from types import SimpleNamespace

import numpy as np
import pytest

from katagrad.boundary.implementation import Implementation, image, opaque
from katagrad.grading.axes import with_axes

TORCH, TENSORFLOW = SimpleNamespace(framework="torch"), SimpleNamespace(framework="tensorflow")
SHAPE = "dx has the shape (2, 5, 6, 3), but should have (2, 6, 7, 3)"
INDEX = "dx[0, 1, 2, 3] is 1, but should be 2 within 0.1\nSee docs/contract.md."


@pytest.mark.parametrize("message", [SHAPE, INDEX])
def test_axes_of_images_are_named_in_pytorch(message):
    said = with_axes(message, TORCH, {"image"})
    assert said == f"{message}\nIn this message, images are (N, H, W, C), as in TensorFlow."
    assert with_axes(message, TORCH, {"image", "kernel"}).endswith(
        "images are (N, H, W, C) and kernels are (H, W, in, out), as in TensorFlow."
    )


@pytest.mark.parametrize(
    ("message", "source", "layouts"),
    [
        (SHAPE, TENSORFLOW, {"image"}),
        (SHAPE, TORCH, set()),
        ("db[3] is 1, but should be 2", TORCH, {"image"}),
        ("f raised ValueError: the shape (2, 5, 6, 3)", TORCH, {"image"}),
        (SHAPE, None, ()),
    ],
)
def test_nothing_is_said_where_the_order_is_the_students(message, source, layouts):
    assert with_axes(message, source, layouts) == message


@pytest.mark.parametrize("returns", [None, "image", ("kernel", opaque)])
def test_only_what_a_check_asks_for_is_in_its_layout(returns):
    transport = SimpleNamespace(
        layouts=set(), request=lambda *_: (None, []), require=lambda _: None
    )
    Implementation(transport).conv2d(image(np.zeros((1, 2, 2, 1))), returns=returns)
    asked = [returns] if isinstance(returns, str) else list(returns or ())
    assert transport.layouts == {"image", "kernel"} & set(asked)
    Implementation(transport)._ask("record", "f", args=[image(np.zeros((1, 2, 2, 1)))])
    assert "image" in transport.layouts
