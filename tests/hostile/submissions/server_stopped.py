"""Stops the server, so that it neither dies nor answers.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight.
"""
import os
import signal
import time

import wrong


def softmax(x, axis=-1, temperature=1.0):
    os.kill(os.getppid(), signal.SIGSTOP)
    time.sleep(600)


log_softmax, softmax_jvp = wrong.log_softmax, wrong.softmax_jvp
