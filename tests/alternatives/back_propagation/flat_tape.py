"""A cache that is a class, sums by tensordot, and an engine whose order is that of creation."""

import itertools
import math
import operator

import tensorflow as tf


class Seen:
    def __init__(self, **kept):
        self.__dict__.update(kept)


def affine_forward(x, w, b):
    return tf.linalg.matmul(x, w) + tf.reshape(b, [1, -1]), Seen(x=x, w=w)


def affine_backward(dout, cache):
    dx = tf.tensordot(dout, cache.w, axes=[[1], [1]])
    dw = tf.tensordot(cache.x, dout, axes=[[0], [0]])
    return dx, dw, tf.linalg.matvec(dout, tf.ones_like(dout[:, 0]), transpose_a=True)


def relu_forward(x):
    out = tf.nn.relu(x)
    return out, Seen(slope=tf.sign(out))


def relu_backward(dout, cache):
    return cache.slope * dout


def two_layer_loss(params, x, y):
    wide = {key: tf.cast(value, tf.float64) for key, value in params.items()}
    hidden, seen1 = affine_forward(tf.cast(x, tf.float64), wide["w1"], wide["b1"])
    active, mask = relu_forward(hidden)
    logits, seen2 = affine_forward(active, wide["w2"], wide["b2"])
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
    count = tf.cast(tf.size(y), tf.float64)
    at = tf.stack([tf.range(tf.size(y, tf.int64)), tf.cast(y, tf.int64)], axis=1)
    dlogits = tf.tensor_scatter_nd_sub(tf.nn.softmax(logits), at, tf.ones_like(losses)) / count
    dactive, dw2, db2 = affine_backward(dlogits, seen2)
    _, dw1, db1 = affine_backward(relu_backward(dactive, mask), seen1)
    grads = {"b1": db1, "b2": db2, "w1": dw1, "w2": dw2}
    return (
        tf.cast(tf.reduce_sum(losses) / count, x.dtype),
        {key: tf.cast(grad, x.dtype) for key, grad in grads.items()},
    )


class Value:
    created = itertools.count()

    def __init__(self, data, sources=()):
        self.data, self.grad, self.sources = float(data), 0.0, list(sources)
        self.number = next(Value.created)

    def __add__(self, other):
        if not isinstance(other, Value):
            return Value(self.data + other, [(self, 1.0)])
        return Value(self.data + other.data, [(self, 1.0), (other, 1.0)])

    def __mul__(self, other):
        if not isinstance(other, Value):
            return Value(self.data * other, [(self, other)])
        return Value(self.data * other.data, [(self, other.data), (other, self.data)])

    def __sub__(self, other):
        if not isinstance(other, Value):
            return Value(self.data - other, [(self, 1.0)])
        return Value(self.data - other.data, [(self, 1.0), (other, -1.0)])

    def __rsub__(self, other):
        return Value(other - self.data, [(self, -1.0)])

    def __truediv__(self, other):
        if not isinstance(other, Value):
            return Value(self.data / other, [(self, 1 / other)])
        ratio = self.data / other.data
        return Value(ratio, [(self, 1 / other.data), (other, -ratio / other.data)])

    def __neg__(self):
        return Value(-self.data, [(self, -1.0)])

    def __pow__(self, exponent):
        slope = exponent * math.pow(self.data, exponent - 1)
        return Value(math.pow(self.data, exponent), [(self, slope)])

    __radd__ = __add__
    __rmul__ = __mul__

    def exp(self):
        return Value(math.exp(self.data), [(self, math.exp(self.data))])

    def relu(self):
        return Value(self.data if self.data > 0 else 0.0, [(self, 1.0 if self.data > 0 else 0.0)])

    def backward(self):
        found, open_ends = {self.number: self}, [self]
        while open_ends:
            for source, _ in open_ends.pop().sources:
                if source.number not in found:
                    found[source.number] = source
                    open_ends.append(source)
        sums = dict.fromkeys(found, 0.0)
        sums[self.number] = 1.0
        # A result is made after its operands, so the order of creation is a topological order.
        for node in sorted(found.values(), key=operator.attrgetter("number"), reverse=True):
            for source, slope in node.sources:
                sums[source.number] += slope * sums[node.number]
            node.grad += sums[node.number]
        self.grad = 1.0
