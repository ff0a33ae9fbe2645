"""Time exercises/forecasting.py: cutting windows, an epoch of training on them, and forecasting step by step."""

import pytest

from katagrad.bench import work

# (steps of the series, lookback, horizon)
SIZES = {"small": (2_000, 24, 6), "year": (17_420, 168, 24)}
ROWS, BATCH, UNITS = 256, 64, (16, 8)
# Entries of the matrices of the two LSTM layers, four gates each.
WEIGHTS = 4 * (16 * (1 + 16) + 8 * (16 + 8))


@pytest.mark.parametrize("size", SIZES)
def bench_windows(bench, size):
    steps, lookback, horizon = SIZES[size]
    count = steps - lookback - horizon + 1
    # The series is read and the windows are written; nothing is computed.
    moved = work.FLOAT * (steps + count * (lookback + horizon))
    given = bench.normal(steps), lookback, horizon
    bench.time("windows", *given, items=count, unit="windows", bytes=moved)


@pytest.mark.parametrize("size", SIZES)
def bench_fit(bench, size):
    _, lookback, horizon = SIZES[size]
    model = bench.call("build", UNITS, horizon)
    x, y = bench.normal(ROWS, lookback, 1), bench.normal(ROWS, horizon)
    # Each product is three: forward, by the weights, and by the inputs. Adam reads and writes all weights each step.
    readout = UNITS[-1] * horizon
    flops = 6 * ROWS * (lookback * WEIGHTS + readout)
    moved = ROWS * (lookback + horizon) + 2 * work.ADAM * (WEIGHTS + readout) * (ROWS // BATCH)
    counted = {"flops": flops, "bytes": work.FLOAT * moved}
    given = (model, x, y, 1, 0.001, BATCH, bench.rng(1))
    bench.time("fit", *given, items=ROWS, unit="windows", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_forecast(bench, size):
    _, lookback, horizon = SIZES[size]
    model = bench.call("build", UNITS, horizon)
    # Four calls of the model, each of which reads its weights.
    flops = 4 * 2 * (lookback * WEIGHTS + UNITS[-1] * horizon)
    moved = lookback + 4 * horizon + 4 * (WEIGHTS + UNITS[-1] * horizon)
    counted = {"flops": flops, "bytes": work.FLOAT * moved}
    given = model, bench.normal(lookback), 4 * horizon
    bench.time("forecast", *given, items=4 * horizon, unit="steps", **counted)
