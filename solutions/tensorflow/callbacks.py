"""Early stopping, plateaus, checkpoints, schedules and scalar logs, in TensorFlow and Keras."""

import math
from pathlib import Path

import tensorflow as tf


class Progress:
    """The best value so far, and how many values in a row have not improved it."""

    def __init__(self, patience=3, min_delta=0.0, mode="min"):
        if mode not in ("min", "max") or patience < 1:
            raise ValueError(f"{mode!r} is neither min nor max, or patience {patience} is below 1")
        self.sign, self.min_delta, self.patience = 1 if mode == "min" else -1, min_delta, patience
        self.best, self.waited = None, 0

    def improves(self, value):
        first = self.best is None and not math.isnan(value)
        if first or (self.best is not None and self.sign * (self.best - value) > self.min_delta):
            self.best, self.waited = value, 0
            return True
        self.waited += 1
        return False


class EarlyStopping(Progress):
    def __init__(self, patience=3, min_delta=0.0, mode="min"):
        super().__init__(patience, min_delta, mode)

    def step(self, value, model=None):
        if self.improves(value) and model is not None:
            self.weights = model.get_weights()  # NumPy copies
        return self.waited >= self.patience

    def restore(self, model):
        model.set_weights(self.weights)


class ReduceOnPlateau(Progress):
    def __init__(self, lr, factor=0.5, patience=2, min_delta=0.0, min_lr=0.0, mode="min"):
        super().__init__(patience, min_delta, mode)
        self.lr, self.factor, self.min_lr = lr, factor, min_lr

    def step(self, value):
        self.improves(value)
        if self.waited >= self.patience:
            self.lr, self.waited = max(self.lr * self.factor, self.min_lr), 0
        return self.lr


class Checkpoint(Progress):
    def __init__(self, path, mode="min"):
        super().__init__(mode=mode)
        self.path = path

    def step(self, value, model):
        improved = self.improves(value)
        if improved:
            model.save_weights(self.path)
        return improved

    def load(self, model):
        model.load_weights(self.path)


def cosine(step, total, warmup=0, peak=1.0, floor=0.0):
    if step < warmup:
        return peak * (step + 1) / warmup
    if step >= total:
        return floor
    done = (step - warmup) / (total - warmup)  # 0 to 1
    return floor + (peak - floor) * (1 + math.cos(math.pi * done)) / 2


def step_decay(epoch, every, factor=0.5, peak=1.0):
    return peak * factor ** (epoch // every)


class ScalarLog:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.earlier = set(self.folder.glob("events.out.tfevents.*"))
        self.writer = tf.summary.create_file_writer(str(folder))

    def add(self, name, value, step):
        with self.writer.as_default():
            tf.summary.scalar(name, value, step=step)

    def close(self):
        self.writer.close()
        (path,) = set(self.folder.glob("events.out.tfevents.*")) - self.earlier
        return str(path)
