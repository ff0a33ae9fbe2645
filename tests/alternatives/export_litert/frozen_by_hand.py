"""TensorFlow: weights read from the layers, one calibration row at a time, TensorFlow's own interpreter."""

# ruff: noqa: PTH123

import os
import warnings

import numpy as np
import tensorflow as tf


def ruler(x):
    numbers = np.append(x.numpy().astype(float).ravel(), 0.0)
    step = float(np.ptp(numbers)) / 255
    return step, int(np.rint(-128 - numbers.min() / step))


def to_litert(model, features, path, calibration=None):
    layers = [
        (type(layer).__name__, [np.array(w) for w in layer.weights], layer)
        for layer in model.layers
    ]

    class Whole(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, features), tf.float32)])
        def __call__(self, rows):
            for kind, weights, layer in layers:
                if kind == "Dense":
                    rows = tf.matmul(rows, tf.constant(weights[0])) + tf.constant(weights[1])
                elif kind == "BatchNormalization":
                    scale, offset, mean, variance = (tf.constant(w) for w in weights)
                    rows = (rows - mean) * (scale / tf.sqrt(variance + layer.epsilon)) + offset
                elif kind != "Dropout":
                    rows = layer(rows)
            return {
                "out": tf.exp(tf.nn.log_softmax(rows))
                if calibration is None
                else tf.nn.softmax(rows)
            }

    whole = Whole()
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [whole.__call__.get_concrete_function()], whole
    )
    if calibration is not None:

        def rows():
            for row in calibration.numpy():
                yield [row.reshape(1, -1)]

        converter.optimizations = {tf.lite.Optimize.DEFAULT}
        converter.representative_dataset = tf.lite.RepresentativeDataset(rows)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
    with open(path, "wb") as file:
        file.write(converter.convert())


def run_litert(path, x):
    with warnings.catch_warnings(), open(path, "rb") as file:
        warnings.simplefilter("ignore")
        runtime = tf.lite.Interpreter(model_content=file.read())
    first, last = runtime.get_input_details()[0], runtime.get_output_details()[0]
    if first["dtype"] == np.int8:
        step, zero = first["quantization"]
        x = tf.cast(tf.clip_by_value(tf.round(x / step) + zero, -128, 127), tf.int8)
    runtime.resize_tensor_input(first["index"], list(x.shape))
    runtime.allocate_tensors()
    runtime.set_tensor(first["index"], x)
    runtime.invoke()
    found = tf.cast(runtime.get_tensor(last["index"]), tf.float32)
    if last["dtype"] == np.int8:
        found = last["quantization"][0] * (found - last["quantization"][1])
    return found


def cost(path, quantized, x, labels):
    labels, rates = labels.numpy(), []
    for file in (path, quantized):
        rates.append(np.mean(np.argmax(run_litert(file, x).numpy(), 1) == labels))
    return float(rates[0] - rates[1]), os.path.getsize(quantized) / os.path.getsize(path)  # noqa: PTH202
