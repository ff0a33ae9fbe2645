"""An adapter without a framework, whose server starts in a moment: tensors are NumPy's arrays.

For tests of what the boundary does whatever the framework; a framework's own behaviour is tested with it.
"""

import sys

import numpy as np

NAME = TENSOR = "bare"
LAYOUTS = {}
OPERATIONS = {}
SETTINGS = {}


def preload():
    pass


def preload_late():
    pass


def versions():
    return {"numpy": np.__version__}


def configure(threads, device="cpu"):
    pass


def without_compiler():
    pass


def seed(number):
    pass


def tensor(array, form=""):
    return array


def about(value):
    return {}


def share_memory(a, b):
    return np.shares_memory(a, b)


def tensor_types():
    return [np.ndarray]


# Its neighbours, in this one file: the forms of tensors, and no operators to watch.
sys.modules["bare_forms"] = sys.modules["bare_operators"] = sys.modules[__name__]


def is_tensor(value):
    return type(value) is np.ndarray


def numpy(value):
    return value


def odd_dtype(value):
    return ""


def parameters(value):
    return None
