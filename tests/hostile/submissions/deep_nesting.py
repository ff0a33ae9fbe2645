"""Answers with lists nested a million deep, against the reader's recursion.

Dresses up: wrong.
"""
import struct

import socketry
import wrong


def softmax(x, axis=-1, temperature=1.0):
    text = b'{"sizes": [], "body": ' + b"[" * 10**6 + b"]" * 10**6 + b"}"
    socketry.reply(b"KATA" + struct.pack(">I", len(text)) + text)


def log_softmax(x, axis=-1):
    value = "x"
    for _ in range(300):
        value = {"$": "tuple", "v": [value]}
    socketry.reply(socketry.answer(value))


def softmax_jvp(p, v):
    loop = []
    loop.append(loop)
    return loop
