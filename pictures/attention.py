"""Pictures of exercises/attention.py."""

import numpy as np


def draw_weights(impl, figure):
    """Attention weights of six tokens, without a mask and with the causal one"""
    rng = np.random.default_rng(5)
    q, k, v = (rng.normal(size=(1, 6, 8)) for _ in range(3))
    masks = {"no mask": None, "causal mask": impl.causal_mask(6)}
    for axes, (name, mask) in zip(figure.subplots(1, 2), masks.items(), strict=True):
        _, weights = impl.attention(q, k, v, mask)
        axes.imshow(weights[0], vmin=0, vmax=1)
        axes.set(title=name, xlabel="key", ylabel="query")
