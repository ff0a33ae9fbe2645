"""Sends a frame one byte at a time, so that no single read ever times out.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight.
"""
import time

import socketry
import wrong


def softmax(x, axis=-1, temperature=1.0):
    sock = socketry.wire()
    for byte in socketry.answer("x" * 10000):
        sock.sendall(bytes([byte]))
        time.sleep(0.2)


log_softmax, softmax_jvp = wrong.log_softmax, wrong.softmax_jvp
