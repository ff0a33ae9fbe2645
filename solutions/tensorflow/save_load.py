"""Save and load weights and a whole training, in TensorFlow."""

import io
import json
from pathlib import Path

import h5py
import keras
import numpy as np
import tensorflow as tf


def build(features, hidden, outputs):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((features,)),
            layers.Dense(hidden),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Dense(outputs),
        ]
    )


def replace_whole(path, write):
    """Let `write` make a file of another name, which takes the place of path once it is complete."""
    part = Path(path).with_name(f".part-{Path(path).name}")
    try:
        write(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def save_weights(model, path):
    replace_whole(path, model.save_weights)


def load_weights(model, path):
    before = model.get_weights()
    try:
        model.load_weights(path)
        if arrays(path) != len(before):  # Keras does not mind layers that the model lacks
            raise ValueError("the file holds the weights of another model")
    except Exception:
        model.set_weights(before)
        raise


def arrays(path):
    """The number of arrays in a file of weights."""
    found = []
    with h5py.File(path, "r") as file:
        file.visititems(lambda name, item: found.append(name) if hasattr(item, "shape") else None)
    return len(found)


class Training:
    def __init__(self, model, lr, rng):
        self.model, self.rng, self.epoch = model, rng, 0
        self.optimizer = keras.optimizers.Adam(lr)
        self.optimizer.build(model.trainable_variables)

    def run(self, x, y, epochs, batch):
        losses = []
        for _ in range(epochs):
            total = 0.0
            order = self.rng.permutation(len(x))  # (N,)
            for start in range(0, len(x), batch):
                rows = order[start : start + batch]
                with tf.GradientTape() as tape:
                    found = self.model(tf.gather(x, rows), training=True)
                    errors = (found - tf.gather(y, rows)) ** 2  # (batch, K)
                    loss = tf.reduce_mean(errors)
                gradients = tape.gradient(loss, self.model.trainable_variables)
                self.optimizer.apply(gradients)
                total += float(tf.reduce_sum(errors))
            losses.append(total / int(tf.size(y)))
            self.epoch += 1
        return losses

    def save(self, path):
        state = {"epoch": self.epoch, "rng": json.dumps(self.rng.bit_generator.state)}
        for i, variable in enumerate(self.model.variables):
            state[f"model {i}"] = variable.numpy()
        for i, variable in enumerate(self.optimizer.variables):
            state[f"optimizer {i}"] = variable.numpy()
        buffer = io.BytesIO()
        np.savez(buffer, **state)
        replace_whole(path, lambda part: part.write_bytes(buffer.getvalue()))


def resume(path, model):
    with np.load(path, allow_pickle=False) as file:
        state = dict(file)
    rng = np.random.default_rng()
    rng.bit_generator.state = json.loads(str(state["rng"]))
    training = Training(model, 0.0, rng)
    for i, variable in enumerate(model.variables):
        variable.assign(state[f"model {i}"])
    for i, variable in enumerate(training.optimizer.variables):
        variable.assign(state[f"optimizer {i}"])  # the learning rate is one of them
    training.epoch = int(state["epoch"])
    return training
