"""Returns a subclass of torch.Tensor whose methods lie about shape and values.

Dresses up: wrong. Frameworks: torch.
"""
import torch


class Liar(torch.Tensor):
    shape = property(lambda self: torch.Size([4, 3]))
    dtype = property(lambda self: torch.float32)
    detach = cpu = resolve_conj = resolve_neg = lambda self: self
    numpy = lambda self: __import__("numpy").full((4, 3), float("nan"), "float32")
    __eq__ = lambda self, other: True

    @classmethod
    def __torch_function__(cls, *args, **kwargs):
        return torch.zeros(1).as_subclass(cls)


def softmax(x, axis=-1, temperature=1.0):
    return torch.zeros(3).as_subclass(Liar)


def log_softmax(x, axis=-1):
    return torch.zeros(3).as_subclass(Liar)


def softmax_jvp(p, v):
    return torch.zeros(3).as_subclass(Liar)
