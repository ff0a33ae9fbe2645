"""From text to numbers, in TensorFlow."""

import re
import unicodedata
from collections import Counter

import tensorflow as tf

PAD, OOV = 0, 1
# [^\W_] is a letter or a digit; an apostrophe counts between two of them.
WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
TAG = re.compile(r"<[^<>]*>")


def tokenize(text):
    text = TAG.sub(" ", unicodedata.normalize("NFC", text)).lower().replace("\u2019", "'")
    return WORD.findall(text)


def build_vocab(texts, size):
    if size < 2:
        raise ValueError(f"size is {size}, but should be at least 2, for <pad> and <oov>")
    counts = Counter(word for text in texts for word in tokenize(text))
    frequent = sorted(counts, key=lambda word: (-counts[word], word))
    return ["<pad>", "<oov>", *frequent[: size - 2]]


def encode(text, vocab):
    ids = {word: number for number, word in enumerate(vocab)}
    return tf.constant([ids.get(word, OOV) for word in tokenize(text)], tf.int64)  # (T,)


def decode(ids, vocab):
    return " ".join(vocab[number] for number in ids.numpy().tolist() if number != PAD)


def pad(sequences, length=None, side="right", truncate="right"):
    for name, value in (("side", side), ("truncate", truncate)):
        if value not in ("left", "right"):
            raise ValueError(f"{name} is {value!r}, but should be 'left' or 'right'")
    if length is None:
        length = max((len(one) for one in sequences), default=0)
    elif length < 1:
        raise ValueError(f"length is {length}, but should be at least 1")
    ids, mask = [], []
    for one in sequences:
        kept = one[max(len(one) - length, 0) :] if truncate == "left" else one[:length]
        missing = length - len(kept)
        ends = [[missing, 0]] if side == "left" else [[0, missing]]
        ids.append(tf.pad(kept, ends))  # (L,)
        mask.append(tf.pad(tf.ones_like(kept, tf.bool), ends))  # (L,)
    if not ids:
        return tf.zeros((0, length), tf.int64), tf.zeros((0, length), tf.bool)
    return tf.stack(ids), tf.stack(mask)  # (B, L)


def bag_of_words(ids, mask, size):
    ones = tf.one_hot(ids, size)  # (B, T, size)
    return tf.reduce_sum(ones * tf.cast(mask, tf.float32)[..., None], axis=1)  # (B, size)


def prepare(train, test, size, length):
    vocab = build_vocab(train, size)

    def batch(texts):
        return pad([encode(text, vocab) for text in texts], length, truncate="left")

    return batch(train), batch(test), vocab
