"""Export a model as a SavedModel, in TensorFlow."""

import math
from pathlib import Path

import tensorflow as tf

SIGNATURE = "serving_default"


class Deployed(tf.Module):
    """From raw features to probabilities."""

    def __init__(self, model, mean, std):
        super().__init__()
        self.model, self.mean, self.std = model, tf.constant(mean), tf.constant(std)

    def predict(self, inputs):
        logits = self.model((inputs - self.mean) / self.std, training=False)  # (B, K)
        return {"probabilities": tf.nn.softmax(logits)}


def export(model, mean, std, folder, version):
    if version < 1:
        raise ValueError(f"a version is at least 1, not {version}")
    path = Path(folder) / str(version)
    if path.exists():
        raise FileExistsError(f"{path} is there already")
    whole = Deployed(model, mean, std)
    given = tf.TensorSpec([None, len(mean)], tf.float32, name="inputs")
    signature = tf.function(whole.predict, input_signature=[given])
    tf.saved_model.save(whole, path, signatures={SIGNATURE: signature})
    return f"{folder}/{version}"


def latest(names):
    found = [int(n) for n in names if n.isascii() and n.isdigit() and not n.startswith("0")]
    return max(found, default=0)


def load_runtime(path):
    loaded = tf.saved_model.load(path)

    def run(x):
        return loaded.signatures[SIGNATURE](inputs=x)["probabilities"]

    return run


def signature(path):
    function = tf.saved_model.load(path).signatures[SIGNATURE]
    ((name, given),) = function.structured_input_signature[1].items()
    (result,) = function.structured_outputs.values()
    batch, features = given.shape
    return {
        "input": name,
        "dtype": given.dtype.name,
        "features": features,
        "classes": result.shape[-1],
        "batch": batch,
    }


def max_difference(f, g, x):
    a, b = f(x), g(x)
    if a.shape != b.shape:
        raise ValueError(f"the shapes {a.shape} and {b.shape} differ")
    if bool(tf.reduce_any(tf.math.is_nan(a) | tf.math.is_nan(b))):
        return math.inf
    return float(tf.reduce_max(tf.abs(a - b)))
