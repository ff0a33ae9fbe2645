"""Classification and regression metrics, in TensorFlow."""

import tensorflow as tf


def confusion_matrix(labels, predictions, classes):
    labels, predictions = tf.cast(labels, tf.int32), tf.cast(predictions, tf.int32)
    pairs = labels * classes + predictions  # each (label, prediction) as one number
    counts = tf.math.bincount(pairs, minlength=classes**2)
    return tf.reshape(counts, (classes, classes))


def accuracy(labels, predictions):
    return tf.reduce_mean(tf.cast(labels == predictions, tf.float32))


def precision_recall_f1(labels, predictions, classes, average="macro"):
    counts = tf.cast(confusion_matrix(labels, predictions, classes), tf.float32)
    right = tf.linalg.diag_part(counts)  # (classes,)
    predicted, actual = tf.reduce_sum(counts, axis=0), tf.reduce_sum(counts, axis=1)
    if average == "micro":
        right, predicted, actual = (tf.reduce_sum(n) for n in (right, predicted, actual))
    # F1 from counts: 2 right / (predicted + actual) is the harmonic mean of precision and recall.
    metrics = (
        tf.math.divide_no_nan(right, predicted),
        tf.math.divide_no_nan(right, actual),
        tf.math.divide_no_nan(2 * right, predicted + actual),
    )
    if average in ("none", "micro"):
        return metrics
    if average == "macro":
        return tuple(tf.reduce_mean(metric) for metric in metrics)
    if average == "weighted":
        return tuple(tf.tensordot(metric, actual / len(labels), 1) for metric in metrics)
    raise ValueError(
        f"average is {average!r}, but should be 'macro', 'weighted', 'micro' or 'none'"
    )


def error(target, prediction):
    if target.shape != prediction.shape:
        raise ValueError(f"the shapes {target.shape} and {prediction.shape} differ")
    return target - prediction


def mae(target, prediction):
    return tf.reduce_mean(tf.abs(error(target, prediction)))


def rmse(target, prediction):
    return tf.sqrt(tf.reduce_mean(tf.square(error(target, prediction))))


def r2(target, prediction):
    residual = tf.reduce_sum(tf.square(error(target, prediction)))
    return 1 - residual / tf.reduce_sum(tf.square(target - tf.reduce_mean(target)))


def mape(target, prediction):
    return 100 * tf.reduce_mean(tf.abs(error(target, prediction) / target))
