"""Callable objects for functions, by other formulas, in TensorFlow and float64."""

import tensorflow as tf


class Loss:
    def __call__(self, prediction, target, reduction="mean"):
        return self.reduced(self.each, prediction, target, reduction)

    @staticmethod
    def reduced(each, prediction, target, reduction):
        if tuple(prediction.shape) != tuple(target.shape):
            raise ValueError("shapes")
        losses = each(tf.cast(prediction, tf.float64), tf.cast(target, tf.float64))
        flat = tf.reshape(losses, (-1,))
        total = tf.tensordot(flat, tf.ones_like(flat), 1)
        results = {"none": losses, "sum": total, "mean": total / flat.shape[0]}
        if reduction not in results:
            raise ValueError(reduction)
        return tf.cast(results[reduction], prediction.dtype)


class SquaredError(Loss):
    def each(self, prediction, target):
        return prediction**2 - 2 * prediction * target + target**2


class AbsoluteError(Loss):
    def each(self, prediction, target):
        return tf.maximum(prediction - target, target - prediction)


def huber(prediction, target, delta=1.0, reduction="mean"):
    def each(a, b):
        clipped = tf.clip_by_value(a - b, -delta, delta)
        return clipped * (a - b) - clipped**2 / 2

    return Loss.reduced(each, prediction, target, reduction)


def bce_with_logits(logits, labels, pos_weight=1.0, reduction="mean"):
    def each(z, y):
        weight = 1 + (pos_weight - 1) * y
        return (1 - y) * z + weight * tf.nn.softplus(-z)

    return Loss.reduced(each, logits, labels, reduction)


mse, mae = SquaredError(), AbsoluteError()
