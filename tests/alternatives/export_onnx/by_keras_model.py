"""TensorFlow: a Keras model around the network, and names set in the graph afterwards."""

# ruff: noqa: PTH123

import keras
import numpy as np
import onnx
import onnxruntime as ort
import tensorflow as tf
import tf2onnx


def to_onnx(model, features, path):
    inputs = keras.Input((features,))
    whole = keras.Model(inputs, keras.layers.Softmax()(model(inputs)))

    @tf.function(input_signature=[tf.TensorSpec((None, features), tf.float32, name="features")])
    def serve(rows):
        return tf.identity(whole(rows), name="probabilities")

    exported, _ = tf2onnx.convert.from_function(serve, serve.input_signature, opset=17)
    old = exported.graph.output[0].name
    for node in exported.graph.node:
        node.output[:] = ["probabilities" if name == old else name for name in node.output]
    exported.graph.output[0].name = "probabilities"
    for end in (exported.graph.input[0], exported.graph.output[0]):
        end.type.tensor_type.shape.dim[0].dim_param = "batch"
    with open(path, "wb") as file:
        file.write(exported.SerializeToString())


def describe(path):
    model = onnx.load_model(path)

    def ends(values):
        found = {}
        for value in values:
            dims = value.type.tensor_type.shape.dim
            found[value.name] = [dim.dim_param if dim.dim_param else dim.dim_value for dim in dims]
        return found

    parameters = sum(onnx.numpy_helper.to_array(one).size for one in model.graph.initializer)
    opsets = {entry.domain or "ai.onnx": entry.version for entry in model.opset_import}
    return {
        "operators": [node.op_type for node in model.graph.node],
        "parameters": int(parameters),
        "opset": opsets["ai.onnx"],
        "inputs": ends(model.graph.input),
        "outputs": ends(model.graph.output),
    }


def run_onnx(path, x):
    session = ort.InferenceSession(path)
    return tf.convert_to_tensor(session.run([], {session.get_inputs()[0].name: np.asarray(x)})[0])


def same_labels(a, b):
    return float(np.mean(np.argmax(a.numpy(), 1) == np.argmax(b.numpy(), 1)))
