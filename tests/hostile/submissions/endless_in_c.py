"""Never returns from a call of compiled code, which no Python signal handler interrupts.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight.
"""
import re

import wrong


def softmax(x, axis=-1, temperature=1.0):
    return re.match(r"(a+)+$", "a" * 64 + "b")


log_softmax, softmax_jvp = wrong.log_softmax, wrong.softmax_jvp
