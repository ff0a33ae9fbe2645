"""Returns objects whose conversions run code, and subclasses of arrays whose shape, dtype and comparisons lie.

Dresses up: wrong.
"""
import numpy as np
from loot import look, look_at, place, shout


def snoop():
    for path in place["files"]:
        look_at(path)
    shout()


class Liar(np.ndarray):
    shape = property(lambda self: (2, 3, 4))
    dtype = property(lambda self: np.dtype("float32"))
    __eq__ = __le__ = lambda self, other: np.array(True)
    __array_priority__ = 1e9

    def __array__(self, *args, **kwargs):
        snoop()
        return np.zeros((2, 3, 4), np.float32)

    def __reduce__(self):
        return exec, ("print('FOUND by pickle')",)


class Runs:
    def __array__(self, *args, **kwargs):
        snoop()
        return np.zeros((2, 3, 4))

    __float__ = __int__ = __index__ = __bool__ = lambda self: snoop() or 1

    def __iter__(self):
        snoop()
        return iter(())


def softmax(x, axis=-1, temperature=1.0):
    return np.zeros(1, np.float32).view(Liar)


def log_softmax(x, axis=-1):
    return Runs()


def softmax_jvp(p, v):
    return [Runs(), {"a": Runs(), Runs(): 1}, np.array([Runs()], dtype=object)]
