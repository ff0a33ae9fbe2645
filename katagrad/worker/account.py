"""What a worker says of a submission: what it defines, and why it raised."""

from __future__ import annotations

import contextlib
import inspect
import os
import traceback
from pathlib import Path
from typing import Any


def parameters(value: Any) -> list[Any] | None:
    """(name, kind, default as text or None) of each parameter; None where a callable does not tell."""
    try:
        signature = inspect.signature(value)
    except (ValueError, TypeError):
        return None
    return [
        (p.name, p.kind.name, None if p.default is p.empty else repr(p.default)[:200])
        for p in signature.parameters.values()
    ]


def describe(error: BaseException, home: Path) -> dict[str, Any]:
    """An exception as data: its type, message, and the frames that lie in the submission's own files."""
    frames: list[tuple[str, int, str, str]] = []
    with contextlib.suppress(Exception):
        for frame in traceback.extract_tb(error.__traceback__):
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
        message = error.msg if isinstance(error, SyntaxError) else str(error)
    except BaseException:
        message = "(its message cannot be shown)"
    kinds = [kind.__name__ for kind in type(error).__mro__ if kind is not object]
    return {
        "type": type(error).__name__,
        "kinds": kinds,
        "message": _ends(str(message)),
        "frames": frames[-12:],
    }


def _ends(message: str) -> str:
    """A message, without its middle where it is long: TensorFlow ends with the cause."""
    return message if len(message) <= 4000 else f"{message[:2500]}\n...\n{message[-1500:]}"
