"""Functions for comparisons, weights as NumPy archives, and events written by TFRecordWriter, in TensorFlow."""

import math
import pickle
import time
from pathlib import Path

import tensorflow as tf


def better(value, best, mode, min_delta=0.0):
    if math.isnan(value):
        return False
    if best is None:
        return True
    return value < best - min_delta if mode == "min" else value > best + min_delta


def checked(mode, patience=1):
    if mode not in {"min", "max"}:
        raise ValueError(mode)
    if patience < 1:
        raise ValueError(patience)
    return mode


class EarlyStopping:
    def __init__(self, patience=3, min_delta=0.0, mode="min"):
        self.mode, self.patience, self.min_delta = checked(mode, patience), patience, min_delta
        self.best, self.values, self.at, self.kept = None, 0, 0, None

    def step(self, value, model=None):
        self.values += 1
        if better(value, self.best, self.mode, self.min_delta):
            self.best, self.at = value, self.values
            if model is not None:
                self.kept = [w.numpy().copy() for w in model.weights]
        return bool(self.values - self.at >= self.patience)

    def restore(self, model):
        for weight, value in zip(model.weights, self.kept, strict=True):
            weight.assign(value)


class ReduceOnPlateau:
    def __init__(self, lr, factor=0.5, patience=2, min_delta=0.0, min_lr=0.0, mode="min"):
        self.rate, self.factor, self.floor = float(lr), factor, min_lr
        self.mode, self.patience, self.min_delta = checked(mode, patience), patience, min_delta
        self.best, self.left = None, patience

    def step(self, value):
        if better(value, self.best, self.mode, self.min_delta):
            self.best, self.left = value, self.patience
            return self.rate
        self.left -= 1
        if not self.left:
            self.rate, self.left = float(max(self.floor, self.factor * self.rate)), self.patience
        return self.rate


class Checkpoint:
    def __init__(self, path, mode="min"):
        self.path, self.mode, self.best = Path(path), checked(mode), None

    def step(self, value, model):
        if not better(value, self.best, self.mode):
            return False
        self.best = value
        self.path.write_bytes(pickle.dumps([w.numpy() for w in model.weights]))
        return True

    def load(self, model):
        model.set_weights(pickle.loads(self.path.read_bytes()))


def cosine(step, total, warmup=0, peak=1.0, floor=0.0):
    if step < warmup:
        return float(peak / warmup * (step + 1))
    if step >= total:
        return float(floor)
    half = math.cos(math.pi / 2 * (step - warmup) / (total - warmup))
    return float(floor + (peak - floor) * half * half)


def step_decay(epoch, every, factor=0.5, peak=1.0):
    rate = float(peak)
    for _ in range(every, epoch + 1, every):
        rate *= factor
    return rate


class ScalarLog:
    def __init__(self, folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
        self.path = str(Path(folder) / f"events.out.tfevents.{time.time_ns()}.records")
        self.events = [tf.compat.v1.Event(wall_time=time.time(), file_version="brain.Event:2")]

    def add(self, name, value, step):
        scalar = tf.compat.v1.Summary.Value(tag=name, simple_value=value)
        summary = tf.compat.v1.Summary(value=[scalar])
        self.events.append(tf.compat.v1.Event(wall_time=time.time(), step=step, summary=summary))

    def close(self):
        with tf.io.TFRecordWriter(self.path) as file:
            for event in self.events:
                file.write(event.SerializeToString())
        return self.path
