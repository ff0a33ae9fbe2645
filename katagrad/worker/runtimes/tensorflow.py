"""Open SavedModels, whole Keras models and weight files, without code of the submission."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import tensorflow as tf

from katagrad.worker.runtimes import MOST_UNPACKED, Runtime, Unfit, check_archive, spec


def open_saved_model(path: Path, signature: str = "serving_default") -> Runtime:
    """Open a SavedModel as TensorFlow Serving does: only its signature is called."""
    loaded = tf.saved_model.load(str(path))
    if signature not in loaded.signatures:
        known = ", ".join(sorted(loaded.signatures)) or "none"
        raise Unfit(f"{path.name} has no signature {signature!r}; it has {known}")
    function = loaded.signatures[signature]
    about: dict[str, Any] = {
        "inputs": _specs(function.structured_input_signature[1]),
        "outputs": _specs(function.structured_outputs),
        "signatures": sorted(loaded.signatures),
    }

    def run(inputs: dict[str, np.ndarray]) -> dict[str, Any]:
        found = function(**{name: tf.constant(array) for name, array in inputs.items()})
        return {name: value.numpy() for name, value in found.items()}

    # Otherwise the variables would be freed with the loaded object.
    about["variables"] = len(getattr(loaded, "variables", []))
    run.keeps = loaded  # type: ignore[attr-defined]
    return Runtime(about, run)


def _specs(given: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        spec(name, one.dtype.name, one.shape.as_list() if one.shape.rank is not None else ["any"])
        for name, one in sorted(given.items())
    ]


def open_keras(path: Path) -> Runtime:
    """Open a whole model (.keras) of Keras's own layers. Code in the file is refused."""
    check_archive(path)
    model = keras.models.load_model(path, safe_mode=True)
    about = {"inputs": [spec(one.name, one.dtype, one.shape) for one in model.inputs]}
    name = about["inputs"][0]["name"]
    about["outputs"] = [spec("output", one.dtype, one.shape) for one in model.outputs]

    def run(inputs: dict[str, np.ndarray]) -> dict[str, Any]:
        return {"output": model(tf.constant(inputs[name]), training=False).numpy()}

    return Runtime(about, run)


def open_weights(path: Path) -> Runtime:
    """Read a file of weights (.weights.h5): `run({})` returns its arrays by their place in the file."""
    found: dict[str, np.ndarray] = {}
    with h5py.File(path, "r") as file:

        def note(name: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                if item.nbytes > MOST_UNPACKED or item.external or item.is_virtual:
                    raise Unfit(f"{path.name}: {name} is too large, or lies in another file")
                found[name] = np.asarray(item[()])

        file.visititems(note)
    return Runtime({"names": sorted(found)}, lambda inputs: found)  # noqa: ARG005


RUNTIMES = {
    "saved_model": open_saved_model,
    "keras": open_keras,
    "tensorflow_weights": open_weights,
}
