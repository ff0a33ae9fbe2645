"""Time exercises/sentiment.py: looking embeddings up, reviews through two LSTMs, and an epoch of training on them."""

import pytest

from katagrad.bench import work

# (reviews, steps, vocabulary, width, units)
SIZES = {"small": (32, 16, 1_000, 16, 16), "imdb": (256, 200, 20_000, 64, 64)}
BATCH = 32


def reviews(bench, size):
    """Reviews of full length, and their count of words."""
    rows, steps, vocabulary, _, _ = SIZES[size]
    return 1 + bench.integers(vocabulary - 1, rows, steps), rows * steps


@pytest.mark.parametrize("size", SIZES)
def bench_embed(bench, size):
    _, _, vocabulary, width, _ = SIZES[size]
    ids, words = reviews(bench, size)
    # A row of the table is read and written for each id; nothing is computed.
    moved = words * (work.LABEL + 2 * work.FLOAT * width)
    table = bench.normal(vocabulary, width)
    bench.time("embed", table, ids, items=words, unit="words", bytes=moved)


@pytest.mark.parametrize("size", SIZES)
def bench_predict(bench, size):
    rows, _, vocabulary, width, units = SIZES[size]
    model = bench.call("build", "bilstm", vocabulary, width, units)
    ids, words = reviews(bench, size)
    # In each direction, two products a word for its four gates.
    weights = 2 * (width + units) * 4 * units
    moved = words * (work.LABEL + work.FLOAT * width) + work.FLOAT * (weights + rows)
    counted = {"flops": 2 * words * weights, "bytes": moved}
    bench.time("predict_proba", model, ids, items=words, unit="words", **counted)


@pytest.mark.parametrize("size", SIZES)
def bench_fit(bench, size):
    rows, _, vocabulary, width, units = SIZES[size]
    model = bench.call("build", "lstm", vocabulary, width, units)
    (ids, words), y = reviews(bench, size), bench.uniform(rows)
    # Each product is three: forward, by the weights, and by the inputs. Adam reads and writes all weights each step.
    weights = (width + units) * 4 * units
    moved = 2 * work.ADAM * work.FLOAT * (weights + vocabulary * width) * -(-rows // BATCH)
    counted = {"flops": 6 * words * weights, "bytes": words * work.LABEL + moved}
    given = (model, ids, y, 1, 0.001, BATCH, bench.rng(1))
    bench.time("fit", *given, items=words, unit="words", **counted)
