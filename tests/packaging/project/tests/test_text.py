"""A test, and a benchmark beside it."""

import numpy as np
from shop.text import histogram

WORDS = np.arange(100_000) % 256


def test_every_word_counts():
    assert histogram(WORDS).sum() == len(WORDS)


def test_speed_of_the_histogram(bench):
    bench(histogram, WORDS, items=len(WORDS), unit="words", bytes=WORDS.nbytes)
