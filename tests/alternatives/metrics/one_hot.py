"""Products of one-hot matrices in float64, in TensorFlow."""

import tensorflow as tf


def hot(classes, *labels):
    return [tf.one_hot(each, classes, dtype=tf.float64) for each in labels]


def confusion_matrix(labels, predictions, classes):
    truth, found = hot(classes, labels, predictions)
    return tf.cast(tf.round(tf.transpose(truth) @ found), tf.int64)


def accuracy(labels, predictions):
    return tf.math.count_nonzero(tf.equal(labels, predictions)) / tf.size(labels, tf.int64)


def ratio(a, b):
    return tf.where(b > 0, a / tf.where(b > 0, b, 1), 0)


def precision_recall_f1(labels, predictions, classes, average="macro"):
    truth, found = hot(classes, labels, predictions)
    axis = None if average == "micro" else 0
    hits, claimed, existing = (tf.reduce_sum(x, axis) for x in (truth * found, found, truth))
    precision, recall = ratio(hits, claimed), ratio(hits, existing)
    metrics = tf.stack([precision, recall, ratio(2 * precision * recall, precision + recall)])
    if average == "macro":
        metrics = tf.reduce_mean(metrics, axis=-1)
    elif average == "weighted":
        metrics = tf.linalg.matvec(metrics, existing) / tf.reduce_sum(existing)
    elif average not in ("micro", "none"):
        raise ValueError(average)
    return tf.unstack(tf.cast(metrics, tf.float32))


def same(function):
    def checked(target, prediction):
        if list(target.shape) != list(prediction.shape):
            raise ValueError("shapes")
        return function(tf.cast(target, tf.float64), tf.cast(prediction, tf.float64))

    return checked


@same
def mae(target, prediction):
    return tf.reduce_mean(tf.maximum(target, prediction) - tf.minimum(target, prediction))


@same
def rmse(target, prediction):
    return tf.norm(target - prediction) / tf.sqrt(tf.cast(tf.size(target), tf.float64))


@same
def r2(target, prediction):
    return 1 - tf.reduce_mean((target - prediction) ** 2) / tf.math.reduce_variance(target)


@same
def mape(target, prediction):
    return float(tf.reduce_mean(tf.abs(target - prediction) / tf.abs(target))) * 100
