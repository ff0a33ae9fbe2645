"""Never returns, catches every exception and ignores every signal that can be ignored.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight.
"""
import signal
import time

import wrong


def softmax(x, axis=-1, temperature=1.0):
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    while True:
        try:
            time.sleep(0.01)
        except BaseException:
            pass


log_softmax, softmax_jvp = wrong.log_softmax, wrong.softmax_jvp
