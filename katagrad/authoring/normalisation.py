"""The number that batch normalisation adds to the variance, in graders of small convolutional networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from katagrad.authoring.convnet import EPSILON, Layer, forward
from katagrad.authoring.draws import normal
from katagrad.authoring.expect import close, image
from katagrad.boundary.implementation import Implementation, Remote


def with_epsilon(layers: Sequence[Layer], epsilon: float) -> list[Layer]:
    """The layers whose normalisation comes to the same as one that adds `epsilon` to the variances."""
    more = epsilon - EPSILON
    return [
        {**one, "variance": one["variance"] + more} if "variance" in one else one for one in layers
    ]


def faint(layers: Sequence[Layer]) -> list[Layer]:
    """The layers with variances as small as the number that is added to them, which then shows."""
    return [
        {**one, "variance": 1e-4 * one["variance"], "scale": 0.01 * one["scale"]}
        if "variance" in one
        else one
        for one in layers
    ]


def expect_epsilon(
    impl: Implementation, model: Remote, layers: Sequence[Layer], in_shape: Sequence[int], of: str
) -> None:
    """Expect `logits` of a model, whose layers are `faint` ones, to add 1e-5 to the variances.

    in_shape: (H, W, C). of: the model in a message, such as "build((8, 8, 1), (2, 3), 4)".
    """
    x = normal(5, *in_shape, scale=2.0)
    z = forward(layers, x, impl.framework)[0]
    close(
        impl.logits(model, image(x)),
        z,
        of=f"logits({of}, x), where running variances are near 1e-4",
        rtol=1e-3,
        atol=1e-4 * float(np.abs(z).max()),
        mistakes={
            "those with 1e-3 added to the variance": forward(
                with_epsilon(layers, 1e-3), x, impl.framework
            )[0],
        },
    )
