"""The ways in which TensorFlow can hold the same numbers, and what a call may leave behind."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from katagrad.worker.adapters import tensorflow as adapter


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
