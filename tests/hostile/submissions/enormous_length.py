"""Announces a header of four gigabytes; then arrays of more bytes than fit in memory.

Dresses up: wrong.
"""
import struct

import socketry
import wrong


def softmax(x, axis=-1, temperature=1.0):
    socketry.reply(b"KATA" + struct.pack(">I", 0xFFFFFFFF) + b"x" * 1000)


def log_softmax(x, axis=-1):
    array = {"$": "array", "dtype": "float32", "shape": [1 << 40]}
    socketry.reply(socketry.answer(array, sizes=[1 << 42]))


softmax_jvp = wrong.softmax_jvp
