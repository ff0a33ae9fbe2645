"""Time exercises/multiple_outputs.py: an epoch of training, and the joint loss with its gradient."""

import pytest

from katagrad.bench import work

SIZES = {
    "small": (64, (64,), 512, 32),
    "wide": (784, (512, 256), 8_192, 256),
}  # (inputs, hidden, rows, batch)


def widths(n_in, hidden):
    return [n_in, *hidden, 10 + 1]  # the two heads are one layer, cut in two


@pytest.mark.parametrize("size", SIZES)
def bench_train(bench, size):
    n_in, hidden, rows, batch_size = SIZES[size]
    model = bench.call("build", n_in, hidden, 10)
    x, targets = bench.normal(rows, n_in), (bench.integers(10, rows), bench.normal(rows))
    counted = work.training(widths(n_in, hidden), rows, batch_size, work.ADAM, target=8 + 4)
    bench.time(
        "train", model, x, targets, (1.0, 0.5), 1, 0.001, batch_size,
        items=rows, unit="samples", **counted,
    )  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def bench_forward(bench, size):
    n_in, hidden, rows, _ = SIZES[size]
    model = bench.call("build", n_in, hidden, 10)
    counted = work.forward(widths(n_in, hidden), rows)
    bench.time("forward", model, bench.normal(rows, n_in), items=rows, unit="samples", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_joint_loss(bench, size):
    rows = SIZES[size][2]
    outputs = bench.normal(rows, 10), bench.normal(rows)
    targets = bench.integers(10, rows), bench.normal(rows)
    # As in cross_entropy and losses: 6 operations a logit and 5 an amount. Read, and gradients of both written.
    moved = rows * (2 * 4 * 11 + 8 + 4)
    bench.time(
        "joint_loss", outputs, targets, (1.0, 0.5), backward=True, output=0,
        items=rows, unit="samples", flops=rows * (6 * 10 + 5), bytes=moved,
    )  # fmt: skip
