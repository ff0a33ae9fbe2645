"""Messages about what a call left behind in its arguments."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from katagrad.authoring import comparison as wording
from katagrad.boundary.probing import Found
from katagrad.boundary.remote import Remote
from katagrad.worker.wire import Made, NotATensor, WithLayout


def _subject(names: Sequence[str], count: int, path: Sequence[Any], keys: Sequence[str]) -> str:
    """An argument, or a part of it, as a student would write it: params['w']."""
    first = path[0]
    name = keys[first - count] if first >= count else ""
    name = name or (names[first] if first < len(names) else f"argument {first + 1}")
    return name + "".join(f"[{step!r}]" for step in path[1:])


def _at(args: tuple[Any, ...], kwargs: dict[str, Any], path: Sequence[Any]) -> Any:
    value: Any = [*args, *kwargs.values()]
    for step in path:
        value = value[step]
    return value


def touched(
    of: str,
    names: Sequence[str],
    inputs: tuple[tuple[Any, ...], dict[str, Any]],
    found: Found,
    changes: Collection[int | str],
) -> list[str]:
    """The arguments that a call changed though it should have left them, one message each."""
    args, kwargs = inputs
    keys = list(kwargs)
    free = {c for c in changes if isinstance(c, int)}
    free |= {len(args) + i for i, key in enumerate(keys) if key in changes}
    free |= {i for i, name in enumerate(names[: len(args)]) if name in changes}
    models = {tuple(path): value for path, value, _ in found.before}
    words = _frozen(of, names, args, keys, free, found)
    for path, value, about in found.after:
        if path[0] in free:
            continue
        subject = _subject(names, len(args), path, keys)
        if tuple(path) in models:
            if not np.array_equal(models[tuple(path)], value, equal_nan=True):
                model = _subject(names, len(args), path[:1], keys)
                words.append(f"{of} changed a parameter of {model}, which should be left as it was")
            continue
        if isinstance(_at(args, kwargs, path[:1]), (Made, Remote)):
            continue  # a parameter that the model made as it was first called
        sent = _at(args, kwargs, path)
        if isinstance(sent, (dict, list, tuple)):
            shown = sorted(str(key) for key in sent) if isinstance(sent, dict) else len(sent)
            now = sorted(about["keys"]) if isinstance(sent, dict) else about["size"]
            if now != shown:
                what = "the keys" if isinstance(sent, dict) else "the length"
                words.append(f"{of} left {what} of {subject} at {now}, but should leave {shown}")
            continue
        words += _tensor(of, subject, sent, value, about)
    return words


def _frozen(
    of: str,
    names: Sequence[str],
    args: tuple[Any, ...],
    keys: Sequence[str],
    free: Collection[int],
    found: Found,
) -> list[str]:
    """The models with fewer parameters that learn than before, one message each."""
    words = []
    for place in sorted({path[0] for path, _, _ in found.before} - set(free)):
        before, after = (
            sum(path[0] == place for path, _, _ in states) for states in (found.before, found.after)
        )
        if after < before:
            subject = _subject(names, len(args), [place], keys)
            words.append(
                f"{of} left {after} parameters of {subject} that gradient descent may change, "
                f"but should leave {before} as before: it froze some of them"
            )
    return words


def _tensor(of: str, subject: str, sent: Any, value: Any, about: dict[str, Any]) -> list[str]:
    if isinstance(value, NotATensor) is not isinstance(sent, NotATensor) or not isinstance(
        value, np.ndarray
    ):
        kind = "a NumPy array" if isinstance(sent, NotATensor) else "a tensor"
        found = wording.kind_of(value)
        return [f"{of} left {subject} as {found}, but should leave it as it was, {kind}"]
    before = sent.array if isinstance(sent, WithLayout) else np.asarray(sent)
    leaf = isinstance(sent, WithLayout) and sent.form == "leaf" and before.dtype.kind == "f"
    now = np.asarray(value)
    if now.shape != before.shape or now.dtype != before.dtype:
        return [
            (
                f"{of} left {subject} with the shape {now.shape} and the dtype {now.dtype}, "
                f"but should leave it as it was, {before.shape} and {before.dtype}"
            )
        ]
    wrong = (now != before) & ~((now != now) & (before != before))
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        left, right = wording.apart(now[at], before[at])
        return [
            (
                f"{of} left {subject}{wording.index(at)} at {left}, but should leave it as it was, "
                f"{right}{wording.share(wrong)}"
            )
        ]
    if not about:
        return []
    if about["requires_grad"] is not leaf:
        return [
            (
                f"{of} left {subject}.requires_grad at {about['requires_grad']}, "
                f"but should leave it as it was, {leaf}"
            )
        ]
    grad = about["grad"]
    if grad is None or not leaf:
        if (grad is not None) is not leaf:
            state = "None" if grad is None else f"a tensor of shape {grad.shape}"
            right = "a tensor" if leaf else "None"
            return [f"{of} left {subject}.grad at {state}, but should leave it as it was, {right}"]
        return []
    if not (grad == 0.5).all():
        return [
            (
                f"{of} changed {subject}.grad, which should be left as it was; "
                "torch.autograd.grad returns gradients without storing them"
            )
        ]
    return []


def is_container(value: Any, path: Sequence[Any]) -> bool:
    """Whether the part of a result at `path` is a dict or a list."""
    for step in path:
        value = value[step]
    return isinstance(value, (dict, list))


def sharing(of: str, names: Sequence[str], there: Sequence[Any], here: Sequence[Any]) -> str:
    """A result and an argument that lie in the same memory."""
    part = "".join(f"[{step!r}]" for step in there)
    subject = _subject(names, len(names), here, [])
    return (
        f"{of}{part} shares its memory with {subject}, but should be new: "
        "changing one of them changes the other"
    )
