"""Never returns.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight.
"""
import wrong


def softmax(x, axis=-1, temperature=1.0):
    while True:
        pass


log_softmax, softmax_jvp = wrong.log_softmax, wrong.softmax_jvp
