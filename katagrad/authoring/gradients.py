"""Checks of gradients, whose messages say that outputs are weighted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from katagrad.authoring import comparison as wording
from katagrad.authoring.draws import normal
from katagrad.authoring.plan import Plan
from katagrad.authoring.variants import bare, narrow
from katagrad.boundary.implementation import Implementation
from katagrad.errors import Failure, FormFailure


def gradient(
    impl: Implementation,
    name: str,
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    *,
    size: Sequence[int],
    expected: Callable[[np.ndarray], Any],
    wrt: int | str = 0,
    weights: np.ndarray | None = None,
    mistakes: Mapping[str, Callable[[np.ndarray], Any]] | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    **options: Any,
) -> None:
    """Expect the gradient of sum(c * f(...)) by one argument, with c drawn at random.

    size: the shape of the result. expected: c -> the gradient. weights: c, where it must not be drawn. mistakes: wrong
    gradients by name, as functions of c. options: output and returns, as `impl.grad` takes them.
    """
    plan = Plan(impl, name, tuple(args), dict(kwargs or {}), None, False, False, False)
    plan.add("plain", "")
    at = plan.names[wrt] if isinstance(wrt, int) and wrt < len(plan.names) else f"argument {wrt}"
    subject = wrt if isinstance(wrt, str) else at
    c = normal(*size) if weights is None else np.asarray(weights)
    of = f"d sum(c * {plan.of[0]}) / d{subject}"
    found = impl.grad(name, *args, wrt=wrt, cotangent=c, **(kwargs or {}), **options)
    if found is None:
        raise FormFailure(
            f"{of} is missing: the result does not depend on {subject} through tensor operations"
        )
    array, wanted = wording.tensor(found, of), np.asarray(expected(c))
    if array.shape != wanted.shape:
        raise FormFailure(f"{of} has the shape {array.shape}, but should have {wanted.shape}")
    known = {key: wrong(c) for key, wrong in (mistakes or {}).items()}
    try:
        wording.compare(array, wanted, of, rtol, atol, known)
    except FormFailure:
        raise
    except Failure as reason:
        wrong = ~np.isclose(array, wanted, *wording.tolerance(array.dtype.name, rtol, atol))
        where = tuple(int(i) for i in np.argwhere(wrong)[0])
        value = bare(args[wrt] if isinstance(wrt, int) else (kwargs or {})[wrt])
        shown = [f"{subject}{wording.index(where)} is {narrow(value)[where]:.6g}"]
        if c.shape == wanted.shape:
            shown.append(f"c{wording.index(where)} is {c[where]:.6g}")
        raise Failure(f"{reason}. Here c is drawn at random, {' and '.join(shown)}") from None
