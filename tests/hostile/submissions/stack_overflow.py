"""Overflows the stack of the interpreter.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight test_softmax_jvp_multiplies_by_the_jacobian.
"""
import sys

import wrong


def softmax(x, axis=-1, temperature=1.0):
    sys.setrecursionlimit(10**9)
    loop = lambda f: repr(type("X", (), {"__repr__": lambda self: f(f)})())
    return loop(loop)


log_softmax, softmax_jvp = wrong.log_softmax, wrong.softmax_jvp
