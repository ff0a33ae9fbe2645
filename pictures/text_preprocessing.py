"""Pictures of exercises/text_preprocessing.py."""

import numpy as np

from katagrad.data import NEGATION_SENTIMENT_WORDS, negation_sentiment


def draw_vocabulary(impl, figure):
    """How much of new reviews a vocabulary covers by its size, and how often each of its words occurs"""
    reviews, _ = negation_sentiment(600, np.random.default_rng(5))
    texts = [" ".join(NEGATION_SENTIMENT_WORDS[i] for i in ids if i) for ids in reviews]
    train, test = texts[:400], texts[400:]
    left, right = figure.subplots(1, 2)
    sizes = [2, 4, 8, 12, 16, 24, 32, 48]
    known = []
    for size in sizes:
        (ids, mask), (new, new_mask), vocab = impl.prepare(train, test, size, 40)
        known.append(100 * np.mean(new[new_mask] != 1))
    counts = impl.bag_of_words(ids, mask, len(vocab)).sum(0)[2:]
    left.plot(sizes, known, marker=".")
    left.set(xlabel="size of the vocabulary", ylabel="% of new words that it holds")
    right.loglog(range(1, len(counts) + 1), np.maximum(counts, 1), marker=".")
    right.set(xlabel="rank of the word", ylabel="times in 400 reviews")
