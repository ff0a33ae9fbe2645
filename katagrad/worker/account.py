"""Describe a submission for the driver: the functions that it defines, and its exceptions."""

from __future__ import annotations

import contextlib
import difflib
import inspect
import os
import re
import traceback
from pathlib import Path
from typing import Any


def parameters(value: Any) -> list[Any] | None:
    """(name, kind, default as text or None) of each parameter. None if the signature is unknown."""
    try:
        signature = inspect.signature(value)
    except (ValueError, TypeError):
        return None
    return [
        (p.name, p.kind.name, None if p.default is p.empty else repr(p.default)[:200])
        for p in signature.parameters.values()
    ]


def describe(error: BaseException, home: Path) -> dict[str, Any]:
    """An exception as data: its type, its message, and its frames in the submission's files."""
    frames: list[tuple[str, int, str, str]] = []
    with contextlib.suppress(Exception):
        # A broken rule notes its frames, which may be in another thread.
        noted = list(getattr(error, "places", ()))
        frames += noted
        for frame in () if noted else traceback.extract_tb(error.__traceback__):
            if frame.filename.startswith(str(home)):
                path = os.path.relpath(frame.filename, home)
                frames.append((path, frame.lineno or 0, frame.name, (frame.line or "")[:200]))
        if isinstance(error, SyntaxError) and str(error.filename).startswith(str(home)):
            line = (
                os.path.relpath(str(error.filename), home),
                error.lineno or 0,
                "",
                (error.text or "").strip()[:200],
            )
            frames.append(line)
    try:
        message = (
            error.msg if isinstance(error, SyntaxError) else getattr(error, "text", str(error))
        )
    except BaseException:
        message = "(its message cannot be shown)"
    if isinstance(error, (NameError, AttributeError)) and "Did you mean" not in message:
        with contextlib.suppress(Exception):
            message += _suggestion(error)
    kinds = [kind.__name__ for kind in type(error).__mro__ if kind is not object]
    return {
        "type": type(error).__name__,
        "kinds": kinds,
        "message": _ends(_plain(str(message))),
        "frames": frames[-12:],
    }


def _suggestion(error: NameError | AttributeError) -> str:
    """Python's "Did you mean", which is part of a traceback but not of the exception."""
    if isinstance(error, AttributeError):
        known = dir(error.obj)
    else:
        step = error.__traceback__
        while step is not None and step.tb_next is not None:
            step = step.tb_next
        frame = step.tb_frame if step is not None else None
        known = [*frame.f_locals, *frame.f_globals, *frame.f_builtins] if frame else []
    near = difflib.get_close_matches(str(error.name), [n for n in known if n != error.name], 1)
    return f". Did you mean: '{near[0]}'?" if near else ""


def _plain(message: str) -> str:
    """A message without what TensorFlow adds for its own authors: where an operation ran, and an empty name."""
    message = re.sub(r"\{\{function_node [^{}]*\}\} ", "", message)
    return re.sub(r" \[Op:(\w+)\](?: name: ?)?$", r" (operation \1)", message)


def _ends(message: str) -> str:
    """Cut the middle out of a long message. TensorFlow's messages end with the cause."""
    return message if len(message) <= 4000 else f"{message[:2500]}\n...\n{message[-1500:]}"
