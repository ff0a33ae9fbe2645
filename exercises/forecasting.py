"""Forecasting a series: windows, a split in time, a stacked LSTM, and the baselines that it has to beat.

A forecast is only worth what it knows at its time. So the split follows time, scaling comes from the past alone, and
forecasts of several steps feed on forecasts. A network that does not beat the last value, repeated, has learned
nothing; and often a linear autoregression, fitted in a millisecond, is better than the network.

Shapes: T = steps of the series, N = windows, L = lookback, H = horizon.

Words: docs/contract.md says what "float tensor", "integer tensor", "left as it was"
and the like mean.

Graded as an outcome: `evaluate` on a new series of two tones with noise, 420 steps, with share=0.75, lookback=12,
horizon=2, units=(12, 8), epochs=12, lr=0.04, batch=32. The median mean absolute error of the network must be at most
0.75 of that of persistence. Where ETTh1 is present, it is graded in place of the two tones: the first 1,500 hours of
the load HUFL, with share=0.75, lookback=24, horizon=12, units=(16,), epochs=15, lr=0.01, batch=32, to 0.85.

Sources: Hyndman & Athanasopoulos, Forecasting: Principles and Practice, third edition, sections 5.2 and 5.8;
Hochreiter & Schmidhuber (1997), Long short-term memory, doi:10.1162/neco.1997.9.8.1735; Zhou et al. (2021),
arXiv:2012.07436 (ETTh1).
"""


def time_split(series, share):
    """Return (past, future): the first floor(share T) steps of the series, and the rest, both in their order.

    series: float tensor (T,). share: a float. Raises ValueError unless each part has at least one step.

    >>> time_split([1.0, 2.0, 3.0, 4.0, 5.0], 0.5)
    ([1.0, 2.0], [3.0, 4.0, 5.0])
    """
    raise NotImplementedError("time_split")


def fit_scaler(series):
    """Return (mean, standard deviation) of a series, two float tensors ().

    series: float tensor (T,). The standard deviation divides by T. Of a series whose values are all the same it
    is 1, so that one can divide by it.

    >>> mean, std = fit_scaler([1.0, 3.0, 5.0])
    >>> std
    1.633
    """
    raise NotImplementedError("fit_scaler")


def windows(series, lookback, horizon=1, stride=1):
    """Return (x, y): every stretch of `lookback` steps, and the `horizon` steps that follow each.

    series: float tensor (T,). Window k begins at step k * stride. All windows are taken for which all steps of x and y
    are in the series. Raises ValueError if there is none, and if lookback, horizon or stride is below 1.
    Returns float tensors (N, L, 1) and (N, H).

    >>> x, y = windows([1.0, 2.0, 3.0, 4.0, 5.0], lookback=2, horizon=2)
    >>> x
    [[[1.0], [2.0]], [[2.0], [3.0]]]
    >>> y
    [[3.0, 4.0], [4.0, 5.0]]
    """
    raise NotImplementedError("windows")


def persistence(x, horizon):
    """Return the forecast that repeats the last value of each window, a float tensor (N, H).

    x: float tensor (N, L, 1).

    >>> persistence([[[1.0], [2.0]]], horizon=3)
    [[2.0, 2.0, 2.0]]
    """
    raise NotImplementedError("persistence")


def autoregression(x, y, new_x):
    """Return the forecast for `new_x` of the linear function with a constant that fits (x, y) best by least squares.

    x: float tensor (N, L, 1). y: float tensor (N, H). new_x: float tensor (M, L, 1). Each of the H outputs is a
    weighted sum of the L values of a window, and a constant.
    Returns a float tensor (M, H).

    >>> autoregression([[[0.0]], [[1.0]], [[2.0]]], [[1.0], [3.0], [5.0]], [[[10.0]]])
    [[21.0]]
    """
    raise NotImplementedError("autoregression")


def build(units, horizon):
    """Return a network of stacked LSTM layers, one for each width in `units`, and a linear layer of `horizon` outputs.

    units: tuple of ints, at least one. The layers are the framework's own, with its default initialisation. Each
    further LSTM reads all states of the one before it; the linear layer reads the last state of the last one.
    Returns a model of the framework: model(x) with x of shape (B, L, 1) gives (B, H), for every L.
    """
    raise NotImplementedError("build")


def fit(model, x, y, epochs, lr, batch, rng):
    """Train the model in place with Adam on the mean squared error of mini-batches.

    x: float tensor (N, L, 1). y: float tensor (N, H). Adam has learning rate lr, beta1 0.9, beta2 0.999 and epsilon
    1e-7. Every row is used once an epoch, in a new random order drawn from rng, a NumPy Generator, in batches of
    `batch` rows, the last of which may be smaller.
    Returns a list of Python floats, one an epoch: the mean of (prediction - y)**2 over all rows and outputs, each
    taken when its batch is seen, before its step.
    """
    raise NotImplementedError("fit")


def forecast(model, history, steps):
    """Return the `steps` values that follow `history`, as the model foresees them, a float tensor (steps,).

    model: takes (1, L, 1) and gives (1, H). history: float tensor (L,), left as it was. steps: int of at least 1.
    The model sees L values at a time. Its H forecasts follow the values before them, and the next L values that it sees
    are the last of these, forecasts among them. What goes beyond `steps` is cut off.
    """
    raise NotImplementedError("forecast")


def evaluate(series, share, lookback, horizon, units, epochs, lr, batch, rng):
    """Return (forecasts, errors) of a network and its baselines on the end of a series.

    series: float tensor (T,). The series is split by `share`, and the past alone fits the scaler, the network and the
    autoregression. All three forecasters read windows of the future part, at stride 1, none of which reaches into the
    past. The network is made by `build`, trained by `fit` on all windows of the scaled past; rng is a NumPy Generator.
    forecasts: dict of float tensors (N, H) in the units of the series: "network", "persistence" and "autoregression".
    errors: dict of Python floats with the same keys: the mean absolute error over all windows and steps.
    """
    raise NotImplementedError("evaluate")


if __name__ == "__main__":
    print(f'This file defines functions and runs none. To check them: pytest "{__file__}"')
