"""The LSTM layers of both frameworks, read from a model and computed in NumPy."""

import subprocess
import sys

import pytest

TORCH = """
import torch
from katagrad.worker.adapters import torch as adapter
model = torch.nn.LSTM(3, 2, num_layers=2, batch_first=True)
call = lambda x: model(torch.tensor(x).float())[0].detach().numpy()
"""
TENSORFLOW = """
import keras
from katagrad.worker.adapters import tensorflow as adapter
layers = [keras.layers.LSTM(2, return_sequences=True, bias_initializer="random_normal") for _ in range(2)]
model = keras.Sequential([keras.Input((None, 3)), *layers])
call = lambda x: model(x).numpy()
"""
COMPARE = """
import numpy as np
from katagrad.authoring.recurrence import lstm, lstm_layers
x = np.random.default_rng(0).normal(size=(4, 5, 3))
first, second = lstm_layers(adapter.layers(model))
np.testing.assert_allclose(lstm(lstm(x, first), second), call(x), atol=1e-5)
mask = np.array([[1, 1, 0, 1, 0]] * 4, bool)
kept = lstm(np.where(mask[..., None], x, np.nan), first, mask)
np.testing.assert_allclose(kept[:, mask[0]], lstm(x[:, mask[0]], first))
np.testing.assert_array_equal(kept[:, 2], kept[:, 1])
print("the same")
"""


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(TORCH, marks=pytest.mark.needs("torch"), id="torch"),
        pytest.param(TENSORFLOW, marks=pytest.mark.needs("tensorflow"), id="tensorflow"),
    ],
)
def test_lstm_layers_compute_what_the_framework_computes(model):
    script = [sys.executable, "-c", model + COMPARE]
    done = subprocess.run(script, capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout.splitlines()[-1:] == ["the same"], done.stderr


BOTH_TORCH = """
import torch
from katagrad.worker.adapters import torch as adapter
model = torch.nn.LSTM(3, 2, batch_first=True, bidirectional=True)
call = lambda x: model(torch.tensor(x).float())[0].detach().numpy()
"""
BOTH_TENSORFLOW = """
import keras
from katagrad.worker.adapters import tensorflow as adapter
reader = keras.layers.Bidirectional(keras.layers.LSTM(2, return_sequences=True))
model = keras.Sequential([keras.Input((None, 3)), reader])
call = lambda x: model(x).numpy()
"""
COMPARE_BOTH = """
import numpy as np
from katagrad.authoring.recurrence import lstm, lstm_layers
x = np.random.default_rng(0).normal(size=(4, 5, 3))
forward, backward = lstm_layers(adapter.layers(model))
both = np.concatenate([lstm(x, forward), lstm(x[:, ::-1], backward)[:, ::-1]], axis=2)
np.testing.assert_allclose(both, call(x), atol=1e-5)
print("the same")
"""
NESTED = """
import keras
from katagrad.worker.adapters import tensorflow as adapter, tensorflow_forms as forms
def part(*widths):
    return keras.Sequential([item if hasattr(item, "layers") else keras.layers.Dense(item) for item in widths])
model = part(2, part(3, 4, part(5, 6)), 7)
model(keras.ops.zeros((1, 8)))
assert [layer["kernel"].shape[1] for layer in adapter.layers(model)] == [2, 3, 4, 5, 6, 7]
assert [layer.units for layer in forms.layers_of(model)] == [2, 3, 4, 5, 6, 7]
print("the same")
"""


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(BOTH_TORCH + COMPARE_BOTH, marks=pytest.mark.needs("torch"), id="torch"),
        pytest.param(
            BOTH_TENSORFLOW + COMPARE_BOTH, marks=pytest.mark.needs("tensorflow"), id="tensorflow"
        ),
        pytest.param(NESTED, marks=pytest.mark.needs("tensorflow"), id="nested"),
    ],
)
def test_layers_inside_layers_keep_their_order(script):
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.stdout.splitlines()[-1:] == ["the same"], done.stderr
