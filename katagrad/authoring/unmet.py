"""Test inputs that a submission cannot have seen: no table of labels and no other model has their answers.

A check of an outcome computes predictions from the model that came back, on such inputs, in NumPy (`impl.layers`),
and expects the submission's own `predict` to agree with it there.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from katagrad.authoring.comparison import counted, element
from katagrad.authoring.draws import generator, normal
from katagrad.errors import Failure


def images(x: np.ndarray, side: int) -> Iterator[tuple[str, np.ndarray]]:
    """(how, rows like x) of flat images, `side` pixels high: moved, inverted, noisy, and two laid over each other."""
    lines = x.reshape(len(x), side, -1)
    step = int(generator().integers(1, 3))
    yield f"test images moved by {step} pixels", np.roll(lines, step, axis=1).reshape(x.shape)
    yield "inverted test images", x.max() + x.min() - x
    yield "noisy test images", _rounded(x + 0.1 * x.std() * normal(*x.shape))
    yield "test images laid over each other", _rounded((x + x[::-1]) / 2)


def rows(x: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """(how, rows like x) of tables: noisy, mirrored at the mean, and mixed."""
    yield "noisy test rows", _rounded(x + 0.1 * x.std(0) * normal(*x.shape))
    yield "test rows mirrored at their mean", _rounded(2 * x.mean(0) - x)
    yield "means of two test rows", _rounded((x + x[::-1]) / 2)


def alphabet(classes: int) -> np.ndarray:
    """A permutation p of the class numbers without a fixed point: train on p[y], and expect p[y] back."""
    order = generator().permutation(classes)
    found = np.empty(classes, np.int64)
    found[order] = np.roll(order, 1)
    return found


def agree(found: np.ndarray, scores: np.ndarray, of: str, clear: float = 1e-3) -> None:
    """Expect class numbers to be the largest of `scores` (N, classes), computed from the model that came back.

    Rows whose two largest scores lie closer than `clear`, relative to all scores, are not judged.
    """
    two = np.sort(scores, axis=-1)[:, -2:]
    judged = two[:, 1] - two[:, 0] > clear * max(float(np.abs(scores).max()), 1e-6)
    wrong = judged & (np.asarray(found) != scores.argmax(-1))
    if wrong.any():
        row = int(np.argmax(wrong))
        share = counted(wrong, int(judged.sum()), "rows")
        raise Failure(
            f"{element(of, (row,))} is {np.asarray(found)[row]}, but should be {scores[row].argmax()}, the class of "
            f"the largest score that the trained model gives this row ({share})"
        )


def _rounded(x: np.ndarray) -> np.ndarray:
    return np.asarray(x, np.float32).astype(np.float64)
