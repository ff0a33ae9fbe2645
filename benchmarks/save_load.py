"""Time exercises/save_load.py: weights to a file and back, and a training saved and resumed."""

import pytest

from katagrad.bench import work

SIZES = {"small": (16, 32), "wide": (512, 1_024)}  # (features and outputs, hidden units)


def weights(solution, model):
    solution.save_weights(model, "a.weights.h5")
    solution.load_weights(model, "a.weights.h5")


def training(solution, model, rng):
    solution.Training(model, 0.01, rng).save("state")
    return solution.resume("state", model).epoch


def count(size):
    """Numbers in the state of a model: two kernels, two biases, and four vectors of the normalization."""
    ends, hidden = SIZES[size]
    return 2 * ends * hidden + 5 * hidden + ends


@pytest.mark.parametrize("size", SIZES)
def bench_weights(bench, size):
    ends, hidden = SIZES[size]
    model = bench.call("build", ends, hidden, ends)
    # The state is read and written, into the file and out of it. There is no arithmetic.
    moved = work.FLOAT * 4 * count(size)
    bench.time(bench.drive(weights), model, items=1, unit="models", bytes=moved)


@pytest.mark.parametrize("size", SIZES)
def bench_training(bench, size):
    ends, hidden = SIZES[size]
    model = bench.call("build", ends, hidden, ends)
    # The state and both moments of Adam, as above.
    moved = work.FLOAT * 4 * work.ADAM * count(size)
    bench.time(bench.drive(training), model, bench.rng(0), items=1, unit="trainings", bytes=moved)
