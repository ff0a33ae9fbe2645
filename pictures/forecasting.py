"""Pictures of exercises/forecasting.py."""

import numpy as np

from katagrad.data import two_tone

PLAN = {"share": 0.75, "lookback": 12, "horizon": 4, "units": (12,)}


def draw_forecasts(impl, figure):
    """The truth of two tones with noise, and what each forecaster foresaw, one step and four steps ahead"""
    series = two_tone(420, np.random.default_rng(5))
    plan = {**PLAN, "epochs": 10, "lr": 0.04, "batch": 32, "rng": impl.rng(5)}
    forecasts, errors = impl.evaluate(series, **plan)
    _, future = impl.time_split(series, PLAN["share"])
    _, truth = impl.windows(future, PLAN["lookback"], PLAN["horizon"])
    for axes, ahead in zip(figure.subplots(2, 1, sharex=True), (1, PLAN["horizon"]), strict=True):
        axes.plot(truth[:50, ahead - 1], color="#808080", linewidth=3, label="truth")
        for name, values in forecasts.items():
            axes.plot(values[:50, ahead - 1], label=f"{name}, error {errors[name]:.2f}")
        axes.set(xlabel="window", ylabel=f"value, {ahead} ahead")
    lines = figure.axes[0].lines
    figure.legend(handles=lines, loc="outside upper center", ncols=4, fontsize="x-small")
