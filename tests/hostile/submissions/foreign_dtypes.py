"""Announces arrays of Python objects, of text, of dates and of dtypes that NumPy evaluates.

Dresses up: wrong.
"""
import socketry
import wrong

DTYPES = ["O", "object", "V8", "U4", "datetime64[s]", "f4,f4", "(1000000,)f8", "__import__('os')", 1, None, ["f4"]]
served = []


def softmax(x, axis=-1, temperature=1.0):
    dtype = DTYPES[len(served) % len(DTYPES)]
    served.append(1)
    socketry.reply(socketry.answer({"$": "array", "dtype": dtype, "shape": [2]}, [b"\1" * 16]))


log_softmax, softmax_jvp = softmax, wrong.softmax_jvp
