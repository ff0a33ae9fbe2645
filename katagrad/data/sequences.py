"""Curves, series and sentences, drawn from a NumPy Generator.

The same generator state gives the same data. Token sequences keep the ids 0, 1 and 2 for
padding, start and end.
"""

from __future__ import annotations

import numpy as np

from katagrad.data.split import Floats, Integers

PAD, START, END = 0, 1, 2
FIRST_SYMBOL = 3

TWO_TONE_PERIODS = (30.0, 9.0)
TWO_TONE_AMPLITUDES = (1.0, 0.5)

_NEGATION = ("not", "never", "hardly")
_DEGREE = ("very", "really", "so")
_PRAISE = ("good", "great", "funny", "moving", "clever", "brilliant")
_BLAME = ("bad", "awful", "boring", "clumsy", "silly", "dreadful")
_PLAIN = ("long", "old", "loud", "famous", "foreign", "recent")
_FILLER = ("the", "film", "story", "music", "was", "and", "i", "thought", "today")

NEGATION_SENTIMENT_WORDS: tuple[str, ...] = (
    "<pad>", "<start>", "<end>",
    *_NEGATION, *_DEGREE, *_PRAISE, *_BLAME, *_PLAIN, *_FILLER,
)  # fmt: skip
"""The word of every token id that `negation_sentiment` draws."""

NEGATION_SENTIMENT_CLASSES = ("negative", "positive")


def sine(n: int, rng: np.random.Generator, noise: float = 0.1) -> tuple[Floats, Floats]:
    """Return x (n, 1), uniform from -pi to pi, and y (n,), sin(x) plus noise.

    noise: standard deviation added to y.
    """
    x = rng.uniform(-np.pi, np.pi, (n, 1))
    return x, np.sin(x[:, 0]) + noise * rng.standard_normal(n)


def two_tone(n: int, rng: np.random.Generator, noise: float = 0.1) -> Floats:
    """Return a series (n,): a slow and a fast sine, with random phases, plus noise.

    The periods are 30 and 9 steps, the amplitudes 1 and 0.5. noise: standard deviation of every
    step; a forecaster that knows the tones still errs by 0.8 of it on average.
    """
    step = np.arange(n)[:, None]  # (n, 1)
    phase = rng.uniform(0.0, 2 * np.pi, 2)
    tones = np.sin(2 * np.pi * step / np.array(TWO_TONE_PERIODS) + phase)  # (n, 2)
    series: Floats = tones @ np.array(TWO_TONE_AMPLITUDES) + noise * rng.standard_normal(n)
    return series


def negation_sentiment(
    n: int, rng: np.random.Generator, *, length: int = 16, negated: float = 0.3
) -> tuple[Integers, Integers]:
    """Return n short reviews as token ids (n, length), padded at the end with 0, and labels (n,).

    A review holds one opinion ("the film was not very good") and one plain remark ("the story
    was never long"), in either order, with filler around them; 9 to 16 words. Label 1 is praise
    or negated blame, 0 is blame or negated praise. Half of the reviews are positive.
    `NEGATION_SENTIMENT_WORDS[id]` is the word.

    length: at least 16. negated: the chance that the opinion is negated. The remark is negated
    as often, so that neither the opinion's word nor the presence of a negation decides.
    """
    if length < 16:
        raise ValueError(f"length is {length}, but should be at least 16, the longest review")
    ids = {word: token for token, word in enumerate(NEGATION_SENTIMENT_WORDS)}
    tokens = np.full((n, length), PAD, dtype=np.int64)
    labels = rng.permutation(np.arange(n, dtype=np.int64) % 2)
    for row, label in zip(tokens, labels, strict=True):
        flipped = bool(rng.random() < negated)
        opinion = _clause(rng, _PRAISE if bool(label) != flipped else _BLAME, flipped)
        remark = _clause(rng, _PLAIN, bool(rng.random() < negated))
        first, second = (opinion, remark) if rng.random() < 0.5 else (remark, opinion)
        opening = ["i", "thought"] if rng.random() < 0.5 else []
        closing = ["today"] if rng.random() < 0.5 else []
        words = [*opening, *first, "and", *second, *closing]
        row[: len(words)] = [ids[word] for word in words]
    return tokens, labels


def _clause(rng: np.random.Generator, adjectives: tuple[str, ...], negated: bool) -> list[str]:
    words = ["the", str(rng.choice(("film", "story", "music"))), "was"]
    if negated:
        words.append(str(rng.choice(_NEGATION)))
    if rng.random() < 0.5:
        words.append(str(rng.choice(_DEGREE)))
    return [*words, str(rng.choice(adjectives))]


def reverse(
    n: int, rng: np.random.Generator, *, length: int = 8, symbols: int = 10
) -> tuple[Integers, Integers]:
    """Return n rows of random symbols (n, length) and the same rows back to front.

    The ids run from 3 to 3 + symbols - 1; 0, 1 and 2 are free for `PAD`, `START` and `END`.
    """
    x = rng.integers(FIRST_SYMBOL, FIRST_SYMBOL + symbols, (n, length), dtype=np.int64)
    return x, x[:, ::-1].copy()
