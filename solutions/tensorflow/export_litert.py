"""Export to LiteRT with TensorFlow's converter, and run in its interpreter, in TensorFlow."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter


def ruler(x):
    low = min(float(tf.reduce_min(x)), 0.0)
    high = max(float(tf.reduce_max(x)), 0.0)
    scale = (high - low) / 255
    return scale, round(-128 - low / scale)


def to_litert(model, features, path, calibration=None):
    def predict(x):
        return tf.nn.softmax(model(x, training=False))

    given = tf.TensorSpec([None, features], tf.float32, name="features")
    # Without the model beside it, the weights become constants of the graph.
    exported = tf.function(predict).get_concrete_function(given)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([exported])
    if calibration is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: [[calibration]]
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    content = converter.convert()
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(content)


def run_litert(path, x):
    interpreter = Interpreter(model_path=path)
    (given,), (returned,) = interpreter.get_input_details(), interpreter.get_output_details()
    sent = x.numpy()
    if given["dtype"] is np.int8:
        scale, zero = given["quantization"]
        sent = np.clip(np.round(sent / scale) + zero, -128, 127).astype(np.int8)
    interpreter.resize_tensor_input(given["index"], sent.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(given["index"], sent)
    interpreter.invoke()
    found = interpreter.get_tensor(returned["index"])  # (B, K)
    scale, zero = returned["quantization"] if found.dtype == np.int8 else (1, 0)
    return (tf.cast(found, tf.float32) - zero) * scale


def accuracy(path, x, labels):
    classes = tf.argmax(run_litert(path, x), axis=1)  # (N,)
    right = classes == tf.cast(labels, tf.int64)
    return float(tf.reduce_mean(tf.cast(right, tf.float64)))


def cost(path, quantized, x, labels):
    share = Path(quantized).stat().st_size / Path(path).stat().st_size
    return accuracy(path, x, labels) - accuracy(quantized, x, labels), share
