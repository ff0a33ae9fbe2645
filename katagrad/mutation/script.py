"""A solution in the surroundings that a script has, which change no result and may cost no point."""

from __future__ import annotations

import ast

# What stands between the imports and the functions: imports that serve nothing here, seeds, settings, small trials,
# and a decorator that prints what each function takes and returns.
BEFORE = """
import argparse
import contextlib
import functools
import gc
import logging
import os
import random
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
os.environ["TF_DETERMINISTIC_OPS"] = "1"
os.environ["PYTHONHASHSEED"] = "0"
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")

import numpy as _np
{imports}
try:
    import matplotlib.pyplot as plt
except ImportError:
    plt = None
try:
    from tqdm import tqdm
except ImportError:
    def tqdm(items, **kwargs):
        return items

warnings.filterwarnings("ignore")
logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
logger = logging.getLogger(__name__)
random.seed(42)
_np.random.seed(42)
_np.set_printoptions(precision=4, suppress=True)
{settings}
START = time.time()
print("numpy", _np.__version__, "python", sys.version.split()[0], "file", Path(__file__).name)


@dataclass
class _Config:
    verbose: bool = True
    told: int = 0


CONFIG = _Config()

{looks}

def _told(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def timed(*args, **kwargs):
        before = time.perf_counter()
        try:
            result = function(*args, **kwargs)
        except Exception as error:
            logger.debug("%s raised %r", function.__name__, error)
            raise
        if CONFIG.verbose and CONFIG.told < 40 and _eager():
            CONFIG.told += 1
            seconds = time.perf_counter() - before
            print(function.__name__, [_look(a) for a in args], "->", _look(result), f"{{seconds:.3f}} s")
            _print(result)
        return result

    return timed

"""

TORCH = {
    "imports": """import torch as _torch
import torch.nn.functional as _F
from torch import nn as _nn
""",
    "settings": """_torch.manual_seed(42)
if _torch.cuda.is_available():
    _torch.cuda.manual_seed_all(42)
_torch.backends.cudnn.deterministic = True
_torch.backends.cudnn.benchmark = False
_torch.set_printoptions(precision=4, sci_mode=False)
_torch.set_num_threads(1)
DEVICE = _torch.device("cuda" if _torch.cuda.is_available() else "cpu")
_trial = _torch.arange(6.0).reshape(2, 3)
print(_torch.__version__, DEVICE, _trial, _trial.mean(), _trial @ _trial.T)
assert _torch.allclose(_trial, _trial.clone())
""",
    "looks": """
def _eager():
    return True


def _look(value):
    if isinstance(value, _torch.Tensor):
        return f"{tuple(value.shape)} {value.dtype} {value.device} {value.requires_grad}"
    return type(value).__name__


def _print(value):
    if isinstance(value, _torch.Tensor):
        print(value)
        if value.is_floating_point():
            print("any nan:", _torch.isnan(value.detach()).any().item())
""",
}

TENSORFLOW = {
    "imports": """import tensorflow as _tf
from tensorflow import keras as _keras
from tensorflow.keras import layers as _layers
""",
    "settings": """_tf.get_logger().setLevel("ERROR")
_tf.random.set_seed(42)
_keras.utils.set_random_seed(42)
_gpus = _tf.config.list_physical_devices("GPU")
for _gpu in _gpus:
    try:
        _tf.config.experimental.set_memory_growth(_gpu, True)
    except RuntimeError as error:
        print(error)
_trial = _tf.reshape(_tf.range(6.0), (2, 3))
print(_tf.__version__, _gpus, _trial, _tf.reduce_mean(_trial), _trial @ _tf.transpose(_trial))
_tf.debugging.assert_near(_trial, _tf.identity(_trial))
""",
    "looks": """
def _eager():
    return _tf.executing_eagerly()


def _look(value):
    if isinstance(value, (_tf.Tensor, _tf.Variable)):
        return f"{tuple(value.shape)} {value.dtype.name}"
    return type(value).__name__


def _print(value):
    if isinstance(value, _tf.Tensor):
        print(value)
        if value.dtype.is_floating:
            print("any nan:", bool(_tf.reduce_any(_tf.math.is_nan(_tf.cast(value, _tf.float32)))))
""",
}

AFTER = """

def _main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=3)
    parser.parse_args()
    print("done in", time.time() - START)


print(f"all functions are defined after {time.time() - START:.2f} s")
gc.collect()
if __name__ == "__main__":
    _main()
"""


def as_script(text: str, framework: str) -> str:
    """The file `text`, which is a solution in `framework`, as a script with the same functions and classes."""
    parts = {"torch": TORCH, "tensorflow": TENSORFLOW}[framework]
    lines = text.splitlines(keepends=True)
    body = ast.parse(text).body
    count = 0  # of statements that have to stand before the rest: the docstring and the imports
    while isinstance(body[count], ast.Import | ast.ImportFrom) or (
        count == 0 and isinstance(body[count], ast.Expr)
    ):
        count += 1
    top = body[count - 1].end_lineno or 0
    compiled = "torch.compile" in text  # whole graphs cannot print
    for node in reversed(body[count:]):
        if isinstance(node, ast.FunctionDef) and not compiled:
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            lines.insert(first - 1, "@_told\n")
    return "".join([*lines[:top], BEFORE.format(**parts), *lines[top:], AFTER])
