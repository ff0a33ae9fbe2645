"""TensorFlow: a functional Keras model around the network, exported with Keras's own archive."""

# ruff: noqa: PTH112, PTH118

import os
import re

import keras
import numpy as np
import tensorflow as tf


def export(model, mean, std, folder, version):
    if version <= 0:
        raise ValueError("versions begin with 1")
    path = os.path.join(folder, str(version))
    if os.path.isdir(path):
        raise FileExistsError(path)
    inputs = keras.Input((int(mean.shape[0]),), name="inputs")
    scaled = keras.layers.Normalization(mean=mean.numpy(), variance=std.numpy() ** 2)(inputs)
    whole = keras.Model(inputs, keras.layers.Softmax()(model(scaled, training=False)))
    archive = keras.export.ExportArchive()
    archive.track(whole)
    archive.add_endpoint(
        "serving_default",
        lambda inputs: {"probabilities": whole(inputs, training=False)},
        [tf.TensorSpec((None, int(mean.shape[0])), tf.float32, "inputs")],
    )
    archive.write_out(path, verbose=False)
    return path


def latest(names):
    return max([0, *(int(name) for name in names if re.fullmatch("[1-9][0-9]*", name))])


def load_runtime(path):
    loaded = tf.saved_model.load(path)
    serve = loaded.signatures["serving_default"]
    serve.keeps = loaded
    return lambda x: serve(inputs=tf.convert_to_tensor(x))["probabilities"]


def signature(path):
    serve = tf.saved_model.load(path).signatures["serving_default"]
    given = serve.structured_input_signature[1]["inputs"]
    return {
        "input": "inputs",
        "dtype": np.dtype(given.dtype.as_numpy_dtype).name,
        "features": given.shape[1],
        "classes": serve.structured_outputs["probabilities"].shape[1],
        "batch": given.shape[0],
    }


def max_difference(f, g, x):
    one, other = np.asarray(f(x)), np.asarray(g(x))
    if one.shape != other.shape:
        raise ValueError("shapes differ")
    found = np.abs(one - other).max()
    return float("inf") if np.isnan(found) else float(found)
