"""Export to ONNX with tf2onnx, and run in ONNX Runtime, in TensorFlow."""

import math

import onnx
import onnxruntime
import tensorflow as tf
import tf2onnx


def to_onnx(model, features, path):
    def predict(x):
        return {"probabilities": tf.nn.softmax(model(x, training=False))}

    given = tf.TensorSpec([None, features], tf.float32, name="features")
    exported, _ = tf2onnx.convert.from_function(
        tf.function(predict), input_signature=[given], opset=18
    )
    for end in (*exported.graph.input, *exported.graph.output):
        end.type.tensor_type.shape.dim[0].dim_param = "batch"  # tf2onnx invents a name
    onnx.save(exported, path)


def describe(path):
    model = onnx.load(path)

    def shapes(values):
        axes = {value.name: value.type.tensor_type.shape.dim for value in values}
        return {name: [d.dim_param or d.dim_value for d in dims] for name, dims in axes.items()}

    return {
        "inputs": shapes(model.graph.input),
        "outputs": shapes(model.graph.output),
        "opset": next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx")),
        "parameters": sum(math.prod(one.dims) for one in model.graph.initializer),
        "operators": [node.op_type for node in model.graph.node],
    }


def run_onnx(path, x):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    (found,) = session.run(None, {given.name: x.numpy()})
    return tf.constant(found)  # (B, K)


def same_labels(a, b):
    same = tf.argmax(a, axis=1) == tf.argmax(b, axis=1)  # (B,)
    return float(tf.reduce_mean(tf.cast(same, tf.float64)))
