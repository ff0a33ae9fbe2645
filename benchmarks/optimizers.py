"""Time one step of exercises/optimizers.py on a small network and on the size of ResNet-18."""

import pytest

from katagrad.bench import work

SIZES = {"small": (64, 32, 10), "resnet18": (512, 2_284, 4_610)}  # widths of two dense layers
# For each kind, operations a parameter, and arrays of the parameters' size that a step must at least read and write in
# float32: w, g and the new w; v read and written; m and s read and written. SGD: v = mu v + g, w - lr v. RMSprop: the
# square and its mean (4), the root and the move (5). Adam: two means (7), both corrected (2), the move (5).
KINDS = {"SGD": (4, 5), "RMSprop": (9, 5), "Adam": (14, 7), "AdamW": (16, 7)}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def bench_step(bench, size, kind):
    n_in, hidden, n_out = SIZES[size]
    shapes = {"w1": (n_in, hidden), "b1": (hidden,), "w2": (hidden, n_out), "b2": (n_out,)}
    params = {name: bench.normal(*shape) for name, shape in shapes.items()}
    grads = {name: bench.normal(*shape) for name, shape in shapes.items()}
    count = sum(w.size for w in params.values())
    optimizer = bench.call(kind, lr=0.01, **({"momentum": 0.9} if kind == "SGD" else {}))
    counted = work.elementwise(count, *KINDS[kind])
    bench.time((optimizer, "step"), params, grads, items=count, unit="parameters", **counted)
