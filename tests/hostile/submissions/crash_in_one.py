"""Crashes the process in one function alone: the other checks must be graded all the same.

Dresses up: wrong.
"""
import ctypes

import wrong


def softmax_jvp(p, v):
    ctypes.string_at(0)


softmax, log_softmax = wrong.softmax, wrong.log_softmax
