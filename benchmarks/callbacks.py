"""Time exercises/callbacks.py: what a callback adds to an epoch, and a schedule or a log to a step."""

import pytest

SIZES = {"small": 100, "long": 1_000_000}  # the step at hand, of twice as many


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["EarlyStopping", "ReduceOnPlateau"])
def bench_step(bench, size, kind):
    made = bench.call(kind, **({"patience": 5} if kind == "EarlyStopping" else {"lr": 0.1}))
    bench.time((made, "step"), 1.0 / SIZES[size], items=1, unit="epochs")


@pytest.mark.parametrize("size", SIZES)
def bench_cosine(bench, size):
    bench.time("cosine", SIZES[size], 2 * SIZES[size], warmup=10, items=1, unit="steps")


@pytest.mark.parametrize("size", SIZES)
def bench_scalar_log(bench, size):
    log = bench.call("ScalarLog", "logs")
    bench.time((log, "add"), "loss", 0.5, SIZES[size], items=1, unit="values")
