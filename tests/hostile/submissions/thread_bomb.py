"""Starts threads for as long as it can; `most` bounds it, should nothing else.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight.
"""
import threading
import time

import wrong

MOST = 120


def softmax(x, axis=-1, temperature=1.0):
    threading.stack_size(64 * 1024)
    try:
        for _ in range(MOST):
            threading.Thread(target=time.sleep, args=[600], daemon=True).start()
        print("OPEN", MOST, "threads", flush=True)
    except RuntimeError:
        pass
    return wrong.softmax(x)


log_softmax, softmax_jvp = wrong.log_softmax, wrong.softmax_jvp
