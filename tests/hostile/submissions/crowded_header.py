"""Answers with millions of numbers as text, which the reader would turn into objects one by one.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight.
"""
import struct

import socketry
import wrong


def softmax(x, axis=-1, temperature=1.0):
    values = b",".join([b"1.5"] * 4_000_000)
    raw = b'{"body":{"$":"dict","v":[["value",{"$":"tuple","v":[[' + values + b'],null]}]]},"sizes":[]}'
    socketry.reply(b"KATA" + struct.pack(">I", len(raw)) + raw)


log_softmax, softmax_jvp = wrong.log_softmax, wrong.softmax_jvp
