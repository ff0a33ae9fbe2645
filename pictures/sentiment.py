"""Pictures of exercises/sentiment.py."""

import numpy as np

from katagrad.data import NEGATION_SENTIMENT_WORDS, negation_sentiment

SAID = (
    "the film was good and the story was long",
    "the film was not good and the story was long",
    "the film was bad and the story was long",
    "the film was not bad and the story was long",
)


def draw_negation(impl, figure):
    """The loss of a mean of words and of an LSTM, and what both make of four reviews: only order tells them apart"""
    ids, y = negation_sentiment(600, np.random.default_rng(5))
    words = list(NEGATION_SENTIMENT_WORDS)
    asked = np.zeros((len(SAID), ids.shape[1]), np.int64)
    for row, text in zip(asked, SAID, strict=True):
        found = [words.index(word) for word in text.split()]
        row[: len(found)] = found
    left, right = figure.subplots(1, 2)
    height = 0.35
    for place, kind in enumerate(("mean", "lstm")):
        impl.seed(5)
        model = impl.build(kind, len(words), 12, 12)
        history = impl.fit(model, ids, y.astype(float), 8, 0.03, 32, impl.rng(5))
        left.plot(range(1, 9), history, marker=".", label=kind)
        p = impl.predict_proba(model, asked)
        right.barh(np.arange(len(SAID)) + height * (place - 0.5), p, height, label=kind)
    left.set(xlabel="epoch", ylabel="mean loss in nats")
    right.set(xlabel="probability of praise", ylabel="the film was ...", xlim=(0, 1))
    right.set_yticks(range(len(SAID)), [text.split(" and")[0][13:] for text in SAID])
    right.invert_yaxis()
    right.axvline(0.5, linestyle=":", color="#808080")
    left.legend(fontsize="small")
