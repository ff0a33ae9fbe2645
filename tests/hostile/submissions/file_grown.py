"""Writes one file larger than any may be, also a sparse one.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight.
"""
import os

import wrong


def softmax(x, axis=-1, temperature=1.0):
    with open("large", "wb", 0) as file:
        for action in (lambda: os.truncate("large", 1 << 31), lambda: file.write(b"\1" * (64 << 20))):
            try:
                action()
            except OSError:
                pass
    if os.path.getsize("large") > 8 << 20:
        print("OPEN a file of", os.path.getsize("large") >> 20, "MiB", flush=True)
    return wrong.softmax(x)


log_softmax, softmax_jvp = wrong.log_softmax, wrong.softmax_jvp
