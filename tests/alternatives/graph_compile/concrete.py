"""Concrete functions, state that goes in and comes out, and NumPy percentiles; in TensorFlow."""

import time

import numpy as np
import tensorflow as tf


class Compiled:
    def __init__(self, f, backend=None):
        names = {None: False, "xla": True}
        if backend not in names:
            raise ValueError(backend)
        self.function = tf.function(lambda *args: f(*args), jit_compile=names[backend])
        self.concrete = {}

    def __call__(self, *args):
        given = [args[0]]
        for value in args[1:]:
            given.append(
                tf.convert_to_tensor(value)
                if tf.is_tensor(value)
                else tf.cast(tf.constant(float(value), tf.float64), args[0].dtype)
            )
        key = ",".join(f"{x.dtype.name}{len(x.shape)}" for x in given)
        if key not in self.concrete:
            specs = [tf.TensorSpec((None,) * len(x.shape), x.dtype) for x in given]
            self.concrete[key] = self.function.get_concrete_function(*specs)
        return self.concrete[key](*given)

    def traces(self):
        return len(self.concrete)


def added(x, total, count):
    total = total + tf.reduce_sum(x, 0)
    count = count + tf.cast(tf.shape(x)[0], x.dtype)
    return tf.concat([total, tf.reshape(count, [1])], 0)


class RunningMean:
    def __init__(self, width):
        self.state, self.compiled = tf.zeros(width + 1), Compiled(added)

    def update(self, x):
        self.state = self.compiled(x, self.state[:-1], self.state[-1])
        return self.state[:-1] / self.state[-1]

    def reset(self):
        self.state *= 0

    def traces(self):
        return self.compiled.traces()


def count_traces(f, calls):
    compiled = Compiled(f)

    def one(args):
        before = compiled.traces()
        compiled(*args)
        return compiled.traces() - before

    return [one(args) for args in calls]


def max_difference(f, args, backend=None):
    found, expected = Compiled(f, backend)(*args).numpy(), f(*args).numpy()
    worst = np.abs(found - expected).max()
    return float("inf") if np.isnan(worst) else float(worst)


def time_calls(f, args, warmup=3, repeats=20, clock=None):
    if warmup <= 0 or repeats <= 0:
        raise ValueError("too few calls")
    if clock is None:
        clock = time.perf_counter
    ends = np.zeros((warmup + repeats, 2))
    for row in ends:
        row[0] = clock()
        f(*args)
        row[1] = clock()
    spans = ends[:, 1] - ends[:, 0]
    low, high = np.percentile(spans[warmup:], [25, 75])
    return {
        "first": spans[0].item(),
        "median": np.median(spans[warmup:]).item(),
        "iqr": (high - low).item(),
    }


def break_even(first, compiled, eager):
    saved, lead = eager - compiled, first - compiled
    if lead < saved:
        return 1
    return None if saved <= 0 else int(lead // saved) + 1
