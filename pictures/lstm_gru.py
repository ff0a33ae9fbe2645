"""Pictures of exercises/lstm_gru.py."""

import numpy as np


def draw_memory(impl, figure):
    """How long the cell of an LSTM keeps what the first of 30 steps wrote, by the bias of its forget gate"""
    xs = np.zeros((1, 30, 1))
    xs[0, 0] = 3.0
    axes = figure.subplots()
    for bias in (4.0, 2.0, 0.0, -2.0):
        # The input gate is nearly closed where x is 0, and the candidate follows x.
        params = {
            "wx": np.array([[4.0, 0.0, 1.0, 0.0]]),
            "wh": np.zeros((1, 4)),
            "b": np.array([-6.0, bias, 0.0, 4.0]),
        }
        hs, _ = impl.run("lstm", xs, params)
        axes.plot(range(1, 31), hs[0, :, 0], marker=".", label=f"bias {bias:g}")
    axes.set(xlabel="step", ylabel="h")
    axes.legend(fontsize="small", title="forget gate", title_fontsize="small")
