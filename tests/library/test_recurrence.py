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
