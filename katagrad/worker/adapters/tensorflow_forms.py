"""Forms of tensors with the same values in TensorFlow, and the side effects of calls."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.framework import config as determinism

from katagrad.worker import tree
from katagrad.worker.adapters import tensorflow as adapter
from katagrad.worker.adapters.tensorflow_layers import within


def odd_dtype(value: Any) -> str:
    """The dtype of a tensor if NumPy lacks it and it is not the dtype in which results are computed, else ""."""
    kind = tf.as_dtype(value.dtype)
    return "" if kind.name in tree.DTYPES or kind == adapter.HALF else str(kind.name)


def tensor(array: np.ndarray, form: str) -> Any:
    """A tensor with the values of `array`, in one of `katagrad.worker.tree.FORMS`. TensorFlow has no views."""
    if form == "leaf" and array.dtype.kind == "f":
        return tf.Variable(array)
    return adapter.tensor(array)


def about(value: Any) -> dict[str, Any]:  # noqa: ARG001
    """The properties of a tensor that a call could change, beside its values: none in TensorFlow."""
    return {}


def share_memory(a: Any, b: Any) -> bool:
    """Whether a change of one could change the other. Only variables can change."""
    return a is b and isinstance(a, tf.Variable)


# Process-wide settings by the name that a message shows: how to read one, and how to set it.
SETTINGS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "tf.config.functions_run_eagerly()": (
        tf.config.functions_run_eagerly,
        tf.config.run_functions_eagerly,
    ),
    "keras.config.floatx()": (keras.config.floatx, keras.config.set_floatx),
    "keras.config.image_data_format()": (
        keras.config.image_data_format,
        keras.config.set_image_data_format,
    ),
    # The public module can turn it on, but neither read it nor turn it off.
    "the setting of tf.config.experimental.enable_op_determinism()": (
        determinism.is_op_determinism_enabled,
        lambda on: (
            determinism.enable_op_determinism() if on else determinism.disable_op_determinism()
        ),
    ),
    "np.geterr()": (np.geterr, lambda kinds: np.seterr(**kinds)),
}


def watch(
    part: Any,
    model: Any,
    log: list[tuple[np.ndarray, bool, int]],
    size: tuple[int, ...] | None = None,
) -> None:
    """Append to `log` for each call of `part`: the inputs, whether it is in training mode, a checksum.

    part: the model, or one of its layers. The checksum is that of the model's parameters that learn. Calls inside
    graphs are recorded, too. size: only inputs with rows of this shape.
    """
    # After a global seed, Keras's fit uses the same order in every epoch: its data set restarts the generator.
    # Deterministic operators, which a script may ask for at its top, refuse to draw without a global seed.
    determinism.disable_op_determinism()
    tf.random.set_seed(None)
    inner = part.call

    def note(training: bool, values: np.ndarray, *parameters: np.ndarray) -> np.ndarray:
        sums = 0
        for parameter in parameters:
            sums = zlib.crc32(parameter.tobytes(), sums)
        log.append((values.copy(), training, sums))
        return np.zeros((), np.int64)

    @functools.wraps(inner)
    def call(*args: Any, **kwargs: Any) -> Any:
        given = [a for a in [*args, *kwargs.values()] if isinstance(a, tf.Tensor)]
        if given and (size is None or tuple(given[0].shape[1:]) == tuple(size)):
            training = bool(kwargs.get("training") or True in args[1:])
            noted = [given[0], *map(tf.convert_to_tensor, model.trainable_variables)]
            if tf.executing_eagerly():
                note(training, *map(np.array, noted))
            else:
                tf.numpy_function(functools.partial(note, training), noted, tf.int64)
        return inner(*args, **kwargs)

    part.supports_jit = False
    without_xla()
    part.call = call


def without_xla() -> None:
    """Let tf.function ignore jit_compile from now on: what XLA has compiled cannot call back."""
    kind = type(tf.function(without_xla))
    kind._jit_compile = property(lambda _: None, lambda _, __: None)


def layers_of(model: Any) -> list[Any]:
    """The layers of a model that have parameters and hold no other layers."""
    return [part for part in within(model) if part.weights and not part._layers]
