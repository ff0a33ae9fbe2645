"""Backpropagation by hand, in TensorFlow."""

import math

import tensorflow as tf


def affine_forward(x, w, b):
    return x @ w + b, (x, w)  # (N, M)


def affine_backward(dout, cache):
    x, w = cache
    dx = tf.matmul(dout, w, transpose_b=True)  # (N, M) (M, D) -> (N, D)
    dw = tf.matmul(x, dout, transpose_a=True)  # (D, N) (N, M) -> (D, M)
    db = tf.reduce_sum(dout, axis=0)  # b was added to every row, so every row's gradient arrives
    return dx, dw, db


def relu_forward(x):
    positive = x > 0
    return tf.where(positive, x, 0.0), positive


def relu_backward(dout, cache):
    return tf.where(cache, dout, 0.0)


def two_layer_loss(params, x, y):
    hidden, affine1 = affine_forward(x, params["w1"], params["b1"])  # (N, H)
    active, relu = relu_forward(hidden)
    logits, affine2 = affine_forward(active, params["w2"], params["b2"])  # (N, K)

    one_hot = tf.one_hot(y, logits.shape[1], dtype=logits.dtype)  # (N, K)
    logp = tf.nn.log_softmax(logits)
    loss = -tf.reduce_mean(tf.reduce_sum(one_hot * logp, axis=1))

    dlogits = (tf.exp(logp) - one_hot) / len(y)  # softmax, minus 1 at the label, over N
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
