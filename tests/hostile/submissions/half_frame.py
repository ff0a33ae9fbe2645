"""Sends half a frame and then nothing, keeping the connection open.

Dresses up: wrong. Checks: test_softmax_gives_masked_scores_no_weight.
"""
import time

import socketry
import wrong


def softmax(x, axis=-1, temperature=1.0):
    socketry.reply(socketry.answer("x" * 1000)[:500])
    time.sleep(600)


log_softmax, softmax_jvp = wrong.log_softmax, wrong.softmax_jvp
