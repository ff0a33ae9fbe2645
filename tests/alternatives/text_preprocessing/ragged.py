"""Padding through Keras's own helper, counts by one bincount, a vocabulary as a class of str; in TensorFlow."""

import re
import unicodedata
from collections import Counter

import keras
import numpy as np
import tensorflow as tf


class Word(str):
    """A word that is a str."""


def tokenize(text):
    text = unicodedata.normalize("NFC", text)
    text = re.sub("<[^<>]*>", " ", text).lower()
    found = re.finditer("[^\\W_]+(?:['\u2019][^\\W_]+)*", text)
    return [m.group().replace("\u2019", "'") for m in found]


def build_vocab(texts, size):
    if size < 2:
        raise ValueError(size)
    counts = Counter()
    for text in texts:
        counts.update(tokenize(text))
    return [
        "<pad>",
        "<oov>",
        *[w for w, _ in sorted(counts.items(), key=lambda p: (-p[1], p[0]))][: size - 2],
    ]


def encode(text, vocab):
    table = dict(zip(vocab, range(len(vocab)), strict=False))
    return tf.convert_to_tensor(np.array([table.get(w, 1) for w in tokenize(text)], np.int64))


def decode(ids, vocab):
    kept = tf.boolean_mask(ids, ids != 0)
    return " ".join(vocab[int(i)] for i in kept)


def pad(sequences, length=None, side="right", truncate="right"):
    names = {"left": "pre", "right": "post"}
    if side not in names or truncate not in names or (length is not None and length < 1):
        raise ValueError("not an end, or no length")
    lists = [s.numpy().tolist() for s in sequences]
    length = length or max(map(len, lists), default=0)
    if not lists:
        return tf.zeros((0, length), tf.int64), tf.zeros((0, length), tf.bool)
    options = {"maxlen": length, "padding": names[side], "truncating": names[truncate]}
    ids = keras.utils.pad_sequences(lists, dtype="int64", **options)
    mask = keras.utils.pad_sequences([[1] * len(s) for s in lists], dtype="int64", **options)
    return tf.constant(ids, tf.int64), tf.constant(mask == 1)


def bag_of_words(ids, mask, size):
    beyond = tf.where(mask, ids, tf.constant(size, tf.int64))
    counts = tf.math.bincount(beyond, minlength=size + 1, maxlength=size + 1, axis=-1)
    return tf.cast(counts[:, :size], tf.float32)


def prepare(train, test, size, length):
    vocab = build_vocab(train, size)
    batches = [
        pad([encode(t, vocab) for t in part], length, truncate="left") for part in (train, test)
    ]
    return batches[0], batches[1], vocab
