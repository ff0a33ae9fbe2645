"""Time exercises/text_preprocessing.py: tokens of reviews, and a padded batch as counts."""

import numpy as np
import pytest

from katagrad.bench import work

# (texts, words in each, words of the vocabulary)
SIZES = {"small": (64, 40, 200), "reviews": (1_000, 230, 10_000)}


def texts(count, length):
    """Reviews of made-up words: a few are frequent, most are rare, as in language."""
    drawn = np.random.default_rng(0).zipf(1.3, (count, length)) % 5_000
    return [" ".join(f"w{number}" for number in row) + ".<br />" for row in drawn]


@pytest.mark.parametrize("size", SIZES)
def bench_build_vocab(bench, size):
    count, length, vocabulary = SIZES[size]
    found = texts(count, length)
    bench.time("build_vocab", found, vocabulary, items=count * length, unit="tokens")


@pytest.mark.parametrize("size", SIZES)
def bench_bag_of_words(bench, size):
    count, length, vocabulary = SIZES[size]
    ids = bench.integers(vocabulary, count, length)
    mask = np.random.default_rng(0).random((count, length)) < 0.8
    # An addition for each place; ids of 8 bytes and masks of 1 are read, the counts are written.
    moved = count * length * 9 + 4 * count * vocabulary
    counted = {**work.elementwise(count * length, 1, 1), "bytes": moved}
    bench.time(
        "bag_of_words", ids, mask, vocabulary, items=count * length, unit="tokens", **counted
    )
