"""An adapter without a framework, whose server starts in a moment: tensors are NumPy's arrays.

For tests of what the boundary does whatever the framework; a framework's own behaviour is tested with it.
"""

import numpy as np

NAME = TENSOR = "bare"
LAYOUTS = {}
OPERATIONS = {}


def preload():
    pass


def preload_late():
    pass


def versions():
    return {"numpy": np.__version__}


def configure(threads, device="cpu"):
    pass


def seed(number):
    pass


def tensor(array):
    return array


def is_tensor(value):
    return type(value) is np.ndarray


def numpy(value):
    return value


def parameters(value):
    return None
