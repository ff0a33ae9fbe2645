"""Wait for a tensor of TensorFlow, as cheaply as its form allows."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


def touch(value: Any) -> None:
    """Read one number of `value` on the host. This waits for all computations that it depends on."""
    if isinstance(value, keras.Variable):
        value = value.value
    if isinstance(value, tf.RaggedTensor):
        value = value.flat_values
    if isinstance(value, (tf.IndexedSlices, tf.SparseTensor)):
        value = value.values  # a gradient of an embedding would be made dense
    tf.reshape(value, [-1])[:1].numpy()
