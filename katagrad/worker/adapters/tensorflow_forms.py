"""The ways in which TensorFlow can hold the same numbers, and what a call may leave behind."""

from __future__ import annotations

import functools
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from katagrad.worker import tree
from katagrad.worker.adapters import tensorflow as adapter


def odd_dtype(value: Any) -> str:
    """The dtype of a tensor that NumPy has no form for, unless it is the one that is computed in; else ""."""
    kind = tf.as_dtype(value.dtype)
    return "" if kind.name in tree.DTYPES or kind == adapter.HALF else str(kind.name)


def tensor(array: np.ndarray, form: str) -> Any:
    """A tensor with the values of `array`, in one of the wire's FORMS; TensorFlow has no views."""
    if form == "leaf" and array.dtype.kind == "f":
        return tf.Variable(array)
    return adapter.tensor(array)


def about(value: Any) -> dict[str, Any]:  # noqa: ARG001
    """What a tensor has beside its values: nothing that a call could change."""
    return {}


def share_memory(a: Any, b: Any) -> bool:
    """Whether a change to one could show in the other: only variables change."""
    return a is b and isinstance(a, tf.Variable)


def world() -> dict[str, str]:
    """Settings of the whole process, by the name that a message gives them."""
    return {
        "tf.config.functions_run_eagerly()": str(tf.config.functions_run_eagerly()),
        "keras.config.floatx()": str(keras.config.floatx()),
        "np.geterr()": str(np.geterr()),
    }


def watch(model: Any, log: list[tuple[np.ndarray, bool]]) -> None:
    """Note in `log` what the model is called with, and whether it is called to train; in graphs, too."""
    # After a global seed, Keras's fit shuffles alike in every epoch: its data set restarts its random numbers.
    tf.random.set_seed(None)
    inner = model.call

    def note(training: bool, values: np.ndarray) -> np.ndarray:
        log.append((values.copy(), training))
        return np.zeros((), np.int64)

    @functools.wraps(inner)
    def call(*args: Any, **kwargs: Any) -> Any:
        given = [a for a in [*args, *kwargs.values()] if isinstance(a, tf.Tensor)]
        if given:
            training = bool(kwargs.get("training") or True in args[1:])
            if tf.executing_eagerly():
                log.append((np.array(given[0]), training))
            else:
                tf.numpy_function(functools.partial(note, training), given[:1], tf.int64)
        return inner(*args, **kwargs)

    model.supports_jit = False  # a compiled graph could not call back
    model.call = call


def first(model: Any) -> Any:
    """The first part of a model that holds parameters of its own."""
    parts = model._flatten_layers(include_self=False, recursive=True)
    return next((part for part in parts if part.weights and not part._layers), None)
