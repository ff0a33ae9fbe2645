"""Pictures of exercises/transformer.py."""

import numpy as np

from katagrad import data


def trained(impl):
    """Parameters that reverse rows of 6 symbols, and 16 other rows with their answers."""
    rng = impl.rng(5)
    x, y = data.reverse(1016, np.random.default_rng(5), length=6)
    y = np.concatenate([y, np.full((1016, 1), 2)], 1)
    params, _ = impl.fit(impl.build(13, 32, 4, 64, rng), x[16:], y[16:], 7, 0.005, 25, rng)
    return params, x[:16], y[:16]


def moved(impl, params, src, given, place, of):
    """How far the logits of each token (T,) move when the token at `place` of `of` is another one."""
    usual, _ = impl.decode(params, given, impl.encode(params, src), src)
    src, given = src.copy(), given.copy()
    row = {"source": src, "answer": given}[of][:, place]
    row[:] = 3 + (row - 2) % 10
    other, _ = impl.decode(params, given, impl.encode(params, src), src)
    return np.abs(other - usual).mean((0, 2))


def draw_influence(impl, figure):
    """What each token of a reversed row depends on: how far its logits move when another token takes a place"""
    params, src, targets = trained(impl)
    given = impl.shifted(targets)
    for axes, (of, size) in zip(
        figure.subplots(1, 2), {"source": 6, "answer": 7}.items(), strict=True
    ):
        columns = [moved(impl, params, src, given, place, of) for place in range(size)]
        axes.imshow(np.stack(columns, 1), vmin=0)
        axes.set(title=f"another token in the {of}", xlabel=f"place in the {of}", ylabel="token")
