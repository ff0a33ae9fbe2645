"""Time exercises/callbacks.py as a run meets it: a callback over its epochs, a schedule and a log over its steps.

One call takes less than a microsecond, which is mostly the interpreter's: whole runs are timed.
"""

import pytest

SIZES = {"small": 1_000, "long": 100_000}  # epochs of a run, or its steps
LOGGED = {"small": 100, "long": 1_000}  # values that a log takes


def watch(solution, kind, options, values):
    callback = getattr(solution, kind)(**options)
    for value in values:
        told = callback.step(value)
    return told


def schedule(solution, steps):
    return [solution.cosine(step, steps, warmup=10) for step in range(steps)]


def keep(solution, count):
    log = solution.ScalarLog("logs")
    for step in range(count):
        log.add("loss", 0.5, step)
    return log.close()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["EarlyStopping", "ReduceOnPlateau"])
def bench_run(bench, size, kind):
    options = {"patience": 5} if kind == "EarlyStopping" else {"lr": 0.1}
    values = bench.normal(SIZES[size]).tolist()
    bench.time(bench.drive(watch), kind, options, values, items=SIZES[size], unit="epochs")


@pytest.mark.parametrize("size", SIZES)
def bench_cosine(bench, size):
    bench.time(bench.drive(schedule), SIZES[size], items=SIZES[size], unit="steps")


@pytest.mark.parametrize("size", LOGGED)
def bench_scalar_log(bench, size):
    bench.time(bench.drive(keep), LOGGED[size], items=LOGGED[size], unit="values")
