"""Kills the server that made it, in every call.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight.
"""
import os
import signal
import time

import wrong


def softmax(x, axis=-1, temperature=1.0):
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(1)
    return wrong.softmax(x)


log_softmax, softmax_jvp = wrong.log_softmax, wrong.softmax_jvp
