"""What a careless student does to a result on its way out: a cast, a clip, a rounding, a Python number for a tensor."""

from __future__ import annotations

from collections.abc import Iterator

# How a result is spoiled, by framework: what becomes of a float tensor v, and of an integer tensor v.
RESULTS = {
    "torch": {
        "float32": ("v.float()", "v"),
        "float64": ("v.double()", "v"),
        "int32": ("v", "v.int()"),
        "clipped to 1e4": ("v.clamp(-1e4, 1e4)", "v"),
        "no smaller than 0.001": ("v.clamp(min=1e-3)", "v"),
        "rounded to 4 digits": ("v + ((v * 1e4).round() / 1e4 - v).detach()", "v"),
        "a Python number": ("v.item() if v.ndim == 0 else v",) * 2,
    },
    "tensorflow": {
        "float32": ("tf.cast(v, tf.float32)", "v"),
        "float64": ("tf.cast(v, tf.float64)", "v"),
        "int32": ("v", "tf.cast(v, tf.int32)"),
        "clipped to 1e4": ("tf.clip_by_value(v, -1e4, 1e4)", "v"),
        "no smaller than 0.001": ("tf.maximum(v, tf.cast(1e-3, v.dtype))", "v"),
        "rounded to 4 digits": ("v + tf.stop_gradient(tf.round(v * 1e4) / 1e4 - v)", "v"),
        "a Python number": ("v.numpy().item() if v.ndim == 0 else v",) * 2,
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


def spoiled(framework: str) -> Iterator[tuple[str, str, str]]:
    """(how, the text of a function _spoiled, that of its probe) for each way to spoil results.

    The probe fails with every result that the change applies to. If the solution passes all checks with the probe,
    too, they see no such result of this function.
    """
    for how, (floats, integers) in RESULTS[framework].items():
        yield (
            how,
            _text(framework, floats, integers),
            _text(framework, _failing(floats), _failing(integers)),
        )


def _text(framework: str, floats: str, integers: str) -> str:
    text = SPOIL.replace("FLOAT if", f"({floats}) if").replace("INTEGER if", f"({integers}) if")
    for mark, condition in KINDS[framework].items():
        text = text.replace(mark, condition)
    return text


def _failing(expression: str) -> str:
    """An expression that fails where `expression` is more than v."""
    if expression == "v":
        return "v"
    _, where, condition = expression.partition(" if ")
    return f"1 / 0{where}{condition}"
