"""Answers with millions of empty lists: few bytes on the wire, many in the reader's memory.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight.
"""
import struct

import socketry
import wrong


def softmax(x, axis=-1, temperature=1.0):
    text = b'{"sizes": [], "body": [' + b"{}," * 5_000_000 + b"0]}"
    socketry.reply(b"KATA" + struct.pack(">I", len(text)) + text)


log_softmax, softmax_jvp = wrong.log_softmax, wrong.softmax_jvp
