"""Raises exceptions that fail, lie or never end when they are looked at.

Dresses up: wrong.
"""
import wrong


class Meta(type):
    __mro__ = property(lambda cls: 1 / 0)
    __name__ = property(lambda cls: 1 / 0)


class Awkward(BaseException, metaclass=Meta):
    __str__ = __repr__ = lambda self: 1 / 0
    __traceback__ = property(lambda self: 1 / 0)
    __class__ = property(lambda self: int)


class Long(KeyboardInterrupt):
    def __str__(self):
        return "x" * 50_000_000


class Passed(Exception):
    """Named as a verdict."""


Passed.__name__ = Passed.__qualname__ = "NotImplementedError"


def softmax(x, axis=-1, temperature=1.0):
    raise Awkward


def log_softmax(x, axis=-1):
    raise Long


def softmax_jvp(p, v):
    raise Passed("passed")
