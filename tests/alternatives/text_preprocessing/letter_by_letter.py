"""Words by a walk over the letters, tags by a walk, counts in a dict; tensors by NumPy, in PyTorch."""

import itertools
import unicodedata

import numpy as np
import torch


def without_tags(text):
    out, open_at = [], None
    for letter in text:
        if letter == "<":
            open_at = len(out)
        out.append(letter)
        if letter == ">" and open_at is not None:
            out[open_at:] = [" "]
            open_at = None
    return "".join(out)


def tokenize(text):
    text = without_tags(unicodedata.normalize("NFC", text)).lower()
    text = text.replace(chr(0x2019), "'")
    parts = ["".join(run) for inside, run in itertools.groupby(text, str.isalnum)]
    words, joined = [], False
    for part in parts:
        if part[0].isalnum():
            if joined:
                words[-1] += "'" + part
            else:
                words.append(part)
            joined = False
        else:
            joined = part == "'" and bool(words)
    return words


def build_vocab(texts, size):
    if size <= 1:
        raise ValueError("no room for the special entries")
    counts = {}
    for text in texts:
        for word in tokenize(text):
            counts[word] = counts.get(word, 0) + 1
    words = sorted(counts)
    words.sort(key=counts.get, reverse=True)
    return (["<pad>", "<oov>", *words])[:size]


def encode(text, vocab):
    known = set(vocab)
    numbers = [vocab.index(w) if w in known else 1 for w in tokenize(text)]
    return torch.from_numpy(np.array(numbers, dtype=np.int64))


def decode(ids, vocab):
    words = []
    for i in ids:
        if int(i):
            words.append(vocab[int(i)])
    return " ".join(words)


def pad(sequences, length=None, side="right", truncate="right"):
    if side not in {"left", "right"} or truncate not in {"left", "right"}:
        raise ValueError("an end is left or right")
    if length is not None and length <= 0:
        raise ValueError("length must be positive")
    if length is None:
        length = max([0] + [s.numel() for s in sequences])
    rows, masks = (
        np.zeros((len(sequences), length), np.int64),
        np.zeros((len(sequences), length), bool),
    )
    for k, s in enumerate(sequences):
        s = s.numpy()
        s = s[-length:] if truncate == "left" and length else s[:length]
        where = slice(length - len(s), length) if side == "left" else slice(0, len(s))
        rows[k, where] = s
        masks[k, where] = True
    return torch.from_numpy(rows), torch.from_numpy(masks)


def bag_of_words(ids, mask, size):
    rows = [torch.bincount(i[m], minlength=size) for i, m in zip(ids, mask, strict=False)]
    return torch.stack(rows).float()


def prepare(train, test, size, length):
    vocab = build_vocab(train, size)
    found = []
    for texts in (train, test):
        found.append(pad([encode(t, vocab) for t in texts], length, "right", "left"))
    return found[0], found[1], vocab
