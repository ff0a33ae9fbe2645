"""From-scratch rules, read off a source without running it."""

import ast
import dataclasses

import pytest

from katagrad.grading.checks import grader_hash
from katagrad.grading.scratch import breaches, reached, uses
from katagrad.topics import topics

RULES = ["torch.softmax", "torch.nn.functional.*", "torch.nn.Softmax", ".softmax"]
TF_RULES = ["tf.nn.softmax", "keras.layers.Dense"]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import torch\ny = torch.softmax(x, 0)", ["a.py:2 uses torch.softmax"]),
        ("import torch as t\ny = t.softmax(x, 0)", ["a.py:2 uses torch.softmax"]),
        ("from torch import softmax", []),  # what is not used does no harm
        ("from torch import softmax as s\n\ny = s(x)", ["a.py:3 uses torch.softmax"]),
        ("from torch.nn.functional import *", ["a.py:1 uses torch.nn.functional.*"]),
        (
            "import torch.nn.functional as F\ny = F.relu(x)",
            ["a.py:2 uses torch.nn.functional.relu"],
        ),
        ("from torch import nn\ny = nn.Softmax(0)(x)", ["a.py:2 uses torch.nn.Softmax"]),
        ("import torch\ny = x.exp().softmax(0)", ["a.py:2 uses .softmax"]),
        ("import torch\nclass M:\n    def f(self, x):\n        return self.softmax(x)", []),
        (
            "import torch\nclass M:\n    def softmax(self, x):\n        return x\ny = M().softmax(x)",
            [],
        ),
        (
            "import torch\nclass M:\n    relu = 3\n    def exp(self):\n        pass\ny = x.softmax(0)",
            ["a.py:6 uses .softmax"],
        ),
        ("import torch\nif __name__ == '__main__':\n    print(torch.softmax(x, 0))", []),
        (
            "import torch\nif __name__ == '__main__':\n    pass\nelse:\n    y = x.softmax(0)",
            ["a.py:5 uses .softmax"],
        ),
        (
            "import torch\nif __name__ != '__main__':\n    y = torch.softmax(x, 0)",
            ["a.py:3 uses torch.softmax"],
        ),
        (
            "import torch\ndef f(x):\n    if __name__ == '__main__':\n        return x.softmax(0)",
            ["a.py:4 uses .softmax"],
        ),
        ("import torch\ny = torch.exp(x)", []),
        ("softmax = 3\ny = softmax + 1", []),
        ("def softmax(x:\n", []),
    ],
)
def test_breaches_name_file_line_and_rule(source, found):
    assert [str(b) for b in breaches(source, "a.py", RULES)] == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)", []),
        ("tf.random.set_seed(3)", []),
        ("tf.compat.v1.enable_eager_execution()", []),
        ("tf.compat.v1.Session(config=tf.compat.v1.ConfigProto())", []),
        ("tf.compat.v1.train.Saver()", ["a.py:3 uses tensorflow.compat.v1"]),
        (
            "tf.compat.v1.nn.softmax(x)",
            ["a.py:3 uses tensorflow.compat.v1", "a.py:3 uses tensorflow.compat.v1.nn"],
        ),
        ("tf.random.normal([3])", ["a.py:3 uses tensorflow.random.normal"]),
    ],
)
def test_what_sets_the_log_or_a_seed_is_free(source, found):
    shown = [
        str(b)
        for b in breaches(
            f"import tensorflow as tf\n\n{source}", "a.py", ["tf.compat.*", "tf.random.*"]
        )
    ]
    assert shown[: len(found)] == found
    assert bool(shown) == bool(found)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def f(x): return helper(x)\n", ["a.py:3 uses torch.softmax"]),
        ("def f(x): return globals()['helper'](x)\n", ["a.py:3 uses torch.softmax"]),
        ("def g(x): return helper(x)\ndef f(x): return g(x)\n", ["a.py:4 uses torch.softmax"]),
        ("helper(1)\ndef f(x): return x\n", ["a.py:4 uses torch.softmax"]),
        ("def f(x): return x\n", []),
        ("def f(x): return x\nif __name__ == '__main__':\n    helper(f(1))\n", []),
        ("def test_f(): assert f(1) == helper(1)\ndef f(x): return x\n", []),
    ],
)
def test_a_function_counts_if_what_is_graded_names_it(source, found):
    text = f"import torch\n{source}def helper(x): return torch.softmax(x, 0)\n"
    assert [str(b) for b in breaches(text, "a.py", RULES, {"f"})] == found
    assert breaches(text, "a.py", RULES)  # who does not know what is asked for takes all


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("print(x.shape, x.requires_grad)", []),
        ("if x.requires_grad:\n    x = x.detach()", []),
        ("x.requires_grad = True", ["a.py:1 uses .requires_grad"]),
        ("x.requires_grad_()", ["a.py:1 uses .requires_grad_"]),
    ],
)
def test_to_look_at_a_flag_is_free(source, found):
    rules = [".requires_grad", ".requires_grad_"]
    assert [str(b) for b in breaches(source, "a.py", rules)] == found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import tensorflow as tf\ny = tf.nn.softmax(x)", ["a.py:2 uses tf.nn.softmax"]),
        ("from tensorflow import nn\ny = nn.softmax(x)", ["a.py:2 uses tf.nn.softmax"]),
        (
            "import tensorflow as tf\ny = tf.keras.layers.Dense(3)",
            ["a.py:2 uses keras.layers.Dense"],
        ),
        ("import keras\ny = keras.layers.Dense(3)", ["a.py:2 uses keras.layers.Dense"]),
        (
            "from tensorflow.keras import layers\ny = layers.Dense(3)",
            ["a.py:2 uses keras.layers.Dense"],
        ),
        ("import tensorflow as tf\ny = tf.nn.relu(x)", []),
    ],
)
def test_keras_is_one_name_however_it_is_imported(source, found):
    assert [str(b) for b in breaches(source, "a.py", TF_RULES)] == found


def test_another_rule_is_another_grader():
    """A course grades again what was graded by other rules."""
    topic = topics()["softmax"]
    looser = dataclasses.replace(topic, forbid={})
    assert grader_hash(looser) != grader_hash(topic)
    assert grader_hash(dataclasses.replace(topic, title="Another")) == grader_hash(topic)


ONE_OF_TWO = """
import torch
from torch.func import vjp as pull

TABLE = {"a": lambda x: helper(x)}


def helper(x):
    return pull(x)


def by_hand(x):
    return x * 2 + vmap(lambda v: v.sum())(x)


def by_table(x):
    return TABLE["a"](x)


@decorated
def train(x):
    torch.func.grad(by_hand)(x).backward()
    return helper(x)
"""


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("by_hand", []),
        ("by_table", ["a.py:9 uses torch.func.vjp"]),
        ("helper", ["a.py:9 uses torch.func.vjp"]),
        (
            "train",
            [
                "a.py:9 uses torch.func.vjp",
                "a.py:22 uses .backward",
                "a.py:22 uses torch.func.grad",
            ],
        ),
        ("absent", []),
    ],
)
def test_a_rule_for_one_function_covers_what_it_names_in_the_file(name, found):
    rules = ["torch.func.vjp", "torch.func.grad", ".backward"]
    nodes = list(reached(ast.parse(ONE_OF_TWO), name))
    assert [str(breach) for breach in uses(nodes, "a.py", rules)] == found
