"""Announces arrays of a billion elements, of negative, fractional and overflowing shapes.

Dresses up: wrong.
"""
import socketry
import wrong

SHAPES = [[10**9], [1 << 62, 4], [-1], [1.5], [10**30, 0], "x", [[1]], [True], [1] * 65, None, {}]
served = []


def softmax(x, axis=-1, temperature=1.0):
    shape = SHAPES[len(served) % len(SHAPES)]
    served.append(1)
    socketry.reply(socketry.answer({"$": "array", "dtype": "float32", "shape": shape}, [b"\0" * 16]))


log_softmax, softmax_jvp = softmax, wrong.softmax_jvp
