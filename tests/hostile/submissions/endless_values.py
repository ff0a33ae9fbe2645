"""Returns values without end or of enormous size: generators, integers, text, lists that hold themselves.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight test_log_softmax_stays_finite test_softmax_jvp_multiplies_by_the_jacobian.
"""
import itertools


class Endless(list):
    def __len__(self):
        return 10

    def __iter__(self):
        return itertools.count()


def softmax(x, axis=-1, temperature=1.0):
    return itertools.count()


def log_softmax(x, axis=-1):
    return {"number": 1 << 5_000_000, "text": "x" * 20_000_000}


def softmax_jvp(p, v):
    return Endless()
