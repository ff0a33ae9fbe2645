"""Keeps files in folders that are memory, in two places that are each within its own bound.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight.
"""
import time

import wrong

SIZE, COUNT = 7 << 20, 45


def softmax(x, axis=-1, temperature=1.0):
    for folder in ("/tmp", "/dev/shm"):
        for i in range(COUNT):
            with open(f"{folder}/kept{i}", "wb", 0) as file:
                file.write(b"\1" * SIZE)
    time.sleep(1)
    print("OPEN", 2 * SIZE * COUNT >> 20, "MiB in files", flush=True)
    return wrong.softmax(x)


log_softmax, softmax_jvp = wrong.log_softmax, wrong.softmax_jvp
