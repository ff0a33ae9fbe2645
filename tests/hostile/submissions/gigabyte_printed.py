"""Prints a gigabyte, from Python and below it.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight.
"""
import os
import sys

import wrong


def softmax(x, axis=-1, temperature=1.0):
    for _ in range(1000):
        try:
            os.write(1, b"x" * (1 << 20))
            sys.stderr.write("y" * 1000)
        except OSError:
            break
    return wrong.softmax(x)


log_softmax, softmax_jvp = wrong.log_softmax, wrong.softmax_jvp
