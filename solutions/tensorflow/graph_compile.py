"""Compiled functions, state that is not frozen, and fair timing, in TensorFlow."""

import math
import time

import numpy as np
import tensorflow as tf


class Compiled:
    def __init__(self, f, backend=None):
        if backend not in (None, "xla"):
            raise ValueError(f"backend is {backend!r}, but should be None or 'xla'")
        self.f, self.xla, self.graphs = f, backend == "xla", {}

    def __call__(self, *args):
        dtype = args[0].dtype
        args = [a if tf.is_tensor(a) else tf.constant(a, dtype) for a in args]
        form = tuple((a.dtype, a.shape.rank) for a in args)
        if form not in self.graphs:
            specs = [tf.TensorSpec([None] * rank, dtype) for dtype, rank in form]
            self.graphs[form] = tf.function(self.f, input_signature=specs, jit_compile=self.xla)
        return self.graphs[form](*args)

    def traces(self):
        return sum(graph.experimental_get_tracing_count() for graph in self.graphs.values())


class RunningMean:
    def __init__(self, width):
        # Variables: a graph reads them at each call, where it would freeze Python numbers.
        self.total, self.count = tf.Variable(tf.zeros(width)), tf.Variable(0.0)
        self.step = Compiled(self.take_in)

    def take_in(self, x):
        self.total.assign_add(tf.reduce_sum(x, axis=0))
        self.count.assign_add(tf.cast(tf.shape(x)[0], tf.float32))
        return self.total / self.count

    def update(self, x):
        return self.step(x)

    def reset(self):
        self.total.assign(tf.zeros_like(self.total))
        self.count.assign(0.0)

    def traces(self):
        return self.step.traces()


def count_traces(f, calls):
    compiled, found = Compiled(f), []
    for args in calls:
        before = compiled.traces()
        compiled(*args)
        found.append(compiled.traces() - before)
    return found


def max_difference(f, args, backend=None):
    difference = tf.abs(Compiled(f, backend)(*args) - f(*args))
    infinite = tf.fill(tf.shape(difference), tf.constant(math.inf, difference.dtype))
    return float(tf.reduce_max(tf.where(tf.math.is_nan(difference), infinite, difference)))


def time_calls(f, args, warmup=3, repeats=20, clock=None):
    if warmup < 1 or repeats < 1:
        raise ValueError(f"warmup is {warmup} and repeats {repeats}, but both should be at least 1")
    clock = clock or time.perf_counter
    seconds = []
    for _ in range(warmup + repeats):
        start = clock()
        f(*args)
        seconds.append(clock() - start)
    low, median, high = np.quantile(seconds[warmup:], [0.25, 0.5, 0.75])
    return {"first": float(seconds[0]), "median": float(median), "iqr": float(high - low)}


def break_even(first, compiled, eager):
    if first < eager:
        return 1
    if eager <= compiled:
        return None
    return math.floor((first - compiled) / (eager - compiled)) + 1
