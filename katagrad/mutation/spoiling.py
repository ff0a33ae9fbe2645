"""What a careless student does to a result on its way out: a cast, a clip, a rounding, a Python number for a tensor."""

from __future__ import annotations

from collections.abc import Iterator

# A mark in the text of a mutant that is reached only where it changes something. A probe fails there instead: if the
# solution passes with the probe, too, no result of this function could be changed.
EFFECT = "_EFFECT_"
# How a result is spoiled, by framework: what becomes of a float tensor v, and of an integer tensor v.
RESULTS = {
    "torch": {
        "float32": ("v.float()", "v"),
        "float64": ("v.double()", "v"),
        "int32": ("v", f"v.int() if {EFFECT} is None else v"),
        "clipped to 1e4": ("v.clamp(-1e4, 1e4)", "v"),
        "no smaller than 0.001": ("v.clamp(min=1e-3)", "v"),
        "rounded to 4 digits": ("v + ((v * 1e4).round() / 1e4 - v).detach()", "v"),
        "a Python number": (f"v.item() if v.ndim == 0 and {EFFECT} is None else v",) * 2,
    },
    "tensorflow": {
        "float32": ("tf.cast(v, tf.float32)", "v"),
        "float64": ("tf.cast(v, tf.float64)", "v"),
        "int32": ("v", f"tf.cast(v, tf.int32) if {EFFECT} is None else v"),
        "clipped to 1e4": ("tf.clip_by_value(v, -1e4, 1e4)", "v"),
        "no smaller than 0.001": ("tf.maximum(v, tf.cast(1e-3, v.dtype))", "v"),
        "rounded to 4 digits": ("v + tf.stop_gradient(tf.round(v * 1e4) / 1e4 - v)", "v"),
        "a Python number": (f"v.numpy().item() if v.ndim == 0 and {EFFECT} is None else v",) * 2,
    },
}
SPOIL = """
def _spoiled(v):
    if isinstance(v, (list, tuple)) and type(v) in (list, tuple):
        return type(v)(_spoiled(item) for item in v)
    if type(v) is dict:
        return {key: _spoiled(item) for key, item in v.items()}
    if not IS_TENSOR:
        return v
    return FLOAT if IS_FLOAT else INTEGER if IS_INTEGER else v
"""
KINDS = {
    "torch": {
        "IS_TENSOR": "isinstance(v, torch.Tensor)",
        "IS_FLOAT": "v.is_floating_point()",
        "IS_INTEGER": "v.dtype == torch.int64",
    },
    "tensorflow": {
        "IS_TENSOR": "tf.is_tensor(v)",
        "IS_FLOAT": "v.dtype.is_floating",
        "IS_INTEGER": "v.dtype == tf.int64",
    },
}


def spoiled(framework: str) -> Iterator[tuple[str, str]]:
    """(how, the text of a function _spoiled) for each way to spoil results."""
    for how, (floats, integers) in RESULTS[framework].items():
        text = SPOIL.replace("FLOAT if", f"({floats}) if").replace("INTEGER if", f"({integers}) if")
        for mark, condition in KINDS[framework].items():
            text = text.replace(mark, condition)
        yield how, text
