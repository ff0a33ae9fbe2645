"""Time exercises/gan.py: steps of training, and drawing samples."""

import pytest

from katagrad.bench import work

# (noise, features, widths, rows of a batch, steps)
SIZES = {"small": (4, 2, (64, 64), 128, 10), "digits": (64, 784, (256, 512), 256, 20)}


@pytest.mark.parametrize("size", SIZES)
def bench_train(bench, size):
    noise, features, units, batch, steps = SIZES[size]
    models = bench.call("build", noise, features, units)
    x = bench.normal(4 * batch, features)
    made, judge = [noise, *units, features], [features, *units, 1]
    # The discriminator's step: forward of the generator, and a gradient for real and generated rows. The generator's:
    # its own gradient, and forward and backward of the discriminator, which is a product less for each layer.
    first, second = work.weights(made), work.weights(judge)
    each = 2 * batch * first + 2 * 2 * batch * (3 * second - judge[0] * judge[1])
    each += 2 * batch * (3 * first - made[0] * made[1]) + 2 * batch * 2 * second
    # A step reads its rows, and reads and writes the weights and what Adam keeps.
    numbers = 2 * work.ADAM * (work.parameters(made) + work.parameters(judge)) + batch * features
    counted = {"flops": steps * each, "bytes": work.FLOAT * steps * numbers}
    given = *models, x, steps, batch, noise, 0.0001, bench.rng(1)
    bench.time("train", *given, items=steps, unit="steps", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_sample(bench, size):
    noise, features, units, batch, _ = SIZES[size]
    generator = bench.call("build", noise, features, units)[0]
    widths = [noise, *units, features]
    moved = work.FLOAT * (batch * features + work.parameters(widths))
    counted = {"flops": work.forward(widths, batch)["flops"], "bytes": moved}
    given = generator, batch, noise, bench.rng(1)
    bench.time("sample", *given, items=batch, unit="samples", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_mode_coverage(bench, size):
    _, features, _, batch, steps = SIZES[size]
    rows, modes = batch * steps, 8
    x, centres = bench.normal(rows, features), bench.normal(modes, features)
    # A difference, a square and a sum for each feature of each pair.
    flops = 3 * rows * modes * features
    counted = {"flops": flops, "bytes": work.FLOAT * features * (rows + modes)}
    bench.time("mode_coverage", x, centres, 0.5, items=rows, unit="rows", **counted)
