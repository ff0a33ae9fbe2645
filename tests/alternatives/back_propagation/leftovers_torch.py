"""A call of the engine that was left at the top level, and a sorter of the standard library; PyTorch."""

import math
import sys
from collections import namedtuple
from graphlib import TopologicalSorter

import torch

sys.setrecursionlimit(10_000)
torch.set_grad_enabled(False)
torch.manual_seed(0)
torch.set_grad_enabled(True)

Affine = namedtuple("Affine", "x w")


@torch.no_grad()
def affine_forward(x, w, b):
    return torch.addmm(b, x, w), Affine(x, w)


@torch.no_grad()
def affine_backward(dout, cache):
    dx = dout.mm(cache.w.t())
    dw = cache.x.t().mm(dout)
    db = dout.new_ones(dout.shape[0]) @ dout
    return dx, dw, db


@torch.no_grad()
def relu_forward(x):
    keep = x > 0
    return x.masked_fill(~keep, 0), {"keep": keep}


def relu_backward(dout, cache):
    return dout.detach().masked_fill(cache["keep"].logical_not(), 0.0)


@torch.no_grad()
def two_layer_loss(params, x, y):
    y = y.long()
    a, cache_1 = affine_forward(x, params["w1"], params["b1"])
    h, cache_r = relu_forward(a)
    z, cache_2 = affine_forward(h, params["w2"], params["b2"])
    rows = torch.arange(x.size(0))
    log_p = torch.log_softmax(z, 1)
    loss = log_p[rows, y].neg().mean()
    dz = log_p.exp()
    dz[rows, y] -= 1
    dz /= len(y)
    grads = {}
    dh, grads["w2"], grads["b2"] = affine_backward(dz, cache_2)
    _, grads["w1"], grads["b1"] = affine_backward(relu_backward(dh, cache_r), cache_1)
    return loss, {name: grads[name] for name in params}


class Value:
    """Keeps its parents with the local derivative by each."""

    __slots__ = ("_edges", "data", "grad")

    def __init__(self, data, _edges=()):
        self.data = float(data)
        self.grad = 0.0
        self._edges = _edges

    def __repr__(self):
        return f"Value({self.data:.4f}, grad={self.grad:.4f})"

    @staticmethod
    def _of(other):
        return other if isinstance(other, Value) else Value(other)

    def __add__(self, other):
        other = self._of(other)
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

    __radd__ = __add__

    def __neg__(self):
        return Value(-self.data, ((self, -1.0),))

    def __sub__(self, other):
        other = self._of(other)
        return Value(self.data - other.data, ((self, 1.0), (other, -1.0)))

    def __rsub__(self, other):
        return self._of(other) - self

    def __mul__(self, other):
        other = self._of(other)
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))

    __rmul__ = __mul__

    def __truediv__(self, other):
        other = self._of(other)
        q = self.data / other.data
        return Value(q, ((self, 1 / other.data), (other, -q / other.data)))

    def __pow__(self, exponent):
        slope = exponent * self.data ** (exponent - 1) if exponent != 0 else 0.0
        return Value(self.data**exponent, ((self, slope),))

    def exp(self):
        e = math.exp(self.data)
        return Value(e, ((self, e),))

    def relu(self):
        return Value(max(self.data, 0.0), ((self, float(self.data > 0)),))

    def backward(self):
        graph, stack = {}, [self]
        while stack:
            node = stack.pop()
            if node not in graph:
                graph[node] = [parent for parent, _ in node._edges]
                stack.extend(graph[node])
        order = list(TopologicalSorter(graph).static_order())[::-1]
        flow = dict.fromkeys(order, 0.0)
        flow[self] = 1.0
        for node in order:
            for parent, slope in node._edges:
                flow[parent] += slope * flow[node]
        for node in order:
            node.grad = 1.0 if node is self else node.grad + flow[node]


a, b = Value(2.0), Value(3.0)
c = a * b + a * 4.0
c.backward()
print(a, b, c)
