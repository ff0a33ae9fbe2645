"""Backpropagation by hand, in PyTorch."""

import math

import torch


def affine_forward(x, w, b):
    return x @ w + b, (x, w)  # (N, M)


def affine_backward(dout, cache):
    x, w = cache
    dx = dout @ w.T  # (N, M) (M, D) -> (N, D)
    dw = x.T @ dout  # (D, N) (N, M) -> (D, M)
    db = dout.sum(dim=0)  # b was added to every row, so every row's gradient arrives
    return dx, dw, db


def relu_forward(x):
    positive = x > 0
    return torch.where(positive, x, 0.0), positive


def relu_backward(dout, cache):
    return torch.where(cache, dout, 0.0)


def two_layer_loss(params, x, y):
    hidden, affine1 = affine_forward(x, params["w1"], params["b1"])  # (N, H)
    active, relu = relu_forward(hidden)
    logits, affine2 = affine_forward(active, params["w2"], params["b2"])  # (N, K)

    rows = torch.arange(len(y))
    logp = logits - logits.logsumexp(dim=1, keepdim=True)  # (N, K)
    loss = -logp[rows, y].mean()

    dlogits = logp.exp()  # softmax, minus 1 at the label, over N
    dlogits[rows, y] -= 1
    dlogits /= len(y)
    dactive, dw2, db2 = affine_backward(dlogits, affine2)
    _, dw1, db1 = affine_backward(relu_backward(dactive, relu), affine1)
    return loss, {"w1": dw1, "b1": db1, "w2": dw2, "b2": db2}


class Value:
    def __init__(self, data, parents=(), slopes=()):
        self.data, self.grad = float(data), 0.0
        self.parents, self.slopes = parents, slopes  # slopes: d self / d parent

    def __add__(self, other):
        other = _value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = _value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, exponent):
        slope = exponent * self.data ** (exponent - 1)
        return Value(self.data**exponent, (self,), (slope,))

    def exp(self):
        result = math.exp(self.data)
        return Value(result, (self,), (result,))

    def relu(self):
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),))

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return -self + other

    def __truediv__(self, other):
        return self * _value(other) ** -1

    __radd__, __rmul__ = __add__, __mul__

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)  # after everything that it was computed from

        visit(self)
        # The derivatives of this result alone; `grad` may hold those of others.
        flow = dict.fromkeys(order, 0.0)
        flow[self] = 1.0
        for node in reversed(order):
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                flow[parent] += slope * flow[node]
            node.grad = 1.0 if node is self else node.grad + flow[node]


def _value(x):
    return x if isinstance(x, Value) else Value(x)
