"""Raises groups of groups of exceptions with notes, causes in a circle, and classes that lie about themselves.

Dresses up: wrong.
"""


class Liar(ValueError):
    args = __traceback__ = __class__ = property(lambda self: 1 / 0)


def softmax(x, axis=-1, temperature=1.0):
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__cause__ = second, first
    first.__notes__ = ["\x1b[2J" + "note" * 100_000] * 100
    raise first


def log_softmax(x, axis=-1):
    kind = globals().get("ExceptionGroup") or __builtins__.get("ExceptionGroup", ValueError)
    error = kind("many", [ValueError("one")] * 1000) if kind is not ValueError else ValueError("one")
    for _ in range(1000 if kind is not ValueError else 0):
        error = kind("n" * 1000, [error])
    raise error


def softmax_jvp(p, v):
    raise Liar("x")
