"""Only the rows that count are computed, and scattered to their places."""

import tensorflow as tf


@tf.function
def _soft(z, t, s):
    c = tf.cast(tf.shape(z)[1], z.dtype)
    z = z - tf.reduce_max(z, 1, keepdims=True)
    logp = z - tf.math.log(tf.reduce_sum(tf.exp(z), 1, keepdims=True))
    return -tf.einsum("nc,nc->n", (1 - s) * t + s / c, logp)


def cross_entropy(logits, labels, label_smoothing=0.0, ignore_index=None, reduction="mean"):
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(reduction)
    n, c = logits.shape
    s = tf.constant(label_smoothing, logits.dtype)
    if labels.dtype in (tf.float32, tf.float64):
        if labels.shape != [n, c]:
            raise ValueError("shape of soft labels")
        found = _soft(logits, labels, s)
        kept = n
    else:
        if labels.shape != [n]:
            raise ValueError("shape of labels")
        wide = [int(v) for v in labels.numpy()]
        keep = [i for i, v in enumerate(wide) if ignore_index is None or v != ignore_index]
        kept = len(keep)
        if kept:
            eye = tf.eye(c, dtype=logits.dtype)
            each = _soft(tf.gather(logits, keep), tf.gather(eye, [wide[i] for i in keep]), s)
            found = tf.scatter_nd([[i] for i in keep], each, [n])
        else:
            found = tf.zeros([n], logits.dtype)
    if reduction == "none":
        return found
    total = tf.reduce_sum(found)
    return total if reduction == "sum" else total / max(kept, 1)


def nll(log_probabilities, labels):
    picked = [log_probabilities[i, int(k)] for i, k in enumerate(labels)]
    return -tf.add_n(picked) / len(picked)
