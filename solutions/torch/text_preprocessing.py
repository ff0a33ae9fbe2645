"""From text to numbers, in PyTorch."""

import re
import unicodedata
from collections import Counter

import torch

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
    return torch.tensor([ids.get(word, OOV) for word in tokenize(text)], dtype=torch.int64)  # (T,)


def decode(ids, vocab):
    return " ".join(vocab[number] for number in ids.tolist() if number != PAD)


def pad(sequences, length=None, side="right", truncate="right"):
    for name, value in (("side", side), ("truncate", truncate)):
        if value not in ("left", "right"):
            raise ValueError(f"{name} is {value!r}, but should be 'left' or 'right'")
    if length is None:
        length = max((len(one) for one in sequences), default=0)
    elif length < 1:
        raise ValueError(f"length is {length}, but should be at least 1")
    ids = torch.zeros((len(sequences), length), dtype=torch.int64)  # (B, L)
    mask = torch.zeros((len(sequences), length), dtype=torch.bool)  # (B, L)
    for row, one in enumerate(sequences):
        kept = one[max(len(one) - length, 0) :] if truncate == "left" else one[:length]
        start = length - len(kept) if side == "left" else 0
        ids[row, start : start + len(kept)] = kept
        mask[row, start : start + len(kept)] = True
    return ids, mask


def bag_of_words(ids, mask, size):
    counts = torch.zeros((len(ids), size))  # (B, size)
    return counts.scatter_add(1, ids, mask.to(torch.float32))


def prepare(train, test, size, length):
    vocab = build_vocab(train, size)

    def batch(texts):
        return pad([encode(text, vocab) for text in texts], length, truncate="left")

    return batch(train), batch(test), vocab
