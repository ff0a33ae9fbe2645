"""TensorFlow: a functional model, checks before anything is loaded, and a training in HDF5."""

# ruff: noqa: PTH105, PTH118, PTH120

import json
import os
import shutil
import tempfile

import h5py
import keras
import numpy as np
import tensorflow as tf


def build(features, hidden, outputs):
    inputs = keras.Input((features,))
    h = keras.layers.BatchNormalization()(keras.layers.Dense(hidden)(inputs))
    return keras.Model(inputs, keras.layers.Dense(outputs)(keras.activations.relu(h)))


def swap_in(path, write):
    folder = tempfile.mkdtemp(dir=os.path.dirname(path))
    try:
        made = os.path.join(folder, "made.weights.h5")
        write(made)
        os.replace(made, path)
    finally:
        shutil.rmtree(folder)


def save_weights(model, path):
    swap_in(path, model.save_weights)


def shapes(path):
    found = []
    with h5py.File(path) as file:
        file.visititems(lambda _, one: found.append(one.shape) if hasattr(one, "shape") else None)
    return sorted(found)


def load_weights(model, path):
    if shapes(path) != sorted(tuple(v.shape) for v in model.variables):
        raise ValueError(f"{path} does not fit")
    spare = keras.models.clone_model(model)
    spare.load_weights(path)
    model.set_weights(spare.get_weights())


class Training:
    def __init__(self, model, lr, rng):
        self.model, self.rng, self.epoch = model, rng, 0
        self.optimizer = keras.optimizers.Adam(learning_rate=lr)
        self.optimizer.build(model.trainable_variables)

    def run(self, x, y, epochs, batch):
        losses = []
        for _ in range(epochs):
            order = tf.constant(self.rng.permutation(len(x)))
            rows = tf.data.Dataset.from_tensor_slices((tf.gather(x, order), tf.gather(y, order)))
            total = 0.0
            for features, targets in rows.batch(batch):
                with tf.GradientTape() as tape:
                    errors = tf.square(self.model(features, training=True) - targets)
                    loss = tf.reduce_mean(errors)
                variables = self.model.trainable_variables
                self.optimizer.apply_gradients(
                    zip(tape.gradient(loss, variables), variables, strict=True)
                )
                total += tf.reduce_sum(errors).numpy()
            losses.append(float(total / np.prod(y.shape)))
            self.epoch += 1
        return losses

    def save(self, path):
        def write(name):
            with h5py.File(name, "w") as file:
                file.attrs["about"] = json.dumps([self.epoch, self.rng.bit_generator.state])
                for i, value in enumerate(self.model.get_weights()):
                    file[f"model/{i}"] = value
                for i, variable in enumerate(self.optimizer.variables):
                    file[f"optimizer/{i}"] = variable.numpy()

        swap_in(path, write)


def resume(path, model):
    with h5py.File(path, "r") as file:
        epoch, state = json.loads(file.attrs["about"])
        weights = [file[f"model/{i}"][()] for i in range(len(file["model"]))]
        held = [file[f"optimizer/{i}"][()] for i in range(len(file["optimizer"]))]
    rng = np.random.Generator(getattr(np.random, state["bit_generator"])())
    rng.bit_generator.state = state
    training = Training(model, 0.1, rng)
    training.epoch = epoch
    model.set_weights(weights)
    for variable, value in zip(training.optimizer.variables, held, strict=True):
        variable.assign(value)
    return training
